// What was appended comes back, from the journal, from checkpoints and from both.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "backend/rocksdb/recovery_scan.h"
#include "tests/backend/rocksdb/journal_fixture.h"

namespace tideway::backend {
namespace {

using testing_support::TempFolder;

RecoveryScan::Action Step(RecoveryScan& scan, Ticket first, uint32_t count, Ticket durable) {
  StoredGroup group;
  group.first = first;
  group.count = count;
  group.durable = durable;
  return scan.Step(group);
}

TEST(RecoveryScan, ReplaysConsecutiveRecords) {
  RecoveryScan scan(1);
  EXPECT_EQ(Step(scan, 1, 10, 0), RecoveryScan::Action::kReplay);
  EXPECT_EQ(Step(scan, 11, 1, 10), RecoveryScan::Action::kReplay);
  EXPECT_EQ(scan.next(), 12u);
  EXPECT_FALSE(scan.has_lost_tail());
}

TEST(RecoveryScan, IgnoresWhatFollowsAHoleThatNobodyWasPromised) {
  RecoveryScan scan(1);
  EXPECT_EQ(Step(scan, 1, 10, 0), RecoveryScan::Action::kReplay);
  EXPECT_EQ(Step(scan, 12, 3, 10), RecoveryScan::Action::kIgnore);
  EXPECT_EQ(Step(scan, 15, 3, 9), RecoveryScan::Action::kIgnore);
  EXPECT_EQ(scan.next(), 11u);
  EXPECT_TRUE(scan.has_lost_tail());
}

TEST(RecoveryScan, RefusesAHoleInWhatWasOnDisk) {
  RecoveryScan scan(5);
  EXPECT_EQ(Step(scan, 5, 10, 4), RecoveryScan::Action::kReplay);
  EXPECT_EQ(Step(scan, 20, 3, 14), RecoveryScan::Action::kIgnore);
  EXPECT_EQ(Step(scan, 23, 3, 15), RecoveryScan::Action::kRefuse);
  EXPECT_EQ(scan.refusal(), "batches 15 to 15 are missing or damaged, although they were on disk");
}

TEST(RecoveryScan, RefusesARecordThatRepeatsTickets) {
  RecoveryScan scan(5);
  EXPECT_EQ(Step(scan, 4, 10, 0), RecoveryScan::Action::kRefuse);
}

class RocksdbRecovery : public ::testing::TestWithParam<SyncPolicy> {
 protected:
  RocksdbJournalOptions Options() { return SmallJournal(folder_ / "data", GetParam()); }
  Recovered Open() {
    Recovered recovered = OpenAndRecover(Options());
    EXPECT_TRUE(recovered.status.ok()) << recovered.status.error().detail;
    return recovered;
  }
  /// A checkpoint with these chunks of everything appended so far.
  static void Checkpoint(Journal& journal, const std::vector<std::string>& chunks) {
    Result<std::unique_ptr<CheckpointWriter>> writer = journal.BeginCheckpoint();
    ASSERT_TRUE(writer.ok()) << writer.error().detail;
    for (const std::string& chunk : chunks) ASSERT_TRUE(writer.value()->Add(chunk).ok());
    const Status finished = writer.value()->Finish(journal.last());
    ASSERT_TRUE(finished.ok()) << finished.error().detail;
  }

