#include "backend/tidb/value_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/data/key_hash.h"
#include "backend/data/keyspace.h"
#include "backend/view.h"
#include "tests/backend/data/model.h"
#include "tests/backend/data/random_writer.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

constexpr uint8_t kString = 1;
constexpr uint8_t kHash = 2;
constexpr uint8_t kSet = 3;

class ValueCodecTest : public testing::Test {
 protected:
  ValueCodecTest() { view_.set_now_ms(1000); }

  std::optional<std::string_view> Encoded(std::string_view key) {
    return EncodeInline(*FindEntry(keyspace_, KeyHash(key), 0, key), scratch_);
  }
  Status Load(std::string_view key, const StoredValue& value, uint32_t db = 0) {
    return LoadInline(keyspace_, KeyHash(key), db, key, value);
  }
  std::string Refusal(uint8_t type, std::string_view bytes) {
    EXPECT_TRUE(Load("k", {.type = kString, .bytes = "what was there"}).ok());
    const Status loaded = Load("k", {.type = type, .expire_at_ms = 2000, .bytes = bytes});
    if (loaded.ok()) return "";
    EXPECT_EQ(loaded.error().code, Errc::kCorrupt);
    EXPECT_FALSE(view_.OpenRead("k").exists());
    EXPECT_EQ(keyspace_.KeyCount(0), 0u);
    EXPECT_EQ(keyspace_.ExpiringCount(0), 0u);
    return loaded.error().detail;
  }

  Keyspace keyspace_;
  View view_{keyspace_};
  std::string scratch_;
};

TEST_F(ValueCodecTest, AStringIsItsBytes) {
  const std::string bytes = "\0\xff'x"s;
  view_.OpenWrite("k").SetString(bytes, {});
  EXPECT_EQ(Encoded("k"), bytes);
  ASSERT_TRUE(Load("other", {.type = kString, .bytes = bytes}).ok());
  EXPECT_EQ(view_.OpenRead("other").String(), bytes);
}

TEST_F(ValueCodecTest, TheFormOfHashesAndSetsIsFixed) {
  Key hash = view_.OpenWrite("h");
  hash.HashSet("name", "v");
  hash.HashSet("", "\xff");
  EXPECT_EQ(Encoded("h"), "\x01\x04name\x01v\x00\x01\xff"s);
  view_.OpenWrite("long").HashSet("f", std::string(200, 'x'));
  EXPECT_EQ(Encoded("long"),
            "\x01\x01"
            "f\xc8\x01"s +
                std::string(200, 'x'));
  Key set = view_.OpenWrite("s");
  set.SetAdd("20");
  set.SetAdd("-3");
  EXPECT_EQ(Encoded("s"), "\x02\x02-3\x02" + "20"s);
}

TEST_F(ValueCodecTest, LoadsWithoutATrace) {
  ASSERT_TRUE(Load("h", {.type = kHash,
                         .bytes = "\x01\x01"
                                  "f\x01v"})
                  .ok());
  EXPECT_TRUE(view_.changes().empty());
  EXPECT_TRUE(view_.events().empty());
  const Key key = view_.OpenRead("h");
  EXPECT_EQ(key.HashGet("f"), "v");
  EXPECT_EQ(key.expire_at_ms(), kNoExpiry);
  EXPECT_EQ(key.EncodingName(), "listpack");
}

TEST_F(ValueCodecTest, IntegersFindTheirFormAgain) {
  ASSERT_TRUE(Load("s", {.type = kSet,
                         .bytes = "\x02\x01"
                                  "7\x01"
                                  "5"})
                  .ok());
  EXPECT_EQ(view_.OpenRead("s").EncodingName(), "intset");
  ASSERT_TRUE(Load("i", {.type = kString, .bytes = "12"}).ok());
  EXPECT_EQ(view_.OpenRead("i").EncodingName(), "int");
}

TEST_F(ValueCodecTest, ExpiryComesWithTheValue) {
  for (const uint8_t type : {kString, kHash, kSet}) {
    const std::string key = "k" + std::to_string(type);
    const std::string bytes = type == kHash ? "\x01\x01"
                                              "f\x01v"
                                            : "\x02\x01m";
    ASSERT_TRUE(Load(key, {.type = type, .expire_at_ms = 1500, .bytes = bytes}).ok());
    EXPECT_EQ(view_.OpenRead(key).expire_at_ms(), 1500);
    EXPECT_EQ(keyspace_.DueHintMs(StripeOf(KeyHash(key))), 1500);
  }
  ASSERT_TRUE(Load("past", {.type = kString, .expire_at_ms = -5}).ok());
  EXPECT_FALSE(view_.OpenRead("past").exists());
}

