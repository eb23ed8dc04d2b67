// What every journal promises, on every engine.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "backend/journal.h"
#include "backend/rocksdb/rocksdb_journal.h"
#include "tests/support/temp_folder.h"

namespace tideway::backend {
namespace {

struct Engine {
  std::string name;
  std::function<std::unique_ptr<Journal>(const std::string& dir)> open;
};

std::unique_ptr<Journal> OpenRocksdb(const std::string& dir, SyncPolicy policy) {
  RocksdbJournalOptions options;
  options.dir = dir;
  options.sync = policy;
  static const SystemClock clock;
  Result<std::unique_ptr<Journal>> journal = OpenRocksdbJournal(options, clock);
  EXPECT_TRUE(journal.ok()) << journal.error().detail;
  return std::move(journal).value();
}

std::vector<Engine> Engines() {
  return {
      {"Null", [](const std::string&) { return MakeNullJournal(); }},
      {"RocksdbAlways",
       [](const std::string& dir) { return OpenRocksdb(dir, SyncPolicy::kAlways); }},
      {"RocksdbEverySec",
       [](const std::string& dir) { return OpenRocksdb(dir, SyncPolicy::kEverySec); }},
      {"RocksdbNo", [](const std::string& dir) { return OpenRocksdb(dir, SyncPolicy::kNo); }},
  };
}

class JournalContract : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    journal_ = GetParam().open(folder_ / "data");
    ASSERT_NE(journal_, nullptr);
  }
  void Recover() {
    const Result<CommitTs> recovered = journal_->Recover([](std::string_view) { return Ok(); });
    ASSERT_TRUE(recovered.ok()) << recovered.error().detail;
  }

  testing_support::TempFolder folder_;
  std::unique_ptr<Journal> journal_;
};

TEST_P(JournalContract, ANewJournalIsEmpty) {
  int replayed = 0;
  const Result<CommitTs> recovered = journal_->Recover([&](std::string_view) {
    ++replayed;
    return Ok();
  });
  ASSERT_TRUE(recovered.ok());
  EXPECT_EQ(recovered.value(), 0u);
  EXPECT_EQ(replayed, 0);
  EXPECT_EQ(journal_->last(), 0u);
  EXPECT_EQ(journal_->durable(), 0u);
  EXPECT_EQ(journal_->health(), JournalHealth::kHealthy);
}

TEST_P(JournalContract, TicketsCountFromOneWithoutGaps) {
  Recover();
  for (Ticket expected = 1; expected <= 1000; ++expected) {
    EXPECT_EQ(journal_->Append(expected * 7, "records"), expected);
    EXPECT_EQ(journal_->last(), expected);
    EXPECT_LE(journal_->durable(), expected);
  }
}

TEST_P(JournalContract, FlushMakesEverythingAppendedDurable) {
  Recover();
  ASSERT_TRUE(journal_->Flush().ok());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) journal_->Append(1, std::string(100, 'x'));
    const Ticket last = journal_->last();
    ASSERT_TRUE(journal_->Flush().ok());
    EXPECT_GE(journal_->durable(), last);
  }
}

TEST_P(JournalContract, WhoeverWaitsForATicketHearsOfIt) {
  std::mutex mu;
  std::condition_variable heard;
  Ticket newest = 0;
  journal_->SetDurableListener([&](Ticket durable) {
    const std::lock_guard<std::mutex> lock(mu);
    EXPECT_GT(durable, newest);
    newest = durable;
    heard.notify_all();
  });
  Recover();
  journal_->SetSyncPolicy(SyncPolicy::kAlways);
  for (int i = 0; i < 20; ++i) {
    const Ticket ticket = journal_->Append(1, "records");
    std::unique_lock<std::mutex> lock(mu);
    EXPECT_TRUE(heard.wait_for(lock, std::chrono::seconds(30),
                               [&] { return newest >= ticket || journal_->durable() >= ticket; }));
  }
}

TEST_P(JournalContract, ThreadsAppendAtOnce) {
  Recover();
  constexpr int kThreads = 4;
  constexpr int kBatches = 2000;
  std::vector<std::vector<Ticket>> tickets(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kBatches; ++i) {
        tickets[static_cast<size_t>(t)].push_back(
            journal_->Append(1, std::string(static_cast<size_t>(i % 200), 'x')));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Ticket> all;
  for (const std::vector<Ticket>& own : tickets) {
    EXPECT_TRUE(std::is_sorted(own.begin(), own.end()));
    all.insert(own.begin(), own.end());
  }
  EXPECT_EQ(all.size(), static_cast<size_t>(kThreads * kBatches));
  EXPECT_EQ(*all.begin(), 1u);
  EXPECT_EQ(*all.rbegin(), all.size());
  ASSERT_TRUE(journal_->Flush().ok());
  EXPECT_EQ(journal_->durable(), all.size());
}

TEST_P(JournalContract, OneCheckpointAtATime) {
  Recover();
  Result<std::unique_ptr<CheckpointWriter>> first = journal_->BeginCheckpoint();
  ASSERT_TRUE(first.ok()) << first.error().detail;
  EXPECT_TRUE(journal_->Stats().checkpoint_running);
  const Result<std::unique_ptr<CheckpointWriter>> second = journal_->BeginCheckpoint();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Errc::kBusy);

  std::move(first).value().reset();  // dropped: discarded
  EXPECT_FALSE(journal_->Stats().checkpoint_running);
  Result<std::unique_ptr<CheckpointWriter>> third = journal_->BeginCheckpoint();
  ASSERT_TRUE(third.ok());
  EXPECT_TRUE(third.value()->Add("records").ok());
  EXPECT_TRUE(third.value()->Finish(journal_->last()).ok());
}

TEST_P(JournalContract, StatsCountWhatWasAppended) {
  Recover();
  journal_->Append(1, "12345");
  journal_->Append(1, "123456789");
  ASSERT_TRUE(journal_->Flush().ok());
  const JournalStats stats = journal_->Stats();
  EXPECT_EQ(stats.appended_batches, 2u);
  EXPECT_EQ(stats.appended_bytes, 14u);
  EXPECT_EQ(stats.pending_bytes, 0u);
  EXPECT_EQ(stats.health, JournalHealth::kHealthy);
  EXPECT_TRUE(stats.last_error.empty());
}

// Batches that wait for their fsync are not left behind when the policy no longer asks for any.
TEST_P(JournalContract, WhatWasAppendedUnderAlwaysBecomesDurableUnderAnyPolicy) {
  Recover();
  for (int i = 0; i < 20; ++i) {
    journal_->SetSyncPolicy(SyncPolicy::kAlways);
    const Ticket ticket = journal_->Append(static_cast<CommitTs>(i) + 1, "records");
    journal_->SetSyncPolicy(SyncPolicy::kNo);
    for (int patience = 5000; journal_->durable() < ticket && patience > 0; --patience) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_GE(journal_->durable(), ticket);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, JournalContract, ::testing::ValuesIn(Engines()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace tideway::backend
