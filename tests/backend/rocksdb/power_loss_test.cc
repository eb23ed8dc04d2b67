// Power losses at any moment: what comes back is a prefix, and at least what was durable.

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/backend/rocksdb/journal_fixture.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

using testing_support::TempFolder;
using Survival = UnsyncedFiles::Survival;

std::shared_ptr<FaultDisk> MakeDisk() {
  FaultDisk::Options options;
  options.drop_unsynced = true;
  return std::make_shared<FaultDisk>(options);
}

/// What has to hold of a directory: updated by what a run saw, checked by what comes back.
struct Promise {
  Ticket durable = 0;     // at least this comes back
  Ticket checkpoint = 0;  // cut of a checkpoint that was surely published
  Ticket attempted = 0;   // cut of one that may have been
};

/// A chunk that says which batches it stands for.
std::string ChunkFor(Ticket cut) { return "checkpoint of " + std::to_string(cut); }

/// Expects a prefix that keeps `promise`; returns how far it reaches.
Ticket ExpectPrefix(const Recovered& recovered, const Promise& promise) {
  EXPECT_TRUE(recovered.status.ok()) << recovered.status.error().detail;
  if (!recovered.status.ok()) return 0;
  Ticket cut = 0;
  std::vector<std::string> chunks;
  if (!recovered.replayed.empty()) {
    for (const Ticket possible : {promise.checkpoint, promise.attempted}) {
      if (possible > 0 && recovered.replayed[0] == ChunkFor(possible)) cut = possible;
    }
  }
  EXPECT_GE(cut, promise.checkpoint);
  if (cut > 0) chunks.push_back(ChunkFor(cut));
  const Ticket last = recovered.journal->last();
  EXPECT_GE(last, promise.durable);
  EXPECT_EQ(recovered.journal->durable(), last);
  ExpectBatches(recovered.replayed, cut + 1, last, chunks);
  if (testing::Test::HasFailure() && !recovered.replayed.empty()) {
    ADD_FAILURE() << "begins with \"" << recovered.replayed[0].substr(0, 60) << "\", promised "
                  << promise.checkpoint << " or " << promise.attempted << ", cut " << cut
                  << ", last " << last << ", durable " << promise.durable;
  }
  return last;
}

/// One checkpoint of everything; notes what may be relied on.
void Checkpoint(Journal& journal, Promise& promise) {
  if (journal.last() == 0) return;  // a cut of 0 would look like no checkpoint
  Result<std::unique_ptr<CheckpointWriter>> writer = journal.BeginCheckpoint();
  if (!writer.ok()) return;
  const Ticket cut = journal.last();
  if (!writer.value()->Add(ChunkFor(cut)).ok()) return;
  promise.attempted = cut;
  if (writer.value()->Finish(cut).ok()) promise.checkpoint = cut;
}

class PowerLoss : public ::testing::TestWithParam<Survival> {
 protected:
  RocksdbJournalOptions Options(SyncPolicy policy, std::shared_ptr<FaultDisk> disk) {
    RocksdbJournalOptions options = SmallJournal(folder_ / "data", policy);
    options.fault_disk = std::move(disk);
    return options;
  }

  TempFolder folder_;
};

TEST_P(PowerLoss, AtRandomMomentsOverManyLives) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  Promise promise;
  for (int life = 0; life < 40; ++life) {
    const auto disk = MakeDisk();
    const auto policy = static_cast<SyncPolicy>(random() % 3);
    Recovered recovered = OpenAndRecover(Options(policy, disk));
    promise.durable = std::max(promise.durable, ExpectPrefix(recovered, promise));
    if (HasFailure()) FAIL() << "life " << life << " of seed " << seed;
    Journal& journal = *recovered.journal;
    const uint64_t steps = random() % 30;
    for (uint64_t step = 0; step < steps; ++step) {
      switch (random() % 12) {
        case 0:
          ASSERT_TRUE(journal.Flush().ok());
          break;
        case 1:
          Checkpoint(journal, promise);
          break;
        case 2:
          std::this_thread::sleep_for(std::chrono::milliseconds(random() % 8));
          break;
        default:
          AppendNext(journal, static_cast<int>(random() % 100));
      }
    }
    promise.durable = std::max(promise.durable, journal.durable());
    disk->PowerLoss(GetParam(), random());
  }
}

/// The same few steps each time: a first life, then one that checkpoints and goes on.
Promise Scenario(const RocksdbJournalOptions& options, Promise promise) {
  Recovered recovered = OpenAndRecover(options);
  if (!recovered.status.ok()) return promise;
  Journal& journal = *recovered.journal;
  AppendNext(journal, 60);
  (void)journal.Flush();
  Checkpoint(journal, promise);
  AppendNext(journal, 60);
  Checkpoint(journal, promise);
  AppendNext(journal, 10);
  (void)journal.Flush();
  promise.durable = std::max(promise.durable, journal.durable());
  return promise;
}

