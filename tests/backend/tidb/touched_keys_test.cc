#include "backend/tidb/touched_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/data/change.h"
#include "backend/data/key_hash.h"
#include "backend/data/keyspace.h"
#include "backend/view.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "db/key events", with a minus sign in front when flushed.
std::vector<std::string> Told(TouchedKeys& touched) {
  std::vector<std::string> told;
  for (const TouchedKey& key : touched.Keys()) {
    EXPECT_EQ(key.hash, KeyHash(key.key));
    told.push_back((key.flushed ? "-" : "") + std::to_string(key.db) + "/" + std::string(key.key) +
                   " " + std::string(key.events));
  }
  return told;
}

class TouchedKeysTest : public testing::Test {
 protected:
  void Add() { ASSERT_TRUE(touched_.Add(changes_.view()).ok()); }

  ChangeBuffer changes_;
  TouchedKeys touched_;
};

TEST_F(TouchedKeysTest, NothingTouchesNothing) {
  Add();
  EXPECT_THAT(Told(touched_), IsEmpty());
  EXPECT_TRUE(touched_.empty());
}

TEST_F(TouchedKeysTest, TellsKeysInOrderOfFirstTouchWithAllTheirEvents) {
  changes_.SetString(0, "b", "v", kNoExpiry);
  changes_.AddEvent(0, "b", Event::kSet);
  changes_.HashSet(0, "a", "f", "v");
  changes_.AddEvent(0, "a", Event::kHSet);
  changes_.ExpireAt(0, "b", 5);
  changes_.AddEvent(0, "b", Event::kExpire);
  changes_.HashErase(0, "a", "f");
  changes_.AddEvent(0, "a", Event::kHDel);
  changes_.Erase(0, "a");
  changes_.AddEvent(0, "a", Event::kDel);
  Add();
  EXPECT_THAT(Told(touched_), ElementsAre("0/b set,expire", "0/a hset,hdel,del"));
  EXPECT_EQ(touched_.size(), 2u);
  EXPECT_EQ(touched_.events_bytes(), 10u + 13u);
  EXPECT_EQ(touched_.longest_events_bytes(), 13u);
}

TEST_F(TouchedKeysTest, DatabasesAreApart) {
  for (uint32_t db : {0u, 3u, 0u}) {
    changes_.SetString(db, "k", "v", kNoExpiry);
    changes_.AddEvent(db, "k", Event::kSet);
  }
  Add();
  EXPECT_THAT(Told(touched_), ElementsAre("0/k set,set", "3/k set"));
}

TEST_F(TouchedKeysTest, AChangeWithoutEventAndAnEventWithoutChangeTouch) {
  changes_.SetAdd(0, "s", "m");
  changes_.AddEvent(0, "e", Event::kDel);
  Add();
  EXPECT_THAT(Told(touched_), ElementsAre("0/s ", "0/e del"));
}

TEST_F(TouchedKeysTest, BatchesFollowEachOther) {
  ChangeBuffer second;
  changes_.SetString(0, "a", "v", kNoExpiry);
  changes_.AddEvent(0, "a", Event::kSet);
  second.SetString(0, "b", "v", kNoExpiry);
  second.Erase(0, "a");
  second.AddEvent(0, "a", Event::kDel);
  Add();
  EXPECT_THAT(Told(touched_), ElementsAre("0/a set"));
  ASSERT_TRUE(touched_.Add(second.view()).ok());
  EXPECT_THAT(Told(touched_), ElementsAre("0/a set,del", "0/b "));
  touched_.Clear();
  EXPECT_TRUE(touched_.empty());
  ASSERT_TRUE(touched_.Add(second.view()).ok());
  EXPECT_THAT(Told(touched_), ElementsAre("0/b ", "0/a del"));
  EXPECT_EQ(touched_.events_bytes(), 3u);
}

