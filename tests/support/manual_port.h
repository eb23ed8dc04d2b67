// A thread's port whose jobs run when the test says so.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "backend/thread_port.h"

namespace tideway::test {

/// Post() from any thread, the rest from the one that plays the I/O thread.
class ManualPort final : public backend::ThreadPort {
 public:
  ManualPort();
  ~ManualPort() override;

  void Post(std::function<void()> job) override {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    posted_.notify_one();
  }
  /// Its descriptor is looked at by Take() and WaitAndTake(). The port must outlive it.
  std::unique_ptr<backend::Waiter> MakeWaiter(int fd) override;

  /// What was posted since the last call, to be run in order.
  std::vector<std::function<void()>> Take();
  /// The same, but waits until there is something.
  std::vector<std::function<void()>> WaitAndTake();

 private:
  class PolledWaiter;
  void LookAtWaiters();

  std::mutex mutex_;
  std::condition_variable posted_;
  std::vector<std::function<void()>> jobs_;
  std::vector<PolledWaiter*> waiters_;  // of this thread
};

}  // namespace tideway::test