TEST_P(PowerLoss, AtEachOperationOfTheDisk) {
  const uint64_t seed = test::Seed();
  uint64_t operations = 0;
  for (uint64_t stop = 0; stop == 0 || stop <= operations;
       stop = test::NextMoment(stop, operations, seed)) {
    std::filesystem::remove_all(folder_ / "data");
    const auto disk = MakeDisk();
    if (stop > 0) disk->StopAt(stop - 1);
    const Promise promise = Scenario(Options(SyncPolicy::kEverySec, disk), {});
    if (stop == 0) operations = disk->operations() + 5;  // the number differs a little each time
    if (stop > 0) disk->PowerLoss(GetParam(), seed + stop);
    // Twice: recovery itself has to leave something that recovers.
    const auto next_disk = MakeDisk();
    ExpectPrefix(OpenAndRecover(Options(SyncPolicy::kEverySec, next_disk)), promise);
    next_disk->PowerLoss(GetParam(), seed);
    ExpectPrefix(OpenAndRecover(Options(SyncPolicy::kEverySec, MakeDisk())), promise);
    if (HasFailure()) FAIL() << "stopped at operation " << stop << " with seed " << seed;
  }
}

TEST_P(PowerLoss, UnderAlwaysNothingIsReportedDurableTooEarly) {
  const uint64_t seed = test::Seed();
  for (uint64_t life = 0; life < 10; ++life) {
    std::filesystem::remove_all(folder_ / "data");
    const auto disk = MakeDisk();
    Recovered recovered = OpenAndRecover(Options(SyncPolicy::kAlways, disk));
    ASSERT_TRUE(recovered.status.ok());
    std::vector<std::thread> threads;
    std::mutex mu;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        while (!disk->dead()) {
          const std::lock_guard<std::mutex> lock(mu);  // so that the batch is known by its ticket
          AppendNext(*recovered.journal);
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + 3 * life));
    const Ticket durable = recovered.journal->durable();
    disk->PowerLoss(GetParam(), seed + life);
    for (std::thread& thread : threads) thread.join();
    recovered.journal.reset();
    Promise promise;
    promise.durable = durable;
    ExpectPrefix(OpenAndRecover(Options(SyncPolicy::kAlways, MakeDisk())), promise);
  }
}

/// Appends batches of many records each; returns them, and how many are durable.
size_t AppendLarge(Journal& journal, std::vector<std::string>& batches) {
  std::vector<Ticket> tickets;
  for (int i = 0; i < 6; ++i) {
    const size_t bytes = i % 2 == 0 ? 20'000 : 100;
    batches.push_back(std::to_string(batches.size()) +
                      std::string(bytes, static_cast<char>('a' + i)));
    tickets.push_back(journal.Append(CommitTsOf(batches.size()), batches.back()));
    if (i == 3) (void)journal.Flush();
  }
  (void)journal.Flush();
  const Ticket durable = journal.durable();
  return batches.size() - tickets.size() +
         static_cast<size_t>(std::upper_bound(tickets.begin(), tickets.end(), durable) -
                             tickets.begin());
}

TEST_P(PowerLoss, ABatchOfSeveralRecordsComesBackWholeOrNotAtAll) {
  const uint64_t seed = test::Seed();
  const auto options = [&](std::shared_ptr<FaultDisk> disk) {
    RocksdbJournalOptions made = Options(SyncPolicy::kEverySec, std::move(disk));
    made.part_bytes = 3000;
    return made;
  };
  uint64_t operations = 0;
  for (uint64_t stop = 0; stop == 0 || stop <= operations;
       stop = test::NextMoment(stop, operations, seed)) {
    std::filesystem::remove_all(folder_ / "data");
    std::vector<std::string> batches;
    size_t durable = 0;
    for (int life = 0; life < 2; ++life) {
      const auto disk = MakeDisk();
      if (stop > 0 && life == 0) disk->StopAt(stop - 1);
      {
        Recovered recovered = OpenAndRecover(options(disk));
        if (stop == 0 || life == 1) {
          ASSERT_TRUE(recovered.status.ok());
        }
        ASSERT_GE(recovered.replayed.size(), durable) << "stopped at operation " << stop;
        ASSERT_LE(recovered.replayed.size(), batches.size());
        batches.resize(recovered.replayed.size());
        ASSERT_EQ(recovered.replayed, batches) << "stopped at operation " << stop;
        if (recovered.status.ok()) durable = AppendLarge(*recovered.journal, batches);
        if (stop == 0) operations = disk->operations() + 5;
        if (stop > 0) disk->PowerLoss(GetParam(), stop);
      }
    }
    const Recovered last = OpenAndRecover(options(MakeDisk()));
    ASSERT_TRUE(last.status.ok()) << last.status.error().detail;
    ASSERT_GE(last.replayed.size(), durable);
    batches.resize(std::min(batches.size(), last.replayed.size()));
    ASSERT_EQ(last.replayed, batches);
  }
}

INSTANTIATE_TEST_SUITE_P(Survivals, PowerLoss,
                         ::testing::Values(Survival::kNothing, Survival::kPrefix,
                                           Survival::kPages));

}  // namespace
}  // namespace tideway::backend