TEST_F(TouchedKeysTest, AFlushMarksWhatWasTouchedBeforeIt) {
  changes_.SetString(0, "a", "v", kNoExpiry);
  changes_.AddEvent(0, "a", Event::kSet);
  changes_.SetString(0, "b", "v", kNoExpiry);
  changes_.SetString(1, "a", "v", kNoExpiry);
  changes_.FlushDb(0);
  changes_.SetString(0, "b", "v", kNoExpiry);
  changes_.FlushDb(2);
  changes_.FlushDb(0);
  changes_.SetString(0, "c", "v", kNoExpiry);
  changes_.SetString(0, "b", "v", kNoExpiry);
  Add();
  EXPECT_THAT(Told(touched_), ElementsAre("-0/a set", "0/b ", "1/a ", "0/c "));
  EXPECT_THAT(touched_.flushed(), ElementsAre(0u, 2u));
  EXPECT_FALSE(touched_.swapped());
  touched_.Clear();
  EXPECT_THAT(touched_.flushed(), IsEmpty());
}

TEST_F(TouchedKeysTest, AFlushAloneIsNotEmpty) {
  changes_.FlushDb(4);
  Add();
  EXPECT_FALSE(touched_.empty());
  EXPECT_THAT(touched_.flushed(), ElementsAre(4u));
}

TEST_F(TouchedKeysTest, TellsThatDatabasesWereSwapped) {
  changes_.SwapDb(0, 1);
  Add();
  EXPECT_TRUE(touched_.swapped());
  EXPECT_FALSE(touched_.empty());
  touched_.Clear();
  EXPECT_FALSE(touched_.swapped());
}

TEST_F(TouchedKeysTest, RefusesWhatNoViewMade) {
  EXPECT_EQ(touched_.Add("\x7f").error().code, Errc::kCorrupt);
  touched_.Clear();
  changes_.AddEvent(0, "k", Event::kEventCount);
  EXPECT_EQ(touched_.Add(changes_.view()).error().code, Errc::kCorrupt);
}

TEST_F(TouchedKeysTest, ReadsWhatAViewWrote) {
  Keyspace keyspace;
  View view(keyspace);
  view.set_now_ms(1000);
  view.OpenWrite("h").HashSet("f", "v");
  view.Note(Event::kHSet, view.Peek("h"));
  view.OpenWrite("due").SetString("v", ExpiryChange::At(900));
  view.OpenRead("due");
  ASSERT_TRUE(touched_.Add(view.changes().view()).ok());
  EXPECT_THAT(Told(touched_), ElementsAre("0/h hset", "0/due expired"));
}

TEST_F(TouchedKeysTest, ManyKeysAreAsFew) {
  std::mt19937_64 random(test::Seed());
  for (const size_t keys : {7u, 8u, 9u, 10u, 16u, 17u, 100u, 5000u, 12u}) {
    touched_.Clear();
    changes_.Clear();
    std::vector<std::pair<uint32_t, std::string>> order;
    std::map<std::pair<uint32_t, std::string>, std::string> events;
    for (size_t i = 0; i < 3 * keys; ++i) {
      const uint32_t db = static_cast<uint32_t>(random() % 2);
      const std::string key = "key:" + std::to_string(random() % keys);
      const Event event = static_cast<Event>(1 + random() % 26);
      if (random() % 3 == 0) changes_.Erase(db, key);
      changes_.AddEvent(db, key, event);
      if (events.count({db, key}) == 0) order.emplace_back(db, key);
      std::string& names = events[{db, key}];
      names += (names.empty() ? "" : ",") + std::string(EventName(event));
    }
    Add();
    std::vector<std::string> expected;
    size_t bytes = 0;
    for (const auto& [db, key] : order) {
      expected.push_back(std::to_string(db) + "/" + key + " " + events[{db, key}]);
      bytes += events[{db, key}].size();
    }
    EXPECT_EQ(Told(touched_), expected);
    EXPECT_EQ(touched_.events_bytes(), bytes);
  }
}

TEST_F(TouchedKeysTest, UsesItsMemoryAgain) {
  for (int i = 0; i < 40; ++i) {
    const std::string key = "key:" + std::to_string(i);
    changes_.SetString(0, key, "v", kNoExpiry);
    changes_.AddEvent(0, key, Event::kSet);
  }
  const TouchedKey* keys = nullptr;
  const char* text = nullptr;
  for (int round = 0; round < 3; ++round) {
    touched_.Clear();
    Add();
    const std::span<const TouchedKey> told = touched_.Keys();
    if (round > 0) {
      EXPECT_EQ(told.data(), keys);
      EXPECT_EQ(told[0].events.data(), text);
    }
    keys = told.data();
    text = told[0].events.data();
  }
}

}  // namespace
}  // namespace tideway::backend
