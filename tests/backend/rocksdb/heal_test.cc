// A disk that fails at any call, and works again later: the journal heals by itself, and nothing
// that it called durable is lost, even when the power goes afterwards.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "tests/backend/rocksdb/journal_fixture.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

using testing_support::TempFolder;
using Fault = FaultDisk::Fault;

std::shared_ptr<FaultDisk> MakeDisk() {
  FaultDisk::Options options;
  options.drop_unsynced = true;
  return std::make_shared<FaultDisk>(options);
}

template <class Condition>
bool Eventually(Condition condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

class Heal : public ::testing::TestWithParam<Fault> {
 protected:
  RocksdbJournalOptions Options(SyncPolicy policy, std::shared_ptr<FaultDisk> disk) {
    RocksdbJournalOptions options = SmallJournal(folder_ / "data", policy);
    options.fault_disk = std::move(disk);
    return options;
  }

  TempFolder folder_;
};

TEST_P(Heal, TellsThatItFailsAndThatItIsWellAgain) {
  const auto disk = MakeDisk();
  Recovered recovered = OpenAndRecover(Options(SyncPolicy::kAlways, disk));
  Journal& journal = *recovered.journal;
  AppendNext(journal, 10);
  ASSERT_TRUE(journal.Flush().ok());

  disk->Set(GetParam(), true);
  AppendNext(journal);
  ASSERT_TRUE(Eventually([&] { return journal.health() == JournalHealth::kFailing; }));
  EXPECT_EQ(journal.durable(), 10u);
  const Status flushed = journal.Flush();
  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().code, Errc::kIo);
  EXPECT_FALSE(journal.Stats().last_error.empty());
  EXPECT_EQ(journal.Stats().health, JournalHealth::kFailing);
  EXPECT_FALSE(journal.BeginCheckpoint().ok());

  AppendNext(journal, 5);  // batches that were already running
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(journal.durable(), 10u);

  disk->Clear();
  ASSERT_TRUE(Eventually([&] { return journal.durable() == 16; }));
  EXPECT_TRUE(Eventually([&] { return journal.health() == JournalHealth::kHealthy; }));
  AppendNext(journal, 4);
  ASSERT_TRUE(journal.Flush().ok());
  disk->PowerLoss(UnsyncedFiles::Survival::kNothing, 0);
  recovered.journal.reset();
  ExpectBatches(OpenAndRecover(Options(SyncPolicy::kAlways, MakeDisk())).replayed, 1, 20);
}

/// A life with every kind of work, whatever the disk does to it.
void Work(Journal& journal) {
  for (int round = 0; round < 3; ++round) {
    AppendNext(journal, 60);
    (void)journal.Flush();
    AppendNext(journal, 20);
    Result<std::unique_ptr<CheckpointWriter>> writer = journal.BeginCheckpoint();
    if (!writer.ok()) continue;
    // Each batch is a chunk, so that recovery gives the same whether the checkpoint counts or not.
    const Ticket cut = journal.last();
    bool added = true;
    for (Ticket ticket = 1; ticket <= cut && added; ++ticket) {
      added = writer.value()->Add(RecordsOf(ticket)).ok();
    }
    if (added) (void)writer.value()->Finish(cut);
  }
}

TEST_P(Heal, AfterAFailureAtEachOperationOfTheDisk) {
  const uint64_t seed = test::Seed();
  uint64_t operations = 0;
  for (uint64_t step = 0; step == 0 || step <= operations;
       step = test::NextMoment(step, operations, seed)) {
    std::filesystem::remove_all(folder_ / "data");
    const auto disk = MakeDisk();
    const SyncPolicy policy = step % 2 == 0 ? SyncPolicy::kEverySec : SyncPolicy::kAlways;
    Recovered recovered = OpenAndRecover(Options(policy, disk));
    ASSERT_TRUE(recovered.status.ok());
    const uint64_t begin = disk->operations();
    if (step > 0) disk->SetFrom(GetParam(), begin + step - 1);
    Work(*recovered.journal);
    if (step == 0) operations = disk->operations() - begin + 5;
    const Ticket durable_meanwhile = recovered.journal->durable();
    disk->Clear();
    const Ticket last = recovered.journal->last();
    ASSERT_TRUE(Eventually([&] { return recovered.journal->Flush().ok(); }))
        << "step " << step << ": " << recovered.journal->Stats().last_error;
    EXPECT_EQ(recovered.journal->durable(), last);
    EXPECT_LE(durable_meanwhile, last);
    EXPECT_TRUE(Eventually([&] { return recovered.journal->health() == JournalHealth::kHealthy; }));
    disk->PowerLoss(UnsyncedFiles::Survival::kNothing, step);
    recovered.journal.reset();

    const Recovered after = OpenAndRecover(Options(policy, MakeDisk()));
    ASSERT_TRUE(after.status.ok()) << "step " << step << ": " << after.status.error().detail;
    ExpectBatches(after.replayed, 1, last);
    if (HasFailure()) FAIL() << "failed from operation " << step;
  }
}

