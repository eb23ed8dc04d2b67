// A thread's port whose jobs run when the test says so.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "backend/store.h"

namespace tideway::test {

/// Post() from any thread, the rest from the one that plays the I/O thread.
class ManualPort final : public backend::ThreadPort {
 public:
  void Post(std::function<void()> job) override {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    posted_.notify_one();
  }

  /// What was posted since the last call, to be run in order.
  std::vector<std::function<void()>> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(jobs_, {});
  }

  /// The same, but waits until there is something.
  std::vector<std::function<void()>> WaitAndTake() {
    std::unique_lock lock(mutex_);
    posted_.wait(lock, [this] { return !jobs_.empty(); });
    return std::exchange(jobs_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable posted_;
  std::vector<std::function<void()>> jobs_;
};

}  // namespace tideway::test
