#include "cdc/flush_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace tideway::cdc {
namespace {

// A server whose answers the test gives.
class Answers {
 public:
  bool Wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return answers_ > 0 || ended_; });
    --waiting_;
    if (ended_) return false;
    --answers_;
    return true;
  }
  void Give() {
    const std::lock_guard lock(mutex_);
    ++answers_;
    changed_.notify_all();
  }
  void End() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  void AwaitFlush() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  int answers_ = 0;
  bool ended_ = false;
};

TEST(FlushThread, OneAnswerIsForAllMarksBeforeIt) {
  Answers server;
  std::atomic<int> told{0};
  FlushThread thread([&] {
    ++told;
    told.notify_all();
  });
  thread.Start();
  thread.OnUp([&] { return server.Wait(); });
  thread.Want(1);
  server.AwaitFlush();
  thread.Want(2);
  thread.Want(3);
  server.Give();
  told.wait(0);
  EXPECT_EQ(thread.done(), 1u) << "the others came after it";
  server.Give();
  told.wait(1);
  EXPECT_EQ(thread.done(), 3u);
  thread.OnDown([&] { server.End(); });
}

TEST(FlushThread, AMarkOfALostConnectionIsForgotten) {
  Answers lost;
  Answers next;
  FlushThread thread([] {});
  thread.Start();
  thread.OnUp([&] { return lost.Wait(); });
  thread.Want(1);
  lost.AwaitFlush();
  thread.OnDown([&] { lost.End(); });
  EXPECT_EQ(thread.done(), 0u);
  thread.OnUp([&] { return next.Wait(); });
  thread.Want(2);
  next.AwaitFlush();
  thread.OnDown([&] { next.End(); });
  thread.Stop();
  EXPECT_EQ(thread.done(), 0u);
}

}  // namespace
}  // namespace tideway::cdc
