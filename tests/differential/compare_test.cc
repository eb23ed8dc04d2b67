#include "tests/differential/compare.h"

#include <gtest/gtest.h>

#include "tests/differential/generator.h"

namespace tideway::tests {
namespace {

bool Same(const Args& argv, const std::string& expected, const std::string& actual,
          const std::string& encoding = {}) {
  return CompareReplies(RuleFor(argv).equal, argv, expected, actual, encoding).same;
}

TEST(Compare, IsByteForByteUnlessARuleSaysOtherwise) {
  EXPECT_TRUE(Same({"GET", "k"}, "$1\r\na\r\n", "$1\r\na\r\n"));
  EXPECT_FALSE(Same({"GET", "k"}, "$1\r\na\r\n", "+a\r\n"));
  EXPECT_FALSE(Same({"GET", "k"}, "$-1\r\n", "_\r\n"));
  EXPECT_FALSE(Same({"NOSUCH"}, "-ERR a\r\n", "-ERR b\r\n"));
}

TEST(Compare, JudgesOrderOnlyWhereRedisDefinesIt) {
  const std::string ab = "*2\r\n$1\r\na\r\n$1\r\nb\r\n";
  const std::string ba = "*2\r\n$1\r\nb\r\n$1\r\na\r\n";
  const std::string aa = "*2\r\n$1\r\na\r\n$1\r\na\r\n";
  EXPECT_TRUE(Same({"SMEMBERS", "k"}, ab, ba, "hashtable"));
  EXPECT_FALSE(Same({"SMEMBERS", "k"}, ab, ba, "intset"));
  EXPECT_FALSE(Same({"SMEMBERS", "k"}, ab, aa, "hashtable"));
  EXPECT_FALSE(Same({"MGET", "k", "l"}, ab, ba));
  EXPECT_FALSE(Same({"SMEMBERS", "k"}, ab, "~2\r\n$1\r\na\r\n$1\r\nb\r\n"));
}

TEST(Compare, KeepsPairsTogether) {
  const std::string hash = "*4\r\n+f\r\n+1\r\n+g\r\n+2\r\n";
  EXPECT_TRUE(Same({"HGETALL", "k"}, hash, "*4\r\n+g\r\n+2\r\n+f\r\n+1\r\n", "hashtable"));
  EXPECT_FALSE(Same({"HGETALL", "k"}, hash, "*4\r\n+f\r\n+2\r\n+g\r\n+1\r\n", "hashtable"));
}

TEST(Compare, AllowsClocksToBeALittleApart) {
  EXPECT_TRUE(Same({"PTTL", "k"}, ":1000\r\n", ":1200\r\n"));
  EXPECT_FALSE(Same({"PTTL", "k"}, ":1000\r\n", ":1201\r\n"));
  EXPECT_FALSE(Same({"PTTL", "k"}, ":0\r\n", ":-1\r\n"));
  EXPECT_TRUE(Same({"TTL", "k"}, ":10\r\n", ":11\r\n"));
  EXPECT_TRUE(CompareReplies(Equal::kMilliseconds, {"PTTL", "k"}, ":1000\r\n", ":2000\r\n").timing);
}

TEST(Compare, FindsRulesInAnyCase) {
  EXPECT_EQ(RuleFor({"smembers", "k"}).equal, Equal::kUnorderedUnlessCompact);
  EXPECT_EQ(RuleFor({"Client", "iD"}).equal, Equal::kType);
}

TEST(Generator, MakesTheSameStepsForASeed) {
  Generator a(7, {});
  Generator b(7, {});
  Generator c(8, {});
  std::size_t different = 0;
  for (int i = 0; i < 1000; ++i) {
    const Step step = a.Next();
    EXPECT_EQ(Describe(step), Describe(b.Next()));
    different += Describe(step) == Describe(c.Next()) ? 0 : 1;
  }
  EXPECT_GT(different, 900u);
}

TEST(Generator, KeepsToTheWantedCommands) {
  GeneratorSettings settings;
  settings.families = {"hashes"};
  settings.only = {"HSET", "HGETALL"};
  Generator generator(1, settings);
  for (int i = 0; i < 1000; ++i) {
    const Step step = generator.Next();
    ASSERT_EQ(step.kind, Kind::kCommand);
    const std::string name = CommandName(step.argv);
    EXPECT_TRUE(name == "HSET" || name == "HGETALL" || name == "EXEC" || name == "DISCARD") << name;
  }
}

}  // namespace
}  // namespace tideway::tests
