// A thread that waits for the server's answers to flushes, so that nobody else has to.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace tideway::cdc {

/// Want() and done() from any thread; the rest from the connection's.
class FlushThread {
 public:
  /// `answered` is called on this thread whenever done() has grown.
  explicit FlushThread(std::function<void()> answered) : answered_(std::move(answered)) {}
  ~FlushThread() { Stop(); }
  FlushThread(const FlushThread&) = delete;
  FlushThread& operator=(const FlushThread&) = delete;

  void Start();
  void Stop();

  /// There is a connection: `flush` waits until its server has seen what was sent, and returns
  /// false when it will not. What was wanted of another connection is forgotten.
  void OnUp(std::function<bool()> flush);
  /// The connection ends: `end` makes a flush that waits return; none runs after this.
  void OnDown(const std::function<void()>& end);

  /// done() becomes `mark`, or a later one, once the server has seen all that was sent before this
  /// call. Marks grow.
  void Want(uint64_t mark);
  uint64_t done() const { return done_.load(); }

 private:
  void Run();

  const std::function<void()> answered_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<bool()> flush_;  // guarded by mutex_, as what follows; empty when there is none
  uint64_t wanted_ = 0;
  bool running_ = false;
  bool ends_ = false;
  std::atomic<uint64_t> done_{0};
};

}  // namespace tideway::cdc
