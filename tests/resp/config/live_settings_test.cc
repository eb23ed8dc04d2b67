#include "resp/config/live_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace tideway::resp {
namespace {

Result<Settings> Grow(const Settings& before) {
  Settings now = before;
  now.slowlog_max_len += 1;
  now.maxmemory = now.slowlog_max_len;
  return now;
}

TEST(LiveSettings, ReaderSeesAChangeAtItsNextLook) {
  LiveSettings live{Settings{}};
  SettingsReader reader(live);
  const Settings& first = reader.Get();
  EXPECT_EQ(first.slowlog_max_len, 128);
  EXPECT_EQ(&reader.Get(), &first) << "no change, no new snapshot";
  ASSERT_TRUE(live.Update(Grow).ok());
  EXPECT_EQ(reader.Get().slowlog_max_len, 129);
}

TEST(LiveSettings, SnapshotStaysAsItWas) {
  LiveSettings live{Settings{}};
  const auto old = live.Snapshot();
  ASSERT_TRUE(live.Update(Grow).ok());
  EXPECT_EQ(old->slowlog_max_len, 128);
  EXPECT_EQ(live.Snapshot()->slowlog_max_len, 129);
}

TEST(LiveSettings, WhatCannotBeAppliedIsNotPublished) {
  LiveSettings live{Settings{}};
  int heard = 0;
  live.AddListener([&](const Settings&, const Settings&) { ++heard; });
  live.SetApplier([&](const Settings& before, const Settings& now) -> Status {
    EXPECT_EQ(now.slowlog_max_len, before.slowlog_max_len + 1);
    EXPECT_EQ(live.Snapshot()->slowlog_max_len, before.slowlog_max_len);
    if (before.slowlog_max_len == 129) return {Errc::kIo, "no"};
    return Ok();
  });
  EXPECT_TRUE(live.Update(Grow).ok());
  EXPECT_EQ(live.Update(Grow).error().detail, "no");
  EXPECT_EQ(live.Snapshot()->slowlog_max_len, 129);
  EXPECT_EQ(heard, 1);
}

TEST(LiveSettings, FailedUpdateChangesNothing) {
  LiveSettings live{Settings{}};
  const uint64_t before = live.generation();
  int heard = 0;
  live.AddListener([&](const Settings&, const Settings&) { ++heard; });
  const Status status = live.Update([](const Settings&) -> Result<Settings> {
    return {Errc::kInvalidArgument, "no"};
  });
  EXPECT_EQ(status.error().detail, "no");
  EXPECT_EQ(live.generation(), before);
  EXPECT_EQ(heard, 0);
}

TEST(LiveSettings, ListenersHearBothStates) {
  LiveSettings live{Settings{}, "/x.conf"};
  std::vector<int64_t> heard;
  live.AddListener([&](const Settings& before, const Settings& now) {
    heard = {before.slowlog_max_len, now.slowlog_max_len};
    EXPECT_EQ(live.Snapshot()->slowlog_max_len, now.slowlog_max_len);
  });
  ASSERT_TRUE(live.Update(Grow).ok());
  EXPECT_THAT(heard, testing::ElementsAre(128, 129));
  EXPECT_EQ(live.config_file(), "/x.conf");
}

TEST(LiveSettings, ThreadsSeeWholeSnapshotsInOrder) {
  LiveSettings live{Settings{}};
  ASSERT_TRUE(live.Update(Grow).ok());
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  readers.reserve(2);
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      SettingsReader reader(live);
      int64_t last = 0;
      while (!stop.load()) {
        const Settings& settings = reader.Get();
        ASSERT_EQ(settings.maxmemory, settings.slowlog_max_len);
        ASSERT_GE(settings.slowlog_max_len, last);
        last = settings.slowlog_max_len;
      }
    });
  }
  std::vector<std::thread> writers;
  writers.reserve(2);
  for (int i = 0; i < 2; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < 200; ++n) ASSERT_TRUE(live.Update(Grow).ok());
    });
  }
  for (auto& writer : writers) writer.join();
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(live.Snapshot()->slowlog_max_len, 128 + 401) << "no update is lost";
}

}  // namespace
}  // namespace tideway::resp