  TempFolder folder_;
};

TEST_P(RocksdbRecovery, BringsBackAllBatchesInOrder) {
  Ticket last = 0;
  for (int run = 0; run < 5; ++run) {
    Recovered recovered = Open();
    ExpectBatches(recovered.replayed, 1, last);
    EXPECT_EQ(recovered.newest, last == 0 ? 0 : CommitTsOf(last));
    EXPECT_EQ(recovered.journal->last(), last);
    EXPECT_EQ(recovered.journal->durable(), last);
    AppendNext(*recovered.journal, run * 300);
    last = recovered.journal->last();
  }
}

TEST_P(RocksdbRecovery, BringsBackBatchesLargerThanEveryBuffer) {
  const std::string large(3 * limits::kMiB, 'L');
  {
    Recovered recovered = Open();
    recovered.journal->Append(1, large);
    recovered.journal->Append(2, "");
    recovered.journal->Append(3, large);
  }
  const Recovered recovered = Open();
  EXPECT_EQ(recovered.replayed, (std::vector<std::string>{large, "", large}));
  EXPECT_EQ(recovered.newest, 3u);
}

TEST_P(RocksdbRecovery, StartsFromTheCheckpointAndGoesOnWithLaterBatches) {
  const std::vector<std::string> chunks = {"chunk one", std::string(300 * limits::kKiB, 'c'), ""};
  {
    Recovered recovered = Open();
    AppendNext(*recovered.journal, 500);
    Checkpoint(*recovered.journal, chunks);
    EXPECT_EQ(recovered.journal->Stats().journal_bytes, 0u);
    AppendNext(*recovered.journal, 20);
  }
  const Recovered recovered = Open();
  ExpectBatches(recovered.replayed, 501, 520, chunks);
  EXPECT_EQ(recovered.newest, CommitTsOf(520));
  EXPECT_EQ(recovered.journal->last(), 520u);
  EXPECT_EQ(recovered.journal->Stats().checkpoint_bytes, chunks[0].size() + chunks[1].size());
}

TEST_P(RocksdbRecovery, KeepsBatchesAppendedWhileACheckpointRuns) {
  {
    Recovered recovered = Open();
    AppendNext(*recovered.journal, 100);
    Result<std::unique_ptr<CheckpointWriter>> writer = recovered.journal->BeginCheckpoint();
    ASSERT_TRUE(writer.ok());
    AppendNext(*recovered.journal, 300);
    ASSERT_TRUE(writer.value()->Add("chunk").ok());
    AppendNext(*recovered.journal, 10);
    ASSERT_TRUE(writer.value()->Finish(recovered.journal->last() - 5).ok());
    AppendNext(*recovered.journal, 10);
  }
  const Recovered recovered = Open();
  ExpectBatches(recovered.replayed, 101, 420, {"chunk"});
}

TEST_P(RocksdbRecovery, IgnoresACheckpointThatWasDropped) {
  {
    Recovered recovered = Open();
    AppendNext(*recovered.journal, 100);
    Checkpoint(*recovered.journal, {"old"});
    AppendNext(*recovered.journal, 50);
    Result<std::unique_ptr<CheckpointWriter>> writer = recovered.journal->BeginCheckpoint();
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer.value()->Add("abandoned").ok());
    AppendNext(*recovered.journal, 50);
  }
  Recovered recovered = Open();
  ExpectBatches(recovered.replayed, 101, 200, {"old"});
  // And the next one takes over from both generations.
  Checkpoint(*recovered.journal, {"new"});
  recovered.journal.reset();
  ExpectBatches(Open().replayed, 201, 200, {"new"});
}

TEST_P(RocksdbRecovery, CheckpointsThatFailLeaveNoTrailOfGenerations) {
  {
    Recovered recovered = Open();
    for (int round = 0; round < 20; ++round) {
      AppendNext(*recovered.journal, 20);
      Result<std::unique_ptr<CheckpointWriter>> writer = recovered.journal->BeginCheckpoint();
      ASSERT_TRUE(writer.ok());
      ASSERT_TRUE(writer.value()->Add("abandoned").ok());
      AppendNext(*recovered.journal, 10);
    }
  }
  std::vector<std::string> families;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, Options().dir, &families).ok());
  EXPECT_LE(families.size(), 3u);
  {
    Recovered recovered = Open();
    ExpectBatches(recovered.replayed, 1, 600);
    { auto abandoned = recovered.journal->BeginCheckpoint(); }
    AppendNext(*recovered.journal, 50);
    ASSERT_TRUE(recovered.journal->Flush().ok());
    EXPECT_EQ(recovered.journal->Stats().batches_before_checkpoint, 0u);
    Checkpoint(*recovered.journal, {"all"});  // in the generation that holds batches already
    EXPECT_EQ(recovered.journal->Stats().batches_before_checkpoint, 50u);
    AppendNext(*recovered.journal, 7);
  }
  ExpectBatches(Open().replayed, 651, 657, {"all"});
}

TEST_P(RocksdbRecovery, ACheckpointNeedsRoomBeforeItBegins) {
  Recovered recovered = Open();
  const auto writer = recovered.journal->BeginCheckpoint();
  ASSERT_TRUE(writer.ok());
  EXPECT_TRUE(writer.value()->Expect(1000).ok());
  const Status refused = writer.value()->Expect(uint64_t{1} << 60);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::kTooLarge);
}

TEST_P(RocksdbRecovery, AnEmptyCheckpointIsACheckpoint) {
  {
    Recovered recovered = Open();
    Checkpoint(*recovered.journal, {});
    AppendNext(*recovered.journal, 3);
    Checkpoint(*recovered.journal, {});
  }
  const Recovered recovered = Open();
  EXPECT_TRUE(recovered.replayed.empty());
  EXPECT_EQ(recovered.newest, CommitTsOf(3));
  EXPECT_EQ(recovered.journal->last(), 3u);
}

TEST_P(RocksdbRecovery, StopsWhenTheReplayFails) {
  { AppendNext(*Open().journal, 10); }
  Result<std::unique_ptr<Journal>> journal = OpenRocksdbJournal(Options(), SystemClockForTests());
  ASSERT_TRUE(journal.ok());
  int replayed = 0;
  const Result<CommitTs> recovered = journal.value()->Recover([&](std::string_view) -> Status {
    if (++replayed == 4) return Error{Errc::kTooLarge, "no room"};
    return Ok();
  });
  ASSERT_FALSE(recovered.ok());
  EXPECT_EQ(recovered.error().code, Errc::kTooLarge);
  EXPECT_EQ(recovered.error().detail, "cannot read data directory " + Options().dir + ": no room");
  EXPECT_EQ(replayed, 4);
}

TEST_P(RocksdbRecovery, SpaceOfOldBatchesIsFreed) {
  Recovered recovered = Open();
  const auto size = [&] {
    uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "data")) {
      std::error_code gone;  // files vanish while we look
      const uintmax_t file_bytes = entry.file_size(gone);
      if (!gone) bytes += file_bytes;
    }
    return bytes;
  };
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 40; ++i) recovered.journal->Append(1, std::string(50'000, 'x'));
    Checkpoint(*recovered.journal, {"chunk"});
  }
  // Files are deleted in the background.
  for (int i = 0; i < 1000 && size() > 1'000'000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_LT(size(), 1'000'000u);
}

std::string PolicyName(const ::testing::TestParamInfo<SyncPolicy>& policy) {
  constexpr std::array<const char*, 3> kNames = {"Always", "EverySec", "No"};
  return kNames[static_cast<size_t>(policy.param)];
}

INSTANTIATE_TEST_SUITE_P(Policies, RocksdbRecovery,
                         ::testing::Values(SyncPolicy::kAlways, SyncPolicy::kEverySec,
                                           SyncPolicy::kNo),
                         PolicyName);

}  // namespace
}  // namespace tideway::backend
