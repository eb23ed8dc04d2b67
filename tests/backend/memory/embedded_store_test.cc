// What the embedded engine promises beyond the store contract: the journal's order, recovery,
// checkpoints while writers go on, a failing disk.
#include "backend/memory/embedded_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/backend/data/model.h"
#include "tests/backend/data/random_writer.h"
#include "tests/backend/support/store_engine.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/memory_journal.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

using test::BatchDriver;
using test::DiskImage;
using test::FaultyJournal;
using test::ManualPort;
using test::MemoryJournal;
using testing::ElementsAre;

constexpr char kFull[] = "No space left on device";

// As ModelOf() gives it: without databases that became empty.
Model WithoutEmpty(Model model) {
  std::erase_if(model, [](const auto& database) { return database.second.empty(); });
  return model;
}

// A store on a journal that remembers, which can be held and broken.
class EmbeddedStoreTest : public testing::Test {
 protected:
  explicit EmbeddedStoreTest(DiskImage image = {}) { Open(std::move(image)); }

  void Open(DiskImage image) {
    driver = nullptr;
    store = nullptr;
    auto memory = std::make_unique<MemoryJournal>(std::move(image));
    disk = memory.get();
    auto faulty = std::make_unique<FaultyJournal>(std::move(memory));
    journal = faulty.get();
    auto opened =
        OpenEmbeddedStore({.databases = 4, .settings = settings}, clock, std::move(faulty));
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    store = std::move(opened).value();
    store->AttachThreads({&ports[0], &ports[1]});
    driver = std::make_unique<BatchDriver>(*store, ports[0]);
  }

  Model StateOf(BatchDriver& any) {
    Model model;
    any.Run({}, [&](View& view) { model = ModelOf(view.keyspace()); });
    return model;
  }
  Model State() { return StateOf(*driver); }

  // What a server finds that starts on `image`.
  Model Recovered(const DiskImage& image) {
    auto opened = OpenEmbeddedStore({.databases = 4, .settings = {}}, clock,
                                    std::make_unique<MemoryJournal>(image));
    EXPECT_TRUE(opened.ok());
    ManualPort port;
    opened.value()->AttachThreads({&port});
    BatchDriver reader(*opened.value(), port);
    return StateOf(reader);
  }

  static BatchDriver::Handler Set(const std::string& key, const std::string& value) {
    return [=](View& view) { view.OpenWrite(key).SetString(value, ExpiryChange::Clear()); };
  }

  StoreSettings settings;
  ManualClock clock;
  ManualPort ports[2];
  MemoryJournal* disk = nullptr;     // the store's
  FaultyJournal* journal = nullptr;  // the store's, around disk
  std::unique_ptr<Store> store;
  std::unique_ptr<BatchDriver> driver;
};

// --- recovery

TEST_F(EmbeddedStoreTest, EveryPrefixOfTheJournalIsAStateThatClientsSaw) {
  std::vector<Model> states = {Model{}};
  Model model;
  std::optional<RandomWriter> writer;
  const uint64_t seed = test::Seed();
  for (int batch = 0; batch < 80; ++batch) {
    driver->Run({}, [&](View& view) {
      if (!writer) writer.emplace(view, model, seed, RandomWriter::Range{});
      for (int step = 0; step < 5; ++step) writer->Step();
    });
    if (driver->commit_ts() != 0) states.push_back(WithoutEmpty(model));
  }
  const DiskImage image = disk->image();
  ASSERT_EQ(image.batches.size() + 1, states.size());
  for (size_t count = 0; count < states.size(); ++count) {
    ASSERT_EQ(Recovered(image.Prefix(count)), states[count]) << count << " batches";
  }
}

TEST_F(EmbeddedStoreTest, CommitTimestampsGoOnAboveWhatTheJournalHolds) {
  driver->Run({"k"}, Set("k", "v"));
  const CommitTs before = driver->commit_ts();
  clock.AdvanceMs(-3'600'000);  // somebody set the clock back
  Open(disk->image());
  driver->Run({"k"}, Set("k", "w"));
  EXPECT_GT(driver->commit_ts(), before);
}

TEST_F(EmbeddedStoreTest, RecordsThatMakeNoSenseAreRefused) {
  driver->Run({"k"}, Set("k", "v"));
  DiskImage image = disk->image();
  image.batches[0].second.resize(image.batches[0].second.size() - 1);
  const auto opened = OpenEmbeddedStore({}, clock, std::make_unique<MemoryJournal>(image));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Errc::kCorrupt);
}

TEST_F(EmbeddedStoreTest, ABatchThatOnlyReadsIsNotJournalled) {
  driver->Run({"k"}, Set("k", "v"));
  driver->Run({"k"}, [](View& view) { view.OpenRead("k"); });
  EXPECT_EQ(disk->image().batches.size(), 1u);
}

