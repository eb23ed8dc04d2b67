#include "backend/data/hash_value.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tideway::backend {
namespace {

class HashValueTest : public testing::Test {
 protected:
  HashValueTest() { HashValue::Init(entry_); }
  ~HashValueTest() override {
    hash_.Destroy();
    Entry::Free(entry_);
  }
  std::vector<std::string> Fields() {
    std::vector<std::string> fields;
    hash_.ForEach([&](std::string_view field, std::string_view value) {
      fields.push_back(std::string(field) + '=' + std::string(value));
    });
    return fields;
  }
  bool packed() const { return entry_->encoding() == Encoding::kPacked; }

  EncodingLimits limits_;
  Entry* entry_ = Entry::New("key", ValueType::kHash, true, false, 0);
  HashValue hash_{entry_};
};

TEST_F(HashValueTest, KeepsInsertionOrderWhilePacked) {
  EXPECT_TRUE(hash_.Set("z", "1", limits_));
  EXPECT_TRUE(hash_.Set("a", "2", limits_));
  EXPECT_TRUE(hash_.Set("m", "3", limits_));
  EXPECT_FALSE(hash_.Set("a", "a longer value than before", limits_));
  EXPECT_EQ(Fields(), (std::vector<std::string>{"z=1", "a=a longer value than before", "m=3"}));
  EXPECT_TRUE(hash_.Erase("z"));
  EXPECT_FALSE(hash_.Erase("z"));
  EXPECT_EQ(Fields(), (std::vector<std::string>{"a=a longer value than before", "m=3"}));
}

TEST_F(HashValueTest, AValueIsNotMistakenForAField) {
  hash_.Set("field", "value", limits_);
  EXPECT_FALSE(hash_.Get("value").has_value());
  EXPECT_TRUE(hash_.Set("value", "field", limits_));
  EXPECT_EQ(hash_.Get("value"), "field");
}

TEST_F(HashValueTest, ConvertsBehindTheEntryLimit) {
  for (int i = 0; i < 512; ++i) hash_.Set(std::to_string(i), "v", limits_);
  EXPECT_TRUE(packed());
  hash_.Set("one more", "v", limits_);
  EXPECT_FALSE(packed());
  EXPECT_EQ(hash_.size(), 513u);
  EXPECT_EQ(hash_.Get("77"), "v");
  for (int i = 0; i < 512; ++i) EXPECT_TRUE(hash_.Erase(std::to_string(i)));
  EXPECT_FALSE(packed());  // and never back
  EXPECT_EQ(Fields(), (std::vector<std::string>{"one more=v"}));
}

TEST_F(HashValueTest, ConvertsForALongFieldOrValue) {
  hash_.Set("a", std::string(64, 'x'), limits_);
  EXPECT_TRUE(packed());
  hash_.Set("a", std::string(65, 'x'), limits_);
  EXPECT_FALSE(packed());
  EXPECT_EQ(hash_.Get("a"), std::string(65, 'x'));
}

TEST_F(HashValueTest, FollowsChangedLimits) {
  limits_.hash_max_listpack_entries = 2;
  hash_.Set("a", "1", limits_);
  hash_.Set("b", "1", limits_);
  EXPECT_TRUE(packed());
  hash_.Set("c", "1", limits_);
  EXPECT_FALSE(packed());
}

TEST_F(HashValueTest, TakesBytesOfAnyKind) {
  const std::string zero("\0\0a\xff", 4);
  EXPECT_TRUE(hash_.Set(zero, "", limits_));
  EXPECT_TRUE(hash_.Set("", zero, limits_));
  EXPECT_EQ(hash_.Get(zero), "");
  EXPECT_EQ(hash_.Get(""), zero);
  hash_.Set(std::string(100'000, 'f'), std::string(300'000, 'v'), limits_);
  EXPECT_EQ(hash_.Get(zero), "");
  EXPECT_EQ(hash_.Get(std::string(100'000, 'f'))->size(), 300'000u);
}

TEST_F(HashValueTest, CopyIsIndependent) {
  for (const int fields : {10, 1000}) {
    for (int i = 0; i < fields; ++i) hash_.Set(std::to_string(i), "v", limits_);
    Entry* const other = Entry::New("other", ValueType::kHash, true, false, 0);
    hash_.CopyTo(other);
    HashValue copy(other);
    hash_.Set("3", "changed", limits_);
    EXPECT_EQ(copy.size(), static_cast<size_t>(fields));
    EXPECT_EQ(copy.Get("3"), "v");
    EXPECT_EQ(other->encoding(), entry_->encoding());
    hash_.Set("3", "v", limits_);
    copy.Destroy();
    Entry::Free(other);
  }
}

TEST_F(HashValueTest, ScanTellsAllAtOnceWhilePackedAndInStepsAfter) {
  for (int i = 0; i < 100; ++i) hash_.Set(std::to_string(i), "v", limits_);
  size_t told = 0;
  EXPECT_EQ(hash_.Scan(0, 5, [&](std::string_view, std::string_view) { ++told; }), 0u);
  EXPECT_EQ(told, 100u);
  for (int i = 0; i < 1000; ++i) hash_.Set(std::to_string(i), "v", limits_);
  told = 0;
  const uint64_t cursor = hash_.Scan(0, 5, [&](std::string_view, std::string_view) { ++told; });
  EXPECT_NE(cursor, 0u);
  EXPECT_GE(told, 5u);
  EXPECT_LT(told, 20u);
}

}  // namespace
}  // namespace tideway::backend
