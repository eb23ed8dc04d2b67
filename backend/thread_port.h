// How an engine works on an I/O thread: jobs that come back to it, and descriptors that its loop
// watches for the engine, so that a database's connections need no threads of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace tideway::backend {

/// One wait at a time for a descriptor or for time to pass. Confined to its thread. Destroying it
/// ends the wait without a call, which must happen before the descriptor is closed.
class Waiter {
 public:
  virtual ~Waiter() = default;

  /// Calls `done(ready)` once when the descriptor is ready for one of `events` (POLLIN, POLLOUT);
  /// `ready` says for which. With 0 after `timeout_ms`; -1: no limit. Never calls from within.
  virtual void Wait(short events, int64_t timeout_ms, std::function<void(short ready)> done) = 0;
};

/// One I/O thread.
class ThreadPort {
 public:
  virtual ~ThreadPort() = default;

  /// Runs `job` on the thread. From any thread.
  virtual void Post(std::function<void()> job) = 0;
  /// A waiter for `fd`, or for time alone when it is -1. From the thread itself. Null where there
  /// is no loop: the embedded engine asks for none.
  virtual std::unique_ptr<Waiter> MakeWaiter([[maybe_unused]] int fd) { return nullptr; }
};

}  // namespace tideway::backend