TEST_F(EmbeddedStoreTest, AnExpiryIsJournalled) {
  driver->Run({"k"}, [&](View& view) {
    view.OpenWrite("k").SetString("v", ExpiryChange::At(clock.WallMs() + 10));
  });
  clock.AdvanceMs(11);
  class Nobody final : public StoreListener {
    Announcement OnStoreEvents(std::vector<EventNote>) override { return {}; }
  } nobody;
  store->Tick(nobody);
  EXPECT_TRUE(Recovered(disk->image()).empty());
  EXPECT_FALSE(Recovered(disk->image().Prefix(1)).empty());
}

// One thread writes k; the other copies what it reads of k to j. Whoever saw j has seen k before:
// no prefix may hold a j that is ahead of k.
TEST_F(EmbeddedStoreTest, ThePrefixRuleHoldsOverThreads) {
  constexpr int kRounds = 2000;
  const auto number = [](View& view, const char* name) {
    const Key key = view.OpenRead(name);
    return key.exists() ? std::stoi(std::string(key.String())) : 0;
  };
  std::thread follower([&] {
    BatchDriver follow(*store, ports[1], 1);
    for (int i = 0; i < kRounds; ++i) {
      follow.Run({"k", "j"}, [&](View& view) {
        view.OpenWrite("j").SetString(std::to_string(number(view, "k")), ExpiryChange::Clear());
      });
    }
  });
  for (int i = 1; i <= kRounds; ++i) driver->Run({"k"}, Set("k", std::to_string(i)));
  follower.join();

  Keyspace replayed({.databases = 4});
  View view(replayed);
  for (const auto& [commit_ts, records] : disk->image().batches) {
    ASSERT_TRUE(ApplyChanges(replayed, records).ok());
    ASSERT_LE(number(view, "j"), number(view, "k"));
  }
}

// --- checkpoints

class CheckpointTest : public EmbeddedStoreTest {
 protected:
  // A database that the random writer leaves alone.
  static constexpr uint32_t kBig = 3;

  // Several chunks' worth of data, in the store and in `model`.
  void FillWithChunks() {
    driver->Run({}, [&](View& view) {
      view.set_db(kBig);
      for (int i = 0; i < 2500; ++i) {
        const std::string name = "big:" + std::to_string(i);
        const std::string value(1000, static_cast<char>('a' + i % 26));
        view.OpenWrite(name).SetString(value, ExpiryChange::Clear());
        model[kBig][name].value = value;
      }
    });
  }

  Model model;
};

TEST_F(CheckpointTest, WhatIsWrittenMeanwhileIsThereAfterRecovery) {
  FillWithChunks();
  BatchDriver other(*store, ports[1], 1);
  std::optional<RandomWriter> writer;
  RandomWriter::Range range;
  range.swaps = false;
  int chunks = 0;
  disk->set_on_chunk([&] {
    ++chunks;
    other.Run({}, [&](View& view) {
      if (!writer) writer.emplace(view, model, test::Seed(), range);
      for (int step = 0; step < 50; ++step) writer->Step();
      // Keys of slices that are written already, and of ones that are not.
      for (int i = 0; i < 2500; i += 100) {
        const std::string name = "big:" + std::to_string(i);
        view.OpenWriteIn(kBig, name).SetString("small", ExpiryChange::Clear());
        model[kBig][name].value = std::string("small");
      }
    });
  });
  ASSERT_TRUE(store->StartCheckpoint().ok());
  disk->WaitForCheckpoints(1);
  EXPECT_GE(chunks, 4);
  const DiskImage image = disk->image();
  EXPECT_FALSE(image.checkpoint.empty());
  EXPECT_EQ(State(), WithoutEmpty(model));
  EXPECT_EQ(Recovered(image), WithoutEmpty(model));
  // Batches that the checkpoint covers are let go.
  EXPECT_EQ(image.batches.size(), static_cast<size_t>(chunks));
}

TEST_F(CheckpointTest, SwapsOfDatabasesWithoutEndDoNotVoidIt) {
  FillWithChunks();
  BatchDriver other(*store, ports[1], 1);
  int swaps = 0;
  disk->set_on_chunk([&] {
    ++swaps;
    other.Run({}, [&](View& view) { view.Swap(kBig, 1 + static_cast<uint32_t>(swaps) % 2); });
  });
  ASSERT_TRUE(store->StartCheckpoint().ok());
  disk->WaitForCheckpoints(1);
  EXPECT_EQ(disk->checkpoints_begun(), 1);
  EXPECT_GT(swaps, 1);
  EXPECT_FALSE(disk->image().checkpoint.empty());
  EXPECT_EQ(Recovered(disk->image()), State());
}

TEST_F(CheckpointTest, OnlyOneRunsAtATime) {
  FillWithChunks();
  std::optional<Errc> second;
  disk->set_on_chunk([&] {
    if (second) return;
    const Status started = store->StartCheckpoint();
    second = started.ok() ? std::nullopt : std::optional(started.error().code);
    EXPECT_TRUE(store->Stats().journal.checkpoint_running);
  });
  ASSERT_TRUE(store->StartCheckpoint().ok());
  disk->WaitForCheckpoints(1);
  EXPECT_EQ(second, Errc::kBusy);
}

