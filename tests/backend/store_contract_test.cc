// What every store promises, on every engine.
#include "backend/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/backend/support/store_engine.h"

namespace tideway::backend {
namespace {

using test::BatchDriver;
using test::ManualPort;
using test::StoreEngine;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr uint32_t kAllEvents = ~0u;
constexpr size_t kThreads = 2;

constexpr std::chrono::milliseconds kPatience(20'000);
constexpr std::chrono::milliseconds kQuiet(600);  // in which nothing is told
// Why a test does not fit an engine.
constexpr const char* kNodesExpire = "one of all nodes expires what is due, at a time of its own";
constexpr const char* kEstimates = "this engine's figures are estimates";

class Heard final : public StoreListener {
 public:
  Announcement OnStoreEvents(std::vector<EventNote> events) override {
    for (std::string& text : test::EventTexts(events)) told.push_back(std::move(text));
    return {};
  }
  std::vector<std::string> told;
};

class StoreContract : public testing::TestWithParam<StoreEngine> {
 protected:
  void SetUp() override {
    settings_.event_classes = kAllEvents;
    std::string why;
    store_ = GetParam().open(settings_, clock_, &why);
    if (store_ == nullptr) GTEST_SKIP() << why;
    store_->AttachThreads({&ports_[0], &ports_[1]});
    driver_ = std::make_unique<BatchDriver>(*store_, ports_[0]);
  }
  void TearDown() override {
    if (store_ != nullptr) store_->Stop();
  }

  // `ms` of the engine's time.
  void Pass(int64_t ms) {
    if (GetParam().keeps_time) {
      clock_.AdvanceMs(ms);
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(ms * GetParam().time_scale));
    }
  }
  // The expiry of a key that lives for so many ms of the engine's time; for a handler.
  static ExpiryChange In(const View& view, int64_t ms) {
    return ms == 0 ? ExpiryChange::Clear()
                   : ExpiryChange::At(view.now_ms() + ms * GetParam().time_scale);
  }
  Outcome Run(const BatchDriver::Keys& keys, const std::function<void(View&)>& handler,
              uint32_t db = 0) {
    return driver_->Run(keys, handler, db);
  }
  void Set(const std::string& key, const std::string& value, int64_t ttl_ms = 0, uint32_t db = 0) {
    Run(
        {key}, [&](View& view) { view.OpenWrite(key).SetString(value, In(view, ttl_ms)); }, db);
  }
  // `prefix`0 … in one batch.
  void SetMany(const std::string& prefix, int count) {
    BatchDriver::Keys keys;
    for (int i = 0; i < count; ++i) keys.push_back(prefix + std::to_string(i));
    Run(keys, [&](View& view) {
      for (const std::string& key : keys) view.OpenWrite(key).SetString("v", ExpiryChange::Clear());
    });
  }
  int64_t NowMs() {
    int64_t now_ms = 0;
    Run({"any"}, [&](View& view) { now_ms = view.now_ms(); });
    return now_ms;
  }
  // "-" when absent.
  std::string Get(const std::string& key, uint32_t db = 0) {
    std::string value = "-";
    Run(
        {key},
        [&](View& view) {
          const Key found = view.OpenRead(key);
          if (found.exists()) value = found.String();
        },
        db);
    return value;
  }
  // Lets the store expire what is due, which is as many keys as said; tells which it told.
  std::vector<std::string> Expire(size_t keys) {
    Heard heard;
    if (GetParam().expires_in_tick) {
      while (store_->Tick(heard) == 0) {
      }
      return heard.told;
    }
    const auto deadline = std::chrono::steady_clock::now() + (keys > 0 ? kPatience : kQuiet);
    while ((keys == 0 || heard.told.size() < keys) && std::chrono::steady_clock::now() < deadline) {
      store_->Tick(heard);
      driver_->Pump();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return heard.told;
  }

  StoreSettings settings_;
  ManualClock clock_;
  ManualPort ports_[kThreads];
  std::unique_ptr<Store> store_;
  std::unique_ptr<BatchDriver> driver_;
};

// --- load and commit

TEST_P(StoreContract, WhatABatchWroteTheNextOneReads) {
  Run({"s", "h", "z"}, [](View& view) {
    view.OpenWrite("s").SetString("value", ExpiryChange::Clear());
    Key hash = view.OpenWrite("h");
    hash.HashSet("f", "1");
    hash.HashSet("g", "2");
    view.OpenWrite("z").SetAdd("member");
  });
  EXPECT_EQ(driver_->outcome(), Outcome::kCommitted);
  Run({"s", "h", "z", "none"}, [](View& view) {
    EXPECT_EQ(view.OpenRead("s").String(), "value");
    EXPECT_EQ(view.OpenRead("h").HashSize(), 2u);
    EXPECT_EQ(view.OpenRead("h").HashGet("g"), "2");
    EXPECT_TRUE(view.OpenRead("z").SetContains("member"));
    EXPECT_FALSE(view.OpenRead("none").exists());
  });
}

TEST_P(StoreContract, ABatchSeesItsOwnWrites) {
  Run({"k"}, [](View& view) {
    view.OpenWrite("k").SetString("1", ExpiryChange::Clear());
    EXPECT_EQ(view.OpenRead("k").String(), "1");
    view.OpenWrite("k").Erase();
    EXPECT_FALSE(view.OpenRead("k").exists());
  });
  EXPECT_EQ(Get("k"), "-");
}

TEST_P(StoreContract, AnErasedKeyIsGone) {
  Set("k", "v");
  Run({"k"}, [](View& view) { view.OpenWrite("k").Erase(); });
  EXPECT_EQ(Get("k"), "-");
}

TEST_P(StoreContract, DatabasesAreApart) {
  Set("k", "zero");
  Set("k", "one", 0, 1);
  EXPECT_EQ(Get("k"), "zero");
  EXPECT_EQ(Get("k", 1), "one");
  EXPECT_EQ(Get("k", 2), "-");
}

TEST_P(StoreContract, KeysAndValuesAreBytes) {
  const std::string bytes("\0\xff\r\n\0", 5);
  Set(bytes, bytes);
  EXPECT_EQ(Get(bytes), bytes);
  Set("", "");
  EXPECT_EQ(Get(""), "");
}

TEST_P(StoreContract, LargeValuesComeBackWhole) {
  const std::string large(3 << 20, 'x');
  Set("k", large);
  EXPECT_TRUE(Get("k") == large);  // too much to print
  Run({"h"}, [](View& view) {
    Key hash = view.OpenWrite("h");
    for (int i = 0; i < 5000; ++i) hash.HashSet("field " + std::to_string(i), std::to_string(i));
  });
  Run({"h"}, [](View& view) {
    const Key hash = view.OpenRead("h");
    EXPECT_EQ(hash.HashSize(), 5000u);
    EXPECT_EQ(hash.HashGet("field 4999"), "4999");
  });
}

TEST_P(StoreContract, CommitTimestampsGrowAndHaveTheFormOfATso) {
  CommitTs last = 0;
  for (int i = 0; i < 100; ++i) {
    Set("k", std::to_string(i));
    EXPECT_GT(driver_->commit_ts(), last);
    last = driver_->commit_ts();
  }
  EXPECT_NEAR(static_cast<double>(last >> kCommitTsLogicalBits), static_cast<double>(NowMs()),
              GetParam().keeps_time ? 0 : 1000);
}

TEST_P(StoreContract, ABatchThatChangedNothingHasNoTimestamp) {
  EXPECT_EQ(Get("k"), "-");
  EXPECT_EQ(driver_->commit_ts(), 0u);
  EXPECT_EQ(driver_->outcome(), Outcome::kCommitted);
}

TEST_P(StoreContract, ABatchThatReadsEverythingSeesEveryKeyOnce) {
  std::set<std::string> expected;
  for (int i = 0; i < 500; ++i) expected.insert("key " + std::to_string(i));
  SetMany("key ", 500);
  Set("elsewhere", "v", 0, 1);
  Run({}, [&](View& view) {
    EXPECT_EQ(view.DbSize(0), 500u);
    EXPECT_EQ(view.DbSize(1), 1u);
    std::multiset<std::string> found;
    view.ForEachKey([&](const Key& key) { found.emplace(key.name()); });
    EXPECT_TRUE(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
    EXPECT_TRUE(expected.contains(view.RandomKey().value()));
  });
}

TEST_P(StoreContract, TheSizeOfADatabaseCountsWhatTheBatchItselfWrote) {
  SetMany("key ", 5);
  // A batch that looks at a size and at keys.
  driver_->set_ranges({{RangeRead::Kind::kSize, 0}});
  Run({"key 0", "key 1", "new"}, [](View& view) {
    EXPECT_EQ(view.DbSize(0), 5u);
    view.OpenWrite("new").SetString("v", ExpiryChange::Clear());
    EXPECT_EQ(view.DbSize(0), 6u);
    view.OpenWrite("key 0").Erase();
    view.OpenWrite("key 1").SetString("w", ExpiryChange::Clear());
    EXPECT_EQ(view.DbSize(0), 5u);
  });
}

TEST_P(StoreContract, AScanOverSeveralBatchesFindsWhatIsThereAllTheTime) {
  SetMany("key ", 300);
  // Alone, and beside what writes.
  for (const bool may_write : {false, true}) {
    std::set<std::string> found;
    uint64_t cursor = 0;
    int step = 0;
    do {
      driver_->set_may_write(may_write);
      driver_->set_ranges({{RangeRead::Kind::kPage, 0, cursor, 10}});
      Run({}, [&](View& view) {
        cursor = view.Scan(cursor, 10, [&](const Key& key) { found.emplace(key.name()); });
      });
      driver_->set_may_write(true);
      // The table grows under the scan.
      SetMany("new " + std::to_string(step) + " ", 5);  // fewer than it looks at
      ASSERT_LT(++step, 1000);
    } while (cursor != 0);
    for (int i = 0; i < 300; ++i) EXPECT_TRUE(found.contains("key " + std::to_string(i))) << i;
  }
}

TEST_P(StoreContract, SeveralRangesOfABatchDoNotDisturbEachOther) {
  SetMany("a ", 100);
  SetMany("b ", 100);
  driver_->set_ranges({{RangeRead::Kind::kSize, 0}, {RangeRead::Kind::kRandom, 0}});
  Run({}, [](View& view) {
    EXPECT_EQ(view.DbSize(0), 200u);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(view.RandomKey());
  });
  // Two walks, step by step in the same batches.
  std::set<std::string> found[2];
  uint64_t cursors[2] = {0, 0};
  bool ended[2] = {false, false};
  for (int step = 0; !(ended[0] && ended[1]); ++step) {
    ASSERT_LT(step, 1000);
    driver_->set_ranges(
        {{RangeRead::Kind::kPage, 0, cursors[0], 10}, {RangeRead::Kind::kPage, 0, cursors[1], 25}});
    uint64_t next[2] = {0, 0};
    Run({}, [&](View& view) {
      for (const int walk : {0, 1}) {
        next[walk] = view.Scan(cursors[walk], walk == 0 ? 10 : 25, [&](const Key& key) {
          if (!ended[walk]) found[walk].emplace(key.name());
        });
      }
    });
    for (const int walk : {0, 1}) {
      ended[walk] = ended[walk] || next[walk] == 0;
      cursors[walk] = ended[walk] ? 0 : next[walk];
    }
  }
  EXPECT_EQ(found[0].size(), 200u);
  EXPECT_EQ(found[1].size(), 200u);
}

TEST_P(StoreContract, AScanSeesWhatItsBatchHasWritten) {
  Set("old", "v");
  driver_->set_ranges({{RangeRead::Kind::kPage, 0, 0, 10}});
  std::set<std::string> found;
  Run({"new", "old"}, [&](View& view) {
    found.clear();
    view.OpenWrite("new").SetString("v", ExpiryChange::Clear());
    view.OpenWrite("old").Erase();
    view.Scan(0, 10, [&](const Key& key) { found.emplace(key.name()); });
  });
  EXPECT_EQ(found, std::set<std::string>({"new"}));
}

TEST_P(StoreContract, ARangeByPrefixShowsEveryKeyThatBeginsSo) {
  const std::vector<std::string> keys = {"",   "a", "ab",   "ab\xff",  "ab\xff\xff",
                                         "ac", "b", "\xff", "\xff\xff"};
  for (const std::string& key : keys) Set(key, "v");
  for (const std::string prefix : {"", "a", "ab", "ab\xff", "\xff", "\xff\xff", "none"}) {
    driver_->set_ranges({{.kind = RangeRead::Kind::kKeys, .db = 0, .prefix = prefix}});
    std::set<std::string> shown;
    Run({},
        [&](View& view) { view.ForEachKey([&](const Key& key) { shown.emplace(key.name()); }); });
    for (const std::string& key : keys) {
      if (key.starts_with(prefix)) {
        EXPECT_TRUE(shown.contains(key)) << prefix << ": " << key;
      }
    }
  }
}

TEST_P(StoreContract, FlushEmptiesOneDatabase) {
  Set("a", "v");
  Set("b", "v");
  Set("a", "v", 0, 1);
  driver_->set_ranges({{RangeRead::Kind::kFlush, 0}});
  Run({}, [](View& view) {
    const size_t keys = view.Flush(0);
    if (GetParam().counts_exactly) {
      EXPECT_EQ(keys, 2u);
    }
  });
  EXPECT_EQ(Get("a"), "-");
  EXPECT_EQ(Get("a", 1), "v");
}

TEST_P(StoreContract, SwapExchangesDatabases) {
  if (!GetParam().swaps_databases) GTEST_SKIP() << "this engine refuses SWAPDB";
  Set("k", "zero");
  Set("k", "one", 0, 1);
  Run({}, [](View& view) { view.Swap(0, 1); });
  EXPECT_EQ(Get("k"), "one");
  EXPECT_EQ(Get("k", 1), "zero");
}

// --- threads

TEST_P(StoreContract, NoIncrementOfAnyThreadIsLost) {
  const int increments = GetParam().rounds;
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, thread, increments] {
      BatchDriver driver(*store_, ports_[thread], thread);
      const std::string own = "own " + std::to_string(thread);
      for (int i = 0; i < increments; ++i) {
        driver.Run({"shared", own}, [&](View& view) {
          for (const std::string& name : {std::string("shared"), own}) {
            Key key = view.OpenWrite(name);
            const int old = key.exists() ? std::stoi(std::string(key.String())) : 0;
            key.SetString(std::to_string(old + 1), ExpiryChange::Clear());
          }
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Get("shared"), std::to_string(static_cast<int>(kThreads) * increments));
  EXPECT_EQ(Get("own 0"), std::to_string(increments));
  EXPECT_EQ(Get("own 1"), std::to_string(increments));
}

TEST_P(StoreContract, ABatchOfSeveralKeysIsSeenWholeOrNotAtAll) {
  const int rounds = GetParam().rounds;
  std::thread writer([this, rounds] {
    BatchDriver driver(*store_, ports_[1], 1);
    for (int i = 0; i < rounds; ++i) {
      driver.Run({"a", "b"}, [&](View& view) {
        view.OpenWrite("a").SetString(std::to_string(i), ExpiryChange::Clear());
        view.OpenWrite("b").SetString(std::to_string(i), ExpiryChange::Clear());
      });
    }
  });
  for (int i = 0; i < rounds; ++i) {
    // In the other order of keys, too: locks must not depend on it.
    Run({"b", "a"}, [](View& view) {
      const Key a = view.OpenRead("a");
      const Key b = view.OpenRead("b");
      ASSERT_EQ(a.exists(), b.exists());
      if (!a.exists()) return;
      EXPECT_EQ(a.String(), b.String());
    });
  }
  writer.join();
}

// --- WATCH

TEST_P(StoreContract, ARevisionChangesWithEachWriteOfTheKeyAndWithNothingElse) {
  driver_->set_wants_revisions(true);
  Set("k", "v");
  uint64_t revision = 0;
  Run({"k"}, [&](View& view) { revision = view.WatchRevision(0, "k"); });
  const auto changed = [&] {
    uint64_t now = 0;
    Run({"k"}, [&](View& view) { now = view.CurrentRevision(0, "k"); });
    return std::exchange(revision, now) != now;
  };
  EXPECT_FALSE(changed());
  Get("k");
  Set("other", "v");
  Set("k", "v", 0, 1);
  EXPECT_FALSE(changed());
  Set("k", "v");
  EXPECT_TRUE(changed());
  Run({"k"}, [](View& view) { view.OpenWrite("k").Erase(); });
  EXPECT_TRUE(changed());
  Set("k", "v");
  EXPECT_TRUE(changed());
  driver_->set_ranges({{RangeRead::Kind::kFlush, 0}});
  Run({}, [](View& view) { view.Flush(0); });
  EXPECT_TRUE(changed());
  store_->Unwatch(0, "k");
}

TEST_P(StoreContract, AnAbsentKeyCanBeWatched) {
  driver_->set_wants_revisions(true);
  uint64_t before = 0;
  Run({"k"}, [&](View& view) { before = view.WatchRevision(0, "k"); });
  Set("k", "v");
  Run({"k"}, [&](View& view) { EXPECT_NE(view.CurrentRevision(0, "k"), before); });
  store_->Unwatch(0, "k");
}

TEST_P(StoreContract, AnExpiryChangesTheRevision) {
  driver_->set_wants_revisions(true);
  Set("k", "v", 10);
  uint64_t before = 0;
  Run({"k"}, [&](View& view) { before = view.WatchRevision(0, "k"); });
  Pass(11);
  Expire(1);
  Run({"k"}, [&](View& view) { EXPECT_NE(view.CurrentRevision(0, "k"), before); });
  store_->Unwatch(0, "k");
}

TEST_P(StoreContract, TwoWatchersOfAKeyAreCounted) {
  driver_->set_wants_revisions(true);
  uint64_t before = 0;
  Run({"k"}, [&](View& view) {
    before = view.WatchRevision(0, "k");
    EXPECT_EQ(view.WatchRevision(0, "k"), before);
  });
  store_->Unwatch(0, "k");
  Set("k", "v");
  Run({"k"}, [&](View& view) { EXPECT_NE(view.CurrentRevision(0, "k"), before); });
  store_->Unwatch(0, "k");
}

// --- expiry

TEST_P(StoreContract, ADueKeyReadsAsAbsentAndIsToldOnce) {
  if (!GetParam().expires_in_tick) store_->SetActiveExpire(false);
  Set("k", "v", 10);
  if (GetParam().keeps_time) {
    Pass(10);
    EXPECT_EQ(Get("k"), "v") << "at its very time it still lives, as in Redis";
    Pass(1);
  } else {
    EXPECT_EQ(Get("k"), "v");
    Pass(11);
  }
  EXPECT_EQ(Get("k"), "-");
  EXPECT_THAT(driver_->events(), ElementsAre("expired 0 k", "keymiss 0 k"));
  EXPECT_THAT(Expire(0), IsEmpty());
}

TEST_P(StoreContract, TickExpiresWhatIsDueAndTellsIt) {
  Set("a", "v", 10);
  Set("b", "v", 2000);
  Set("c", "v");
  Set("d", "v", 15, 1);
  Pass(16);
  EXPECT_THAT(Expire(2), UnorderedElementsAre("expired 0 a", "expired 1 d"));
  if (GetParam().counts_exactly) {
    EXPECT_EQ(store_->Databases()[0].keys, 2u);
  }
  EXPECT_EQ(store_->Stats().expired_keys, 2u);
}

TEST_P(StoreContract, TickSaysWhenItWantsToRunAgain) {
  if (!GetParam().expires_in_tick) GTEST_SKIP() << kNodesExpire;
  Heard heard;
  EXPECT_LE(store_->Tick(heard), 100);
  EXPECT_GT(store_->Tick(heard), 0);
  Set("k", "v", 30);
  const int64_t wait_ms = store_->Tick(heard);
  EXPECT_LE(wait_ms, 31);
  Pass(wait_ms);
  // At the time it asked for, at the latest at the next, the key is gone.
  store_->Tick(heard);
  Pass(1);
  store_->Tick(heard);
  if (wait_ms < 30) GTEST_SKIP() << "this engine looks more often";
  EXPECT_THAT(heard.told, ElementsAre("expired 0 k"));
}

TEST_P(StoreContract, ManyKeysDueAtOnceAreAllExpired) {
  constexpr size_t kKeys = 10'000;
  BatchDriver::Keys keys;
  for (size_t i = 0; i < kKeys; ++i) keys.push_back("key " + std::to_string(i));
  Run(keys, [&](View& view) {
    for (const std::string& key : keys) view.OpenWrite(key).SetString("v", In(view, 10));
  });
  ASSERT_EQ(driver_->outcome(), Outcome::kCommitted) << driver_->detail();
  Pass(11);
  const auto told = Expire(kKeys);
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()).size(), kKeys);
  if (GetParam().counts_exactly) {
    EXPECT_EQ(store_->Databases()[0].keys, 0u);
  }
}

TEST_P(StoreContract, WithoutActiveExpireOnlyAReadExpires) {
  store_->SetActiveExpire(false);
  Set("k", "v", 10);
  Pass(11);
  EXPECT_THAT(Expire(0), IsEmpty());
  if (GetParam().counts_exactly) {
    EXPECT_EQ(store_->Databases()[0].keys, 1u);
  }
  EXPECT_EQ(Get("k"), "-");
  if (GetParam().counts_exactly) {
    EXPECT_EQ(store_->Databases()[0].keys, 0u);
  }
  store_->SetActiveExpire(true);
}

TEST_P(StoreContract, WithoutExpireWritesADueKeyIsAbsentButStays) {
  store_->SetExpireWrites(false);
  Set("k", "v", 10);
  Pass(11);
  driver_->set_may_write(false);
  EXPECT_EQ(Get("k"), "-");
  EXPECT_EQ(driver_->commit_ts(), 0u);
  EXPECT_THAT(Expire(0), IsEmpty());
  if (GetParam().counts_exactly) {
    EXPECT_EQ(store_->Databases()[0].keys, 1u);
  }
  store_->SetExpireWrites(true);
  EXPECT_THAT(Expire(1), ElementsAre("expired 0 k"));
}

TEST_P(StoreContract, AKeyThatIsWrittenAgainExpiresAtItsNewTime) {
  Set("k", "v", 10);
  Set("k", "w", 300);
  Pass(50);
  EXPECT_THAT(Expire(0), IsEmpty());
  EXPECT_EQ(Get("k"), "w");
  Set("k", "x");
  Pass(260);
  EXPECT_THAT(Expire(0), IsEmpty());
  EXPECT_EQ(Get("k"), "x");
}

// --- events

TEST_P(StoreContract, EventsComeOutInTheOrderInWhichTheyWereNoted) {
  Run({"a", "b"}, [](View& view) {
    Key a = view.OpenWrite("a");
    a.SetString("1", ExpiryChange::Clear());
    view.Note(Event::kSet, a);
    view.Note(Event::kExpire, a);
    view.Note(Event::kDel, 3, "b");
  });
  EXPECT_THAT(driver_->events(), ElementsAre("new 0 a", "set 0 a", "expire 0 a", "del 3 b"));
}

TEST_P(StoreContract, OnlyClassesThatSomebodyMayHearAreTold) {
  settings_.event_classes = kNotifyHash;
  store_->Configure(settings_);
  Run({"a"}, [](View& view) {
    view.Note(Event::kSet, 0, "a");
    view.Note(Event::kHSet, 0, "a");
  });
  EXPECT_THAT(driver_->events(), ElementsAre("hset 0 a"));
}

TEST_P(StoreContract, ABatchBeginsWithoutWhatTheLastOneLeft) {
  Run({"a"}, [](View& view) { view.Note(Event::kSet, 0, "a"); });
  Run({"a"}, [](View& view) {
    EXPECT_TRUE(view.events().empty());
    EXPECT_TRUE(view.changes().empty());
  });
  EXPECT_THAT(driver_->events(), IsEmpty());
}

// --- figures

TEST_P(StoreContract, StatsCountHitsMissesAndExpiries) {
  Set("k", "v", 10);
  Get("k");
  Get("k");
  Get("none");
  EXPECT_EQ(store_->Stats().keyspace_hits, 2u);
  EXPECT_EQ(store_->Stats().keyspace_misses, 1u);
  Pass(11);
  Expire(1);
  EXPECT_EQ(store_->Stats().expired_keys, 1u);
  store_->ResetStats();
  EXPECT_EQ(store_->Stats().keyspace_hits, 0u);
  EXPECT_EQ(store_->Stats().keyspace_misses, 0u);
  EXPECT_EQ(store_->Stats().expired_keys, 0u);
}

TEST_P(StoreContract, DatabasesCountKeysAndThoseThatExpire) {
  if (!GetParam().counts_exactly) GTEST_SKIP() << kEstimates;
  Set("a", "v");
  Set("b", "v", 1000);
  Set("c", "v", 1000, 3);
  const auto databases = store_->Databases();
  ASSERT_EQ(databases.size(), 4u);
  EXPECT_EQ(databases[0].keys, 2u);
  EXPECT_EQ(databases[0].expires, 1u);
  EXPECT_EQ(databases[1].keys, 0u);
  EXPECT_EQ(databases[3].keys, 1u);
  EXPECT_EQ(databases[3].expires, 1u);
}

TEST_P(StoreContract, UsedBytesGrowWithTheDataAndComeBack) {
  if (!GetParam().counts_exactly) GTEST_SKIP() << kEstimates;
  const uint64_t empty = store_->UsedBytes();
  Set("k", std::string(100'000, 'x'));
  EXPECT_GE(store_->UsedBytes(), empty + 100'000);
  Run({"k"}, [](View& view) { view.OpenWrite("k").Erase(); });
  EXPECT_LT(store_->UsedBytes(), empty + 10'000);
}

TEST_P(StoreContract, AHealthyStoreAcceptsWritesAndFlushes) {
  EXPECT_EQ(store_->WriteRefusal(), "");
  EXPECT_TRUE(store_->Flush().ok());
}

TEST_P(StoreContract, ALongestStringIsTakenFromTheSettings) {
  settings_.string_bytes_max = 1000;
  store_->Configure(settings_);
  Run({"k"}, [](View& view) { EXPECT_EQ(view.string_bytes_max(), 1000u); });
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreContract, testing::ValuesIn(test::StoreEngines()),
                         [](const auto& engine) { return engine.param.name; });

}  // namespace
}  // namespace tideway::backend
