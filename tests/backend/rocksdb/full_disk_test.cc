// A disk that is really full, not just failing: tries to go on must not eat the room that is freed,
// and a server that finds it full at its start serves what is there.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "tests/backend/rocksdb/journal_fixture.h"

namespace tideway::backend {
namespace {

using testing_support::TempFolder;

constexpr uint64_t kEndless = ~uint64_t{0};

template <class Condition>
bool Eventually(Condition condition) {
  for (int i = 0; i < 10'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

class FullDisk : public ::testing::Test {
 protected:
  RocksdbJournalOptions Options() {
    RocksdbJournalOptions options = SmallJournal(dir_, SyncPolicy::kAlways);
    options.fault_disk = disk_;
    return options;
  }
  uint64_t UsedBytes() const {
    uint64_t used = 0;
    for (const auto& file : std::filesystem::directory_iterator(dir_)) used += file.file_size();
    return used;
  }
  /// Appends until the disk takes no more. Returns the journal, failing.
  Recovered FillUp(uint64_t capacity) {
    disk_->SetCapacity(capacity);
    Recovered recovered = OpenAndRecover(Options());
    EXPECT_TRUE(recovered.status.ok());
    while (recovered.journal->health() == JournalHealth::kHealthy) {
      AppendNext(*recovered.journal, 20);
      (void)recovered.journal->Flush();
    }
    return recovered;
  }

  TempFolder folder_;
  const std::string dir_ = folder_ / "data";
  const std::shared_ptr<FaultDisk> disk_ = std::make_shared<FaultDisk>(FaultDisk::Options{});
};

TEST_F(FullDisk, HealsWhenRoomIsFreedLittleByLittle) {
  uint64_t capacity = 2 * limits::kMiB;
  const Recovered recovered = FillUp(capacity);
  for (int step = 0; step < 16 && recovered.journal->health() != JournalHealth::kHealthy; ++step) {
    capacity += 100 * limits::kKiB;
    disk_->SetCapacity(capacity);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(recovered.journal->health(), JournalHealth::kHealthy)
      << UsedBytes() << " of " << capacity << " bytes used";
  EXPECT_TRUE(recovered.journal->Flush().ok());
}

TEST_F(FullDisk, AFailedOpeningLeavesNothingBehind) {
  disk_->SetCapacity(kEndless);
  {
    Recovered recovered = OpenAndRecover(Options());
    AppendNext(*recovered.journal, 100);
  }
  const uint64_t used = UsedBytes();
  for (uint64_t room = 0; room < 60 * limits::kKiB; room += 5 * limits::kKiB + 7) {
    disk_->SetCapacity(used + room);
    Recovered recovered = OpenAndRecover(Options());
    ASSERT_TRUE(recovered.status.ok()) << recovered.status.error().detail;
    const bool failing = recovered.journal->health() == JournalHealth::kFailing;
    ExpectBatches(recovered.replayed, 1, 100);
    recovered.journal.reset();
    if (!failing) break;
    EXPECT_EQ(UsedBytes(), used) << "with room for " << room;
  }
}

TEST_F(FullDisk, AtTheStartServesWhatIsThereAndHeals) {
  Ticket durable = 0;
  {
    Recovered recovered = FillUp(1 * limits::kMiB);
    durable = recovered.journal->durable();
  }
  disk_->SetCapacity(UsedBytes());
  Recovered again = OpenAndRecover(Options());
  ASSERT_TRUE(again.status.ok()) << again.status.error().detail;
  EXPECT_EQ(again.journal->health(), JournalHealth::kFailing);
  const Ticket found = again.journal->last();
  EXPECT_GE(found, durable);
  ExpectBatches(again.replayed, 1, found);
  const Recovered other = OpenAndRecover(Options());
  ASSERT_FALSE(other.status.ok());
  EXPECT_EQ(other.status.error().code, Errc::kBusy) << other.status.error().detail;

  AppendNext(*again.journal, 3);  // of commands that were running
  EXPECT_FALSE(again.journal->Flush().ok());
  disk_->SetCapacity(kEndless);
  ASSERT_TRUE(Eventually([&] { return again.journal->Flush().ok(); }))
      << again.journal->Stats().last_error;
  AppendNext(*again.journal, 3);
  again.journal.reset();
  const Recovered last = OpenAndRecover(Options());
  ASSERT_TRUE(last.status.ok()) << last.status.error().detail;
  ExpectBatches(last.replayed, 1, found + 6);
}

}  // namespace
}  // namespace tideway::backend
