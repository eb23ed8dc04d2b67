// What a connection's own thread shares with the client library's callbacks, which may still come
// when the connection is gone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "cdc/link.h"

namespace tideway::cdc {

/// Any thread, as each member says.
struct Wire {
  Wire();
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Makes wake_fd readable, once until TakeWake(). Any thread.
  void Wake();
  void TakeWake();

  const int wake_fd;
  std::atomic<bool> woken{false};
  std::atomic<std::thread::id> user_thread{};  // who uses the link, and writes by itself
  // Of the connection there is now.
  std::atomic<int> socket{-1};
  std::atomic<bool> writes{false};  // something waits to be written
  std::atomic<bool> closed{false};
  std::atomic<bool> ends{false};  // in good order: what was sent is to arrive
  std::atomic<uint64_t> dropped{0};
  std::atomic<uint64_t> errors{0};
  std::mutex delivering;     // held while one is delivered
  LinkUser* user = nullptr;  // guarded by delivering; null once stopped
};
using SharedWire = std::shared_ptr<Wire>;

}  // namespace tideway::cdc