TEST_F(ValueCodecTest, ReplacesWhateverIsThere) {
  ASSERT_TRUE(Load("k", {.type = kString, .expire_at_ms = 1500, .bytes = "v"}).ok());
  ASSERT_TRUE(Load("k", {.type = kHash,
                         .bytes = "\x01\x01"
                                  "f\x01v"})
                  .ok());
  EXPECT_EQ(view_.OpenRead("k").type(), ValueType::kHash);
  EXPECT_EQ(view_.OpenRead("k").expire_at_ms(), kNoExpiry);
  ASSERT_TRUE(Load("k", {.type = kHash,
                         .bytes = "\x01\x01"
                                  "g\x01v"})
                  .ok());
  EXPECT_EQ(view_.OpenRead("k").HashSize(), 1u);
  ASSERT_TRUE(Load("k", {.type = kString, .bytes = "v"}).ok());
  EXPECT_EQ(view_.OpenRead("k").String(), "v");
}

TEST_F(ValueCodecTest, NullIsTheEmptyString) {
  ASSERT_TRUE(Load("k", {.type = kString}).ok());
  EXPECT_EQ(view_.OpenRead("k").String(), "");
}

TEST_F(ValueCodecTest, RefusesWhatIsNotOurs) {
  EXPECT_THAT(Refusal(kHash, ""), HasSubstr("value of a hash is missing"));
  EXPECT_THAT(Refusal(kSet, ""), HasSubstr("value of a set is missing"));
  EXPECT_THAT(Refusal(kHash,
                      "\x02\x01"
                      "f\x01v"),
              HasSubstr("unknown form 2"));
  EXPECT_THAT(Refusal(kSet, "\xff"), HasSubstr("unknown form 255"));
  EXPECT_THAT(Refusal(kHash, "\x01"), HasSubstr("an empty hash"));
  EXPECT_THAT(Refusal(kSet, "\x02"), HasSubstr("an empty set"));
  EXPECT_THAT(Refusal(kHash,
                      "\x01\x01"
                      "f"),
              HasSubstr("value in a hash is cut off"));
  EXPECT_THAT(Refusal(kHash,
                      "\x01\x05"
                      "f\x01v"),
              HasSubstr("field of a hash is cut off"));
  EXPECT_THAT(Refusal(kSet, "\x02\x01m\x80"), HasSubstr("member of a set is cut off"));
  EXPECT_THAT(Refusal(kSet, "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01m"), HasSubstr("cut off"));
  EXPECT_THAT(Refusal(kHash,
                      "\x01\x01"
                      "f\x01v\x01"
                      "f\x01w"),
              HasSubstr("field twice"));
  EXPECT_THAT(Refusal(kSet, "\x02\x01m\x01n\x01m"), HasSubstr("member twice"));
}

TEST_F(ValueCodecTest, RefusesUnknownTypesAndDatabases) {
  EXPECT_THAT(Refusal(0, "v"), HasSubstr("unknown type 0"));
  EXPECT_THAT(Refusal(4, "v"), HasSubstr("unknown type 4"));
  const Status loaded = Load("k", {.type = kString, .bytes = "v"}, 16);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(loaded.error().detail, HasSubstr("database 16"));
}

TEST_F(ValueCodecTest, StringsFitUpToTheLimit) {
  view_.OpenWrite("key").SetString(std::string(kRowBytesMax - 3, 'v'), {});
  ASSERT_TRUE(Encoded("key"));
  EXPECT_EQ(Encoded("key")->size(), kRowBytesMax - 3);
  view_.OpenWrite("key").SetString(std::string(kRowBytesMax - 2, 'v'), {});
  EXPECT_FALSE(Encoded("key"));
}

