#include "backend/data/stripe_mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace tideway::backend {
namespace {

TEST(StripeMutex, LetsOneInAtATime) {
  constexpr int kThreads = 4;
  constexpr int kTurns = 20'000;
  StripeMutex mutex;
  int turns = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTurns; ++i) {
        const std::lock_guard lock(mutex);
        ++turns;
        if (i % 1000 == 0) std::this_thread::yield();  // others come to wait
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(turns, kThreads * kTurns);
}

TEST(StripeMutex, WakesASleeper) {
  StripeMutex mutex;
  mutex.lock();
  EXPECT_FALSE(mutex.try_lock());
  std::thread sleeper([&] { const std::lock_guard lock(mutex); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // long past the spinning
  mutex.unlock();
  sleeper.join();
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

#ifndef NDEBUG
TEST(StripeMutexDeathTest, TellsWhenItsHolderLocksItAgain) {
  StripeMutex mutex;
  mutex.lock();
  EXPECT_DEATH(mutex.lock(), "locked again by its holder");
  mutex.unlock();
}
#endif

}  // namespace
}  // namespace tideway::backend