TEST_P(Heal, APowerLossWhileFailingTakesNothingDurable) {
  const uint64_t seed = test::Seed();
  for (uint64_t step = 0; step < 60; ++step) {
    std::filesystem::remove_all(folder_ / "data");
    const auto disk = MakeDisk();
    Recovered recovered = OpenAndRecover(Options(SyncPolicy::kAlways, disk));
    ASSERT_TRUE(recovered.status.ok());
    disk->SetFrom(GetParam(), disk->operations() + 3 * step);
    Work(*recovered.journal);
    const Ticket durable = recovered.journal->durable();
    disk->PowerLoss(UnsyncedFiles::Survival::kPages, seed + step);
    recovered.journal.reset();
    const Recovered after = OpenAndRecover(Options(SyncPolicy::kAlways, MakeDisk()));
    ASSERT_TRUE(after.status.ok()) << "step " << step << ": " << after.status.error().detail;
    EXPECT_GE(after.journal->last(), durable);
    ExpectBatches(after.replayed, 1, after.journal->last());
    if (HasFailure()) FAIL() << "step " << step << " of seed " << seed;
  }
}

TEST_P(Heal, AppendsThatWaitForRoomGoOnWhenTheDiskFails) {
  const auto disk = MakeDisk();
  RocksdbJournalOptions options = Options(SyncPolicy::kEverySec, disk);
  options.pending_bytes_max = 8 * limits::kKiB;
  Recovered recovered = OpenAndRecover(options);
  disk->Set(GetParam(), true);
  AppendNext(*recovered.journal, 2000);  // far beyond the bound; must not block for ever
  EXPECT_EQ(recovered.journal->last(), 2000u);
  disk->Clear();
  ASSERT_TRUE(Eventually([&] { return recovered.journal->Flush().ok(); }));
  recovered.journal.reset();
  ExpectBatches(OpenAndRecover(Options(SyncPolicy::kEverySec, MakeDisk())).replayed, 1, 2000);
}

TEST_P(Heal, ClosingWhileFailingEnds) {
  const auto disk = MakeDisk();
  Recovered recovered = OpenAndRecover(Options(SyncPolicy::kAlways, disk));
  AppendNext(*recovered.journal, 10);
  ASSERT_TRUE(recovered.journal->Flush().ok());
  disk->Set(GetParam(), true);
  AppendNext(*recovered.journal, 10);
  recovered.journal.reset();
  disk->Clear();
  const Recovered after = OpenAndRecover(Options(SyncPolicy::kAlways, disk));
  ASSERT_TRUE(after.status.ok()) << after.status.error().detail;
  EXPECT_GE(after.journal->last(), 10u);
  ExpectBatches(after.replayed, 1, after.journal->last());
}

TEST_P(Heal, WhatIsNotTheDisksFaultIsNotTriedForEver) {
  const auto disk = MakeDisk();
  Recovered recovered = OpenAndRecover(Options(SyncPolicy::kAlways, disk));
  Journal& journal = *recovered.journal;
  AppendNext(journal, 10);
  ASSERT_TRUE(journal.Flush().ok());
  disk->Set(GetParam(), true);
  AppendNext(journal);
  ASSERT_TRUE(Eventually([&] { return journal.health() == JournalHealth::kFailing; }));
  std::filesystem::remove(folder_ / "data/CURRENT");
  disk->Clear();
  ASSERT_TRUE(Eventually([&] {
    return journal.Stats().last_error.ends_with("It is not tried again before a restart");
  })) << journal.Stats().last_error;
  const uint64_t operations = disk->operations();
  EXPECT_FALSE(journal.BeginCheckpoint().ok());
  EXPECT_FALSE(journal.Flush().ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(disk->operations(), operations);
  EXPECT_EQ(journal.health(), JournalHealth::kFailing);
}

INSTANTIATE_TEST_SUITE_P(Faults, Heal,
                         ::testing::Values(Fault::kNoSpace, Fault::kSyncError, Fault::kShortWrite));

}  // namespace
}  // namespace tideway::backend
