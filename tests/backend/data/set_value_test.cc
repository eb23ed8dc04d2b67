#include "backend/data/set_value.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "backend/data/integer.h"
#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

class SetValueTest : public testing::Test {
 protected:
  SetValueTest() { SetValue::Init(entry_); }
  ~SetValueTest() override {
    set_.Destroy();
    Entry::Free(entry_);
  }
  std::vector<std::string> Members() {
    std::vector<std::string> members;
    set_.ForEach([&](std::string_view member) { members.emplace_back(member); });
    return members;
  }

  EncodingLimits limits_;
  Entry* entry_ = Entry::New("key", ValueType::kSet, true, false, 0);
  SetValue set_{entry_};
};

TEST_F(SetValueTest, IntegersAreSorted) {
  for (const char* member : {"5", "-3", "70000", "5000000000", "0", "-9223372036854775808"})
    EXPECT_TRUE(set_.Add(member, limits_));
  EXPECT_FALSE(set_.Add("70000", limits_));
  EXPECT_EQ(Members(), (std::vector<std::string>{"-9223372036854775808", "-3", "0", "5", "70000",
                                                 "5000000000"}));
  EXPECT_TRUE(set_.Remove("0"));
  EXPECT_FALSE(set_.Remove("0"));
  EXPECT_FALSE(set_.Contains("0"));
  EXPECT_EQ(entry_->encoding(), Encoding::kIntSet);
}

TEST_F(SetValueTest, OnlyCanonicalIntegersStayAnIntSet) {
  for (const char* member : {"01", "+1", "-0", "", " 1", "1 ", "9223372036854775808", "1.0", "-"}) {
    EXPECT_FALSE(ParseCanonicalInteger(member).has_value()) << member;
    Entry* const entry = Entry::New("k", ValueType::kSet, true, false, 0);
    SetValue::Init(entry);
    SetValue set(entry);
    set.Add("1", limits_);
    EXPECT_TRUE(set.Add(member, limits_));
    EXPECT_NE(entry->encoding(), Encoding::kIntSet) << member;
    EXPECT_TRUE(set.Contains("1"));
    EXPECT_TRUE(set.Contains(member));
    EXPECT_EQ(set.size(), 2u);
    set.Destroy();
    Entry::Free(entry);
  }
}

TEST_F(SetValueTest, ConvertsBehindTheIntegerLimit) {
  for (int i = 0; i < 512; ++i) set_.Add(std::to_string(i), limits_);
  EXPECT_EQ(entry_->encoding(), Encoding::kIntSet);
  EXPECT_FALSE(set_.Add("511", limits_));
  EXPECT_EQ(entry_->encoding(), Encoding::kIntSet);
  EXPECT_TRUE(set_.Add("512", limits_));
  EXPECT_EQ(entry_->encoding(), Encoding::kTable);
  EXPECT_EQ(set_.size(), 513u);
}

TEST_F(SetValueTest, AFewStringsArePackedAndManyAreATable) {
  for (size_t i = 0; i < SetValue::kPackedMembersMax; ++i)
    set_.Add("m" + std::to_string(i), limits_);
  EXPECT_EQ(entry_->encoding(), Encoding::kPacked);
  set_.Add("one more", limits_);
  EXPECT_EQ(entry_->encoding(), Encoding::kTable);
  EXPECT_EQ(set_.size(), SetValue::kPackedMembersMax + 1);
  EXPECT_TRUE(set_.Contains("m3"));
}

TEST_F(SetValueTest, ALongMemberMakesATable) {
  set_.Add("a", limits_);
  set_.Add(std::string(65, 'x'), limits_);
  EXPECT_EQ(entry_->encoding(), Encoding::kTable);
  EXPECT_EQ(set_.size(), 2u);
}

TEST_F(SetValueTest, IntSetEqualsSet) {
  std::mt19937_64 random(test::Seed());
  limits_.set_max_intset_entries = 100'000;
  std::set<int64_t> model;
  for (int i = 0; i < 20'000; ++i) {
    const int64_t number = static_cast<int64_t>(random()) >> (random() % 2 == 0 ? 53 : 40);
    const std::string member = std::to_string(number);
    ASSERT_EQ(set_.Contains(member), model.contains(number));
    if (random() % 3 > 0) {
      ASSERT_EQ(set_.Add(member, limits_), model.insert(number).second);
    } else {
      ASSERT_EQ(set_.Remove(member), model.erase(number) == 1);
    }
    ASSERT_EQ(set_.size(), model.size());
  }
  std::vector<std::string> wanted;
  for (const int64_t number : model) wanted.push_back(std::to_string(number));
  EXPECT_EQ(Members(), wanted);
}

TEST_F(SetValueTest, CopyKeepsTheForm) {
  for (const char* last : {"3", "text",
                           "a text that is much longer than what is kept packed, so long that "
                           "a table is needed"}) {
    set_.Add("1", limits_);
    set_.Add(last, limits_);
    Entry* const other = Entry::New("k", ValueType::kSet, true, false, 0);
    set_.CopyTo(other);
    SetValue copy(other);
    EXPECT_EQ(other->encoding(), entry_->encoding());
    EXPECT_EQ(copy.size(), set_.size());
    EXPECT_TRUE(copy.Contains(last));
    set_.Remove("1");
    EXPECT_TRUE(copy.Contains("1"));
    copy.Destroy();
    Entry::Free(other);
  }
}

TEST_F(SetValueTest, RandomReachesAll) {
  for (const size_t size : {10u, 400u}) {
    for (const char* prefix : {"", "m"}) {
      for (size_t i = 0; i < size; ++i) set_.Add(prefix + std::to_string(i), limits_);
      std::set<std::string> seen;
      std::mt19937_64 random(size);
      for (size_t i = 0; i < size * 40; ++i) seen.insert(set_.Random(random()));
      EXPECT_EQ(seen.size(), set_.size());
    }
  }
}

}  // namespace
}  // namespace tideway::backend
