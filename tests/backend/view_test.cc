#include "backend/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "backend/data/key_hash.h"
#include "backend/data/keyspace.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kNow = 1'700'000'000'000;

class ViewTest : public testing::Test {
 protected:
  ViewTest() { view_.set_now_ms(kNow); }

  void Set(std::string_view key, std::string_view value = "v", int64_t at_ms = kNoExpiry) {
    view_.OpenWrite(key).SetString(
        value, at_ms == kNoExpiry ? ExpiryChange::Clear() : ExpiryChange::At(at_ms));
  }
  /// "event db key" of everything noted since the last call.
  std::vector<std::string> Events() {
    std::vector<std::string> told;
    for (const EventNote& note : view_.TakeEvents())
      told.push_back(std::string(EventName(note.event)) + ' ' + std::to_string(note.db) + ' ' +
                     note.key);
    return told;
  }
  /// The same from the journal records.
  std::vector<std::string> JournalledEvents() {
    std::vector<std::string> told;
    ChangeReader reader(view_.changes().view());
    ChangeRecord record;
    while (reader.Next(record)) {
      if (record.op == ChangeOp::kEvent)
        told.push_back(std::string(EventName(static_cast<Event>(record.number))) + ' ' +
                       std::to_string(record.db) + ' ' + std::string(record.key));
    }
    return told;
  }

  Keyspace keyspace_;
  View view_{keyspace_};
};

// --- opening

TEST_F(ViewTest, CountsHitsAndMissesOfReadsOnly) {
  Set("a");
  EXPECT_EQ(view_.OpenRead("a").String(), "v");
  EXPECT_FALSE(view_.OpenRead("b").exists());
  EXPECT_TRUE(view_.OpenReadNoTouch("a").exists());
  view_.OpenWrite("b");
  view_.Peek("b");
  EXPECT_EQ(view_.counters().hits, 2u);
  EXPECT_EQ(view_.counters().misses, 1u);
}

TEST_F(ViewTest, AKeyExpiresBehindItsMillisecond) {
  Set("a", "v", kNow + 10);
  view_.set_now_ms(kNow + 10);
  EXPECT_TRUE(view_.OpenRead("a").exists());
  view_.set_now_ms(kNow + 11);
  EXPECT_FALSE(view_.OpenRead("a").exists());
}

TEST_F(ViewTest, LazyExpiryErasesAndTellsOnce) {
  Set("a", "v", kNow + 10);
  view_.Reset();
  view_.set_now_ms(kNow + 11);
  EXPECT_FALSE(view_.OpenWrite("a").exists());
  EXPECT_FALSE(view_.OpenRead("a").exists());
  EXPECT_EQ(view_.DbSize(0), 0u);
  EXPECT_EQ(view_.counters().expired, 1u);
  EXPECT_THAT(JournalledEvents(), ElementsAre("expired 0 a"));
  EXPECT_THAT(Events(), ElementsAre("expired 0 a"));
}

TEST_F(ViewTest, WithoutExpireWritesADueKeyIsOnlyAbsent) {
  Set("a", "v", kNow + 10);
  view_.Reset();
  view_.set_now_ms(kNow + 11);
  view_.set_expire_writes(false);
  EXPECT_FALSE(view_.OpenWrite("a").exists());
  EXPECT_EQ(view_.ExpireDue(StripeOf(KeyHash("a")), 100), 0u);
  EXPECT_EQ(view_.DbSize(0), 1u);
  EXPECT_TRUE(view_.changes().empty());
  EXPECT_THAT(Events(), IsEmpty());
  view_.set_expire_writes(true);
  EXPECT_EQ(view_.ExpireDue(StripeOf(KeyHash("a")), 100), 1u);
  EXPECT_EQ(view_.DbSize(0), 0u);
}

TEST_F(ViewTest, WritingOverAHiddenDueKeyIsAFreshKey) {
  Set("a", "old", kNow + 10);
  view_.set_now_ms(kNow + 11);
  view_.set_expire_writes(false);
  view_.OpenWrite("a").SetString("new", ExpiryChange::Keep());
  EXPECT_EQ(view_.DbSize(0), 1u);
  EXPECT_EQ(view_.OpenRead("a").String(), "new");
  EXPECT_EQ(view_.OpenRead("a").expire_at_ms(), kNoExpiry);
}

