// Names as subjects: distinct, reversible, legal for NATS, whatever the bytes.
#include "cdc/subject.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "tests/support/seed.h"

namespace tideway::cdc {
namespace {

std::string SubjectOf(std::string_view name) {
  std::string subject;
  AppendName(name, subject);
  return subject;
}

// Names that have much to say about tokens: separators, forbidden bytes, escapes, long ones.
std::string RandomName(std::mt19937_64& random) {
  static const std::string kBytes = "ab:/:/.*> %\\_\r\n\t\0\x7f\x80\xff$0";
  static constexpr std::string_view kParts[] = {"__key", "__keyspace@0__:", "room:", "%h", "a/",
                                                ""};
  std::string name;
  const size_t length = random() % (random() % 16 == 0 ? 1200 : 24);
  if (random() % 4 == 0) name = kParts[random() % std::size(kParts)];
  while (name.size() < length) {
    if (random() % 16 == 0) {
      name += kParts[random() % std::size(kParts)];
    } else {
      name += random() % 4 == 0 ? static_cast<char>(random()) : kBytes[random() % kBytes.size()];
    }
  }
  return name;
}

void ExpectLegal(const std::string& subject) {
  ASSERT_FALSE(subject.empty());
  ASSERT_EQ(subject.front(), '.');
  char before = 'x';
  for (const char c : subject) {
    ASSERT_GT(c, ' ');
    ASSERT_LT(c, '\x7f');
    ASSERT_NE(c, '*');
    ASSERT_NE(c, '>');
    ASSERT_FALSE(c == '.' && before == '.') << subject;
    before = c;
  }
  ASSERT_NE(subject.back(), '.');
  ASSERT_LE(subject.size(), kNameBytesMax);
}

TEST(Subject, TokensEndBehindSeparators) {
  EXPECT_EQ(SubjectOf("plain"), ".plain");
  EXPECT_EQ(SubjectOf("room:1/x"), ".room:.1/.x");
  EXPECT_EQ(SubjectOf("room:"), ".room:.%");
  EXPECT_EQ(SubjectOf("a::b"), ".a:.:.b");
  EXPECT_EQ(SubjectOf(""), ".%");
  EXPECT_EQ(SubjectOf("a b.c"), ".a%20b%2ec");
  EXPECT_EQ(SubjectOf("%h"), ".%25h");
  EXPECT_EQ(SubjectOf("__keyspace@0__:k"), ".__key.space@0__:.k");
  EXPECT_EQ(SubjectOf("__key"), ".__key.%");
  EXPECT_EQ(SubjectOf("x__key:y"), ".x__key:.y");
}

TEST(Subject, AfterSixteenTokensTheRestIsOne) {
  std::string name;
  std::string subject;
  for (int i = 0; i < 16; ++i) {
    name += "t:";
    subject += ".t:";
  }
  EXPECT_EQ(SubjectOf(name + "a:b/c"), subject + ".a:b/c");
  EXPECT_EQ(NameOf(SubjectOf(name + "a:b/c").substr(1)), name + "a:b/c");
}

TEST(Subject, LongNamesKeepTheirFirstTokensAndTheirHash) {
  const std::string tail(2000, 'x');
  const std::string subject = SubjectOf("room:7/" + tail);
  EXPECT_TRUE(subject.starts_with(".room:.7/.%h")) << subject;
  EXPECT_TRUE(IsHashForm(subject));
  EXPECT_EQ(NameOf(subject.substr(1)), std::nullopt);
  EXPECT_NE(subject, SubjectOf("room:7/" + tail + "y"));
  // A first token that is too long itself leaves nothing but the hash.
  EXPECT_TRUE(SubjectOf(tail + ":y").starts_with(".%h"));
}

TEST(Subject, DistinctNamesHaveDistinctLegalSubjectsThatReadBack) {
  std::mt19937_64 random(test::Seed());
  std::map<std::string, std::string> names;  // by subject
  for (int i = 0; i < 100'000; ++i) {
    const std::string name = RandomName(random);
    const std::string subject = SubjectOf(name);
    ExpectLegal(subject);
    if (HasFatalFailure()) return;
    const auto [place, inserted] = names.emplace(subject, name);
    ASSERT_EQ(place->second, name) << subject;
    std::string again;
    const bool hashed = AppendName(name, again);
    ASSERT_EQ(hashed, IsHashForm(subject.substr(1)));
    if (!hashed) {
      ASSERT_EQ(NameOf(subject.substr(1)), name) << subject;
    }
  }
}

TEST(Subject, AHeadIsABeginningOfEveryNameThatBeginsWithIt) {
  std::mt19937_64 random(test::Seed());
  for (int i = 0; i < 100'000; ++i) {
    const std::string name = RandomName(random);
    std::string head;
    AppendHead(std::string_view(name).substr(0, random() % (name.size() + 1)), head);
    ASSERT_TRUE(SubjectOf(name).starts_with(head + ".")) << name;
  }
}

TEST(Subject, WhatNobodyWritesIsNoName) {
  for (const std::string_view tokens :
       {"", "a.", ".a", "a..b", "a%", "a%4", "a%zz", "a%4G", "a b"}) {
    EXPECT_EQ(NameOf(tokens), std::nullopt) << tokens;
  }
}

TEST(Subject, SubscriptionsMatchAsServersDo) {
  EXPECT_TRUE(SubjectMatches("a.*.c", "a.b.c"));
  EXPECT_FALSE(SubjectMatches("a.*.c", "a.b.d"));
  EXPECT_FALSE(SubjectMatches("a.*", "a.b.c"));
  EXPECT_TRUE(SubjectMatches("a.>", "a.b.c"));
  EXPECT_FALSE(SubjectMatches("a.>", "a"));
  EXPECT_TRUE(SubjectMatches("a.b", "a.b"));
  EXPECT_FALSE(SubjectMatches("a.b.c", "a.b"));
}

}  // namespace
}  // namespace tideway::cdc