TEST_F(CheckpointTest, OneThatFailsLeavesTheJournalAsItWas) {
  FillWithChunks();
  journal->FailCheckpointsAfter(2);
  ASSERT_TRUE(store->StartCheckpoint().ok());
  disk->WaitForCheckpoints(1);
  EXPECT_TRUE(disk->image().checkpoint.empty());
  EXPECT_EQ(Recovered(disk->image()), model);
  // The next one may succeed: as soon as the thread has gone back to sleep.
  journal->FailCheckpointsAfter(-1);
  while (!store->StartCheckpoint().ok()) std::this_thread::yield();
  disk->WaitForCheckpoints(2);
  EXPECT_FALSE(disk->image().checkpoint.empty());
  EXPECT_EQ(Recovered(disk->image()), model);
}

TEST_F(CheckpointTest, AServerThatStopsGivesItUp) {
  FillWithChunks();
  ASSERT_TRUE(store->StartCheckpoint().ok());
  driver = nullptr;
  store = nullptr;  // joins the thread
}

TEST_F(CheckpointTest, OneBeginsByItselfWhenTheJournalHasGrown) {
  class Nobody final : public StoreListener {
    Announcement OnStoreEvents(std::vector<EventNote>) override { return {}; }
  } nobody;
  store->Tick(nobody);
  disk->set_journal_bytes((uint64_t{64} << 20) - 1);
  clock.AdvanceMs(1000);
  store->Tick(nobody);
  EXPECT_EQ(disk->checkpoints_begun(), 0);
  disk->set_journal_bytes(uint64_t{64} << 20);
  clock.AdvanceMs(1000);
  store->Tick(nobody);
  disk->WaitForCheckpoints(1);
}

// --- the disk

class FailingDisk : public EmbeddedStoreTest {
 protected:
  FailingDisk() {
    settings.sync = SyncPolicy::kAlways;
    store->Configure(settings);
  }
  void Tick() {
    class Nobody final : public StoreListener {
      Announcement OnStoreEvents(std::vector<EventNote>) override { return {}; }
    } nobody;
    store->Tick(nobody);
  }
};

TEST_F(FailingDisk, WritesAreRefusedWithTheReasonUntilItHeals) {
  EXPECT_EQ(store->WriteRefusal(), "");
  journal->Fail(kFull);
  EXPECT_EQ(store->WriteRefusal(), std::string("MISCONF Errors writing to the AOF file: ") + kFull);
  journal->Heal();
  EXPECT_EQ(store->WriteRefusal(), "");
}

TEST_F(FailingDisk, ABatchThatWroteEndsUndecidedAfterASecond) {
  journal->Hold();
  EXPECT_FALSE(driver->Begin({"k"}, Set("k", "v")));
  journal->Fail(kFull);
  clock.AdvanceMs(999);
  Tick();
  EXPECT_FALSE(driver->Pump());
  clock.AdvanceMs(1);
  Tick();
  EXPECT_TRUE(driver->Pump());
  EXPECT_EQ(driver->outcome(), Outcome::kUndecided);
}

TEST_F(FailingDisk, AReadThatWaitsGoesOnAndANewOneDoesNotWait) {
  BatchDriver reader(*store, ports[1], 1);
  journal->Hold();
  driver->Begin({"k"}, Set("k", "v"));
  const auto read = [](View& view) { EXPECT_EQ(view.OpenRead("k").String(), "v"); };
  EXPECT_FALSE(reader.Begin({"k"}, read));
  journal->Fail(kFull);
  Tick();
  EXPECT_TRUE(reader.Pump());
  EXPECT_EQ(reader.outcome(), Outcome::kCommitted);
  EXPECT_TRUE(reader.Begin({"k"}, read));
  journal->Release();
  driver->Pump();
}

TEST_F(FailingDisk, NothingExpiresMeanwhile) {
  driver->Run({"k"}, [&](View& view) {
    view.OpenWrite("k").SetString("v", ExpiryChange::At(clock.WallMs() + 10));
  });
  journal->Fail(kFull);
  clock.AdvanceMs(11);
  Tick();
  driver->Run({"k"}, [&](View& view) {
    view.set_now_ms(clock.WallMs());
    EXPECT_FALSE(view.OpenRead("k").exists()) << "due keys are not seen";
  });
  EXPECT_EQ(disk->image().batches.size(), 1u) << "but nothing is written";
  journal->Heal();
  Tick();
  EXPECT_EQ(disk->image().batches.size(), 2u);
}

TEST_F(FailingDisk, FlushSaysWhatIsWrong) {
  journal->Hold();
  driver->Begin({"k"}, Set("k", "v"));
  journal->Fail(kFull);
  const Status flushed = store->Flush();
  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().detail, kFull);
  journal->Release();
  journal->Heal();
  driver->Pump();
}

TEST_F(FailingDisk, EverySecNeverWaits) {
  settings.sync = SyncPolicy::kEverySec;
  store->Configure(settings);
  journal->Hold();
  EXPECT_TRUE(driver->Begin({"k"}, Set("k", "v")));
}

}  // namespace
}  // namespace tideway::backend