TEST_F(ViewTest, TouchingFollowsTheKindOfOpening) {
  Set("a");
  view_.set_now_ms(kNow + 100'000);
  EXPECT_EQ(view_.Peek("a").IdleSeconds(), 100);
  EXPECT_EQ(view_.OpenReadNoTouch("a").IdleSeconds(), 100);
  EXPECT_EQ(view_.OpenRead("a").IdleSeconds(), 0);
}

// --- events

TEST_F(ViewTest, NewAndKeyMissAreToldOnlyWhenAskedFor) {
  Set("a");
  view_.OpenRead("missing");
  EXPECT_THAT(Events(), IsEmpty());
  view_.set_event_filter(kNotifyNew | kNotifyKeyMiss);
  Set("a");
  Set("b");
  view_.OpenWrite("h").HashSet("f", "v");
  view_.OpenWrite("s").SetAdd("m");
  Key set = view_.OpenWrite("s");
  set.ResetToSet();
  set.SetAdd("n");
  view_.OpenRead("missing");
  Key source = view_.OpenWrite("a");
  Key target = view_.OpenWrite("b");
  source.MoveTo(target);
  EXPECT_THAT(Events(),
              ElementsAre("new 0 b", "new 0 h", "new 0 s", "keymiss 0 missing", "new 0 b"));
  EXPECT_THAT(JournalledEvents(), IsEmpty());
}

TEST_F(ViewTest, EventsThatNobodyWantsStandInTheJournalOnly) {
  view_.set_event_filter(kNotifyHash);
  Set("a");
  view_.Note(Event::kSet, 0, "a");
  view_.Note(Event::kHSet, 3, "b");
  EXPECT_THAT(Events(), ElementsAre("hset 3 b"));
  EXPECT_THAT(JournalledEvents(), ElementsAre("set 0 a", "hset 3 b"));
}

// --- values

TEST_F(ViewTest, EncodingNamesAreThoseOfRedis) {
  const auto name = [&](std::string_view value) {
    Set("k", value);
    return view_.Peek("k").EncodingName();
  };
  EXPECT_EQ(name("1"), "int");
  EXPECT_EQ(name("-9223372036854775808"), "int");
  EXPECT_EQ(name("9223372036854775808"), "embstr");
  EXPECT_EQ(name("007"), "embstr");
  EXPECT_EQ(name(""), "embstr");
  EXPECT_EQ(name(std::string(44, 'x')), "embstr");
  EXPECT_EQ(name(std::string(45, 'x')), "raw");
  EXPECT_EQ(name(std::string(100'000, 'x')), "raw");
  Set("k", "1");
  view_.OpenWrite("k").SpliceString(1, "2");
  EXPECT_EQ(view_.Peek("k").EncodingName(), "raw");
  Key copy = view_.OpenWrite("copy");
  view_.OpenWrite("k").CopyTo(copy);
  EXPECT_EQ(copy.EncodingName(), "raw");
  EXPECT_EQ(name("12"), "int");
  view_.OpenWrite("h").HashSet("f", "v");
  EXPECT_EQ(view_.Peek("h").EncodingName(), "listpack");
  view_.OpenWrite("h").HashSet("f", std::string(65, 'v'));
  EXPECT_EQ(view_.Peek("h").EncodingName(), "hashtable");
  view_.OpenWrite("s").SetAdd("1");
  EXPECT_EQ(view_.Peek("s").EncodingName(), "intset");
  view_.OpenWrite("s").SetAdd("x");
  EXPECT_EQ(view_.Peek("s").EncodingName(), "hashtable");
}

TEST_F(ViewTest, AppendingIsAmortised) {
  Key key = view_.OpenWrite("k");
  std::string wanted;
  for (int i = 0; i < 100'000; ++i) {
    const std::string piece = std::to_string(i);
    key.SpliceString(wanted.size(), piece);
    wanted += piece;
    view_.Reset();
  }
  EXPECT_EQ(key.String(), wanted);
  EXPECT_LT(key.MemoryUsage(), wanted.size() * 2);
}

TEST_F(ViewTest, SpliceFillsAGapWithZeros) {
  Key key = view_.OpenWrite("k");
  key.SpliceString(3, "x");
  EXPECT_EQ(key.String(), std::string("\0\0\0x", 4));
  key.SpliceString(5000, "y");
  EXPECT_EQ(key.String().size(), 5001u);
  EXPECT_EQ(key.String()[4999], '\0');
}

TEST_F(ViewTest, LongKeysAndEmptyKeysWork) {
  for (const size_t size :
       {size_t{0}, size_t{65534}, size_t{65535}, size_t{65536}, size_t{300'000}}) {
    const std::string name(size, 'k');
    Set(name, "value", kNow + 5);
    Key key = view_.OpenWrite(name);
    EXPECT_EQ(key.String(), "value");
    EXPECT_EQ(key.expire_at_ms(), kNow + 5);
    EXPECT_TRUE(key.ClearExpiry());
    EXPECT_EQ(key.String(), "value");
    Key target = view_.OpenWrite("target");
    key.MoveTo(target);
    EXPECT_EQ(target.String(), "value");
    EXPECT_FALSE(view_.OpenRead(name).exists());
  }
}

TEST_F(ViewTest, MovingKeepsValueAndExpiryAcrossDatabases) {
  Set("a", "v", kNow + 50);
  Key source = view_.OpenWrite("a");
  Key target = view_.OpenWriteIn(5, "a");
  source.MoveTo(target);
  EXPECT_FALSE(source.exists());
  EXPECT_EQ(target.expire_at_ms(), kNow + 50);
  EXPECT_EQ(view_.ExpiringCount(0), 0u);
  EXPECT_EQ(view_.ExpiringCount(5), 1u);
  target.MoveTo(target);
  EXPECT_TRUE(target.exists());
}

TEST_F(ViewTest, MemoryOfASmallKeyIsUnderHalfOfRedis) {
  Set("key:000000000042", "12345678");
  EXPECT_LE(view_.Peek("key:000000000042").MemoryUsage(), 48u);
}

// --- active expiry

TEST_F(ViewTest, ActiveExpiryFollowsTheTimesOverAllDatabases) {
  std::map<uint32_t, std::vector<std::pair<int64_t, std::string>>> wanted;
  std::mt19937_64 random(test::Seed());
  std::vector<int64_t> times(2000);
  for (size_t i = 0; i < times.size(); ++i) times[i] = kNow + static_cast<int64_t>(i);
  std::shuffle(times.begin(), times.end(), random);
  for (const int64_t at_ms : times) {
    const std::string name = "key:" + std::to_string(at_ms);
    const uint32_t db = static_cast<uint32_t>(random() % 3);
    view_.OpenWriteIn(db, name).SetString("v", ExpiryChange::At(at_ms));
    wanted[StripeOf(KeyHash(name))].emplace_back(at_ms,
                                                 "expired " + std::to_string(db) + ' ' + name);
  }
  view_.Reset();
  view_.set_now_ms(kNow + 1000);
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    std::sort(wanted[stripe].begin(), wanted[stripe].end());
    EXPECT_LE(keyspace_.DueHintMs(stripe), wanted[stripe].front().first);
    EXPECT_EQ(keyspace_.NextDueMs(stripe), wanted[stripe].front().first);
    while (view_.ExpireDue(stripe, 3) == 3) continue;
    std::vector<std::string> names;
    for (const auto& [at_ms, name] : wanted[stripe])
      if (at_ms < kNow + 1000) names.push_back(name);
    EXPECT_EQ(Events(), names);
    EXPECT_GE(keyspace_.DueHintMs(stripe), kNow + 1000);
  }
}

// --- WATCH

class WatchTest : public ViewTest {
 protected:
  /// Whether EXEC of a client that watched `key` before would run.
  bool Unchanged(std::string_view key, uint64_t revision) {
    return view_.CurrentRevision(0, key) == revision;
  }
};

TEST_F(WatchTest, AnyChangeOfAWatchedKeyShows) {
  const std::vector<std::function<void(Key&)>> changes = {
      [](Key& key) { key.SetString("w", ExpiryChange::Clear()); },
      [](Key& key) { key.SpliceString(0, "w"); },
      [](Key& key) { key.SetExpiry(kNow + 1000); },
      [](Key& key) { key.Erase(); },
      [this](Key& key) {
        Key target = view_.OpenWrite("target");
        key.MoveTo(target);
      },
      [this](Key& key) {
        Set("source", "w");
        view_.OpenWrite("source").CopyTo(key);
      },
      [](Key& key) {
        key.ResetToHash();
        key.HashSet("f", "v");
      },
  };
  for (const auto& change : changes) {
    Set("k");
    const uint64_t revision = view_.WatchRevision(0, "k");
    const uint64_t other = view_.WatchRevision(0, "other");
    EXPECT_TRUE(Unchanged("k", revision));
    Key key = view_.OpenWrite("k");
    EXPECT_TRUE(Unchanged("k", revision));
    change(key);
    EXPECT_FALSE(Unchanged("k", revision));
    EXPECT_TRUE(Unchanged("other", other));
    view_.ReleaseWatch(0, "k");
    view_.ReleaseWatch(0, "other");
  }
}

TEST_F(WatchTest, ChangesThatChangeNothingDoNotShow) {
  view_.OpenWrite("h").HashSet("f", "v");
  view_.OpenWrite("s").SetAdd("m");
  const uint64_t hash = view_.WatchRevision(0, "h");
  const uint64_t set = view_.WatchRevision(0, "s");
  view_.OpenWrite("h").HashErase("none");
  view_.OpenWrite("h").ClearExpiry();
  view_.OpenWrite("s").SetAdd("m");
  view_.OpenWrite("s").SetRemove("none");
  EXPECT_TRUE(Unchanged("h", hash));
  EXPECT_TRUE(Unchanged("s", set));
}

TEST_F(WatchTest, WatchersAreCountedAndForgotten) {
  const uint64_t first = view_.WatchRevision(0, "k");
  EXPECT_EQ(view_.WatchRevision(0, "k"), first);
  view_.ReleaseWatch(0, "k");
  EXPECT_TRUE(Unchanged("k", first));
  view_.ReleaseWatch(0, "k");
  view_.ReleaseWatch(0, "k");
  EXPECT_TRUE(keyspace_.stripe(StripeOf(KeyHash("k"))).watches.empty());
}

TEST_F(WatchTest, AKeyThatExpiresMeanwhileShows) {
  Set("k", "v", kNow + 10);
  const uint64_t revision = view_.WatchRevision(0, "k");
  view_.set_now_ms(kNow + 20);
  EXPECT_FALSE(Unchanged("k", revision));
}

TEST_F(WatchTest, AKeyThatExpiresMeanwhileShowsWhoeverErasesIt) {
  Set("k", "v", kNow + 10);
  const uint64_t revision = view_.WatchRevision(0, "k");
  view_.set_now_ms(kNow + 20);
  view_.ExpireDue(StripeOf(KeyHash("k")), 10);
  EXPECT_FALSE(Unchanged("k", revision));
}

TEST_F(WatchTest, AKeyDueBeforeWatchIsNoChangeWhenItGoes) {
  Set("k", "v", kNow + 10);
  view_.set_now_ms(kNow + 20);
  const uint64_t revision = view_.WatchRevision(0, "k");
  EXPECT_TRUE(Unchanged("k", revision));
  EXPECT_FALSE(view_.OpenWrite("k").exists());
  EXPECT_TRUE(Unchanged("k", revision));
  Set("k");
  EXPECT_FALSE(Unchanged("k", revision));
}

TEST_F(WatchTest, FlushShowsForKeysThatWereThere) {
  Set("there");
  Set("due", "v", kNow + 10);
  view_.set_now_ms(kNow + 20);
  const uint64_t there = view_.WatchRevision(0, "there");
  const uint64_t due = view_.WatchRevision(0, "due");
  const uint64_t absent = view_.WatchRevision(0, "absent");
  view_.Flush(0);
  EXPECT_FALSE(Unchanged("there", there));
  EXPECT_TRUE(Unchanged("due", due));
  EXPECT_TRUE(Unchanged("absent", absent));
}

TEST_F(WatchTest, SwapShowsForKeysThatAreInEither) {
  Set("here");
  view_.OpenWriteIn(1, "there").SetString("v", ExpiryChange::Clear());
  Set("due", "v", kNow + 10);
  view_.OpenWriteIn(1, "due").SetString("v", ExpiryChange::At(kNow + 10));
  view_.OpenWriteIn(1, "comes due").SetString("v", ExpiryChange::At(kNow + 10));
  view_.set_now_ms(kNow + 20);
  std::map<std::string, uint64_t> revisions;
  for (const char* name : {"here", "there", "due", "comes due", "absent"})
    revisions[name] = view_.WatchRevision(0, name);
  view_.Swap(0, 1);
  EXPECT_FALSE(Unchanged("here", revisions["here"]));
  EXPECT_FALSE(Unchanged("there", revisions["there"]));
  for (const char* name : {"due", "comes due", "absent"}) {
    EXPECT_TRUE(Unchanged(name, revisions[name])) << name;
    view_.OpenWrite(name);
    EXPECT_TRUE(Unchanged(name, revisions[name])) << name;
  }
}

// --- ranges

TEST_F(ViewTest, SwapExchangesDatabases) {
  Set("a", "zero", kNow + 10);
  view_.OpenWriteIn(3, "a").SetString("three", ExpiryChange::Clear());
  const uint64_t epoch = keyspace_.swap_epoch();
  view_.Swap(0, 3);
  EXPECT_NE(keyspace_.swap_epoch(), epoch);
  EXPECT_EQ(view_.OpenRead("a").String(), "three");
  view_.set_now_ms(kNow + 11);
  view_.ExpireDue(StripeOf(KeyHash("a")), 10);
  EXPECT_THAT(Events(), ElementsAre("expired 3 a"));
}

TEST_F(ViewTest, ScanTellsEveryKeyThatStays) {
  std::mt19937_64 random(test::Seed());
  for (int i = 0; i < 500; ++i) Set("stays:" + std::to_string(i));
  std::set<std::string> told;
  uint64_t cursor = 0;
  do {
    cursor = view_.Scan(cursor, 10, [&](const Key& key) { told.emplace(key.name()); });
    ASSERT_LT(cursor, uint64_t{1} << 48);
    const bool growing = random() % 2 == 0;
    for (int i = 0; i < 300; ++i) {
      const std::string name = "comes and goes:" + std::to_string(random() % 5000);
      Key key = view_.OpenWrite(name);
      if (growing) {
        key.SetString("v", ExpiryChange::Clear());
      } else if (key.exists()) {
        key.Erase();
      }
    }
    view_.Reset();
  } while (cursor != 0);
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(told.contains("stays:" + std::to_string(i)));
}

TEST_F(ViewTest, ScanLeavesDueKeysOutAndExpiresThem) {
  for (int i = 0; i < 100; ++i) Set("due:" + std::to_string(i), "v", kNow + 1);
  Set("live");
  view_.Reset();
  view_.set_now_ms(kNow + 5);
  size_t listed = 0;
  view_.ForEachKey([&](const Key&) { ++listed; });
  EXPECT_EQ(listed, 1u);
  EXPECT_EQ(view_.DbSize(0), 101u);
  std::vector<std::string> told;
  uint64_t cursor = 0;
  do {
    cursor = view_.Scan(cursor, 10, [&](const Key& key) { told.emplace_back(key.name()); });
  } while (cursor != 0);
  EXPECT_THAT(told, ElementsAre("live"));
  EXPECT_EQ(view_.DbSize(0), 1u);
  EXPECT_EQ(Events().size(), 100u);
}

TEST_F(ViewTest, ScanTakesAnyCursor) {
  for (int i = 0; i < 1000; ++i) Set("k" + std::to_string(i));
  std::mt19937_64 random(test::Seed());
  for (int i = 0; i < 2000; ++i) view_.Scan(random() >> (random() % 64), 5, [](const Key&) {});
}

TEST_F(ViewTest, RandomKeyIsALiveOne) {
  EXPECT_FALSE(view_.RandomKey().has_value());
  for (int i = 0; i < 50; ++i) Set("due:" + std::to_string(i), "v", kNow + 1);
  for (int i = 0; i < 3; ++i) Set("live:" + std::to_string(i));
  view_.set_now_ms(kNow + 5);
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) seen.insert(*view_.RandomKey());
  EXPECT_EQ(seen.size(), 3u);
}

TEST_F(ViewTest, RandomKeyEndsWhenAllAreDueAndMustStay) {
  for (int i = 0; i < 50; ++i) Set("due:" + std::to_string(i), "v", kNow + 1);
  view_.set_now_ms(kNow + 5);
  view_.set_expire_writes(false);
  EXPECT_FALSE(view_.RandomKey().has_value());
}

TEST_F(ViewTest, FlushOfAnEmptyDatabaseIsNoChange) {
  EXPECT_EQ(view_.Flush(0), 0u);
  EXPECT_TRUE(view_.changes().empty());
}

}  // namespace
}  // namespace tideway::backend