TEST_F(ValueCodecTest, HashesFitUpToTheLimit) {
  constexpr size_t kOthers = 1 + 1 + 1 + 2;  // form, lengths and the field's byte
  view_.OpenWrite("key").HashSet("f", std::string(kInlineMembersBytesMax - kOthers, 'v'));
  ASSERT_TRUE(Encoded("key"));
  EXPECT_EQ(Encoded("key")->size(), kInlineMembersBytesMax);
  view_.OpenWrite("key").HashSet("f", std::string(kInlineMembersBytesMax - kOthers + 1, 'v'));
  EXPECT_FALSE(Encoded("key"));
  view_.OpenWrite("key").HashSet("f", std::string(kRowBytesMax, 'v'));
  EXPECT_FALSE(Encoded("key"));
}

TEST_F(ValueCodecTest, LargeValuesAreFoundTooLargeEarly) {
  Key hash = view_.OpenWrite("h");
  Key set = view_.OpenWrite("s");
  for (int i = 0; i < 100'000; ++i) {
    hash.HashSet("field:" + std::to_string(i), "v");
    set.SetAdd("member:" + std::to_string(i));
  }
  EXPECT_FALSE(Encoded("h"));
  EXPECT_LT(scratch_.size(), 2 * kRowBytesMax);
  EXPECT_FALSE(Encoded("s"));
  EXPECT_LT(scratch_.size(), 2 * kRowBytesMax);
  hash.HashSet("large", std::string(10 << 20, 'v'));
  EXPECT_FALSE(Encoded("h"));
  EXPECT_LT(scratch_.size(), 2 * kRowBytesMax);
}

TEST_F(ValueCodecTest, SmallHashesKeepTheirOrder) {
  Key hash = view_.OpenWrite("h");
  for (const char* field : {"z", "a", "m", "b"}) hash.HashSet(field, "v");
  const std::string encoded(*Encoded("h"));
  ASSERT_TRUE(Load("copy", {.type = kHash, .bytes = encoded}).ok());
  std::string order;
  view_.OpenRead("copy").HashForEach(
      [&](std::string_view field, std::string_view) { order += field; });
  EXPECT_EQ(order, "zamb");
}

TEST_F(ValueCodecTest, LargeTablesComeBackWhole) {
  Key hash = view_.OpenWrite("h");
  Key set = view_.OpenWrite("s");
  for (int i = 0; i < 1000; ++i) {
    hash.HashSet("f" + std::to_string(i), std::to_string(i));
    set.SetAdd("m" + std::to_string(i));
  }
  const std::string hash_bytes(*Encoded("h"));
  const std::string set_bytes(*Encoded("s"));
  const Model before = ModelOf(keyspace_);
  ASSERT_TRUE(Load("h", {.type = kHash, .bytes = hash_bytes}).ok());
  ASSERT_TRUE(Load("s", {.type = kSet, .bytes = set_bytes}).ok());
  EXPECT_EQ(ModelOf(keyspace_), before);
}

TEST_F(ValueCodecTest, WhateverCommandsMakeComesBack) {
  Model model;
  RandomWriter writer(view_, model, test::Seed(), {.swaps = false});
  for (int i = 0; i < 20'000; ++i) writer.Step();
  Keyspace loaded;
  const Model before = ModelOf(keyspace_);
  for (const auto& [db, keys] : before) {
    for (const auto& [key, value] : keys) {
      const uint64_t hash = KeyHash(key);
      const Entry* const entry = FindEntry(keyspace_, hash, db, key);
      const std::optional<std::string_view> bytes = EncodeInline(*entry, scratch_);
      ASSERT_TRUE(bytes);
      ASSERT_TRUE(LoadInline(loaded, hash, db, key,
                             {.type = static_cast<uint8_t>(entry->type()),
                              .expire_at_ms = entry->expire_at_ms(),
                              .bytes = *bytes})
                      .ok());
    }
  }
  EXPECT_EQ(ModelOf(loaded), before);
}

TEST_F(ValueCodecTest, AnyBytesEndInAStatus) {
  std::mt19937_64 random(test::Seed());
  for (int i = 0; i < 20'000; ++i) {
    const uint8_t type = static_cast<uint8_t>(random() % 5);
    std::string bytes(1, static_cast<char>(type == kHash ? 1 : 2));
    for (size_t size = random() % 12; size > 0; --size)
      bytes += static_cast<char>(random() % 4 == 0 ? random() : random() % 4);
    const Status loaded = Load("k", {.type = type, .bytes = bytes});
    EXPECT_EQ(loaded.ok(), FindEntry(keyspace_, KeyHash("k"), 0, "k") != nullptr);
  }
}

}  // namespace
}  // namespace tideway::backend
