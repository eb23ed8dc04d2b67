#include "resp/protocol/inline_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tideway::resp {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

std::optional<std::vector<std::string>> Split(std::string_view line) {
  RequestArena arena;
  const std::string_view* args = nullptr;
  const std::optional<size_t> count = SplitInline(line, &arena, &args);
  if (!count) return std::nullopt;
  return std::vector<std::string>(args, args + *count);
}

TEST(InlineSplit, SplitsAtBlanks) {
  EXPECT_THAT(Split(""), Optional(IsEmpty()));
  EXPECT_THAT(Split("  \t "), Optional(IsEmpty()));
  EXPECT_THAT(Split("a"), Optional(ElementsAre("a")));
  EXPECT_THAT(Split(" a  bc\td "), Optional(ElementsAre("a", "bc", "d")));
  EXPECT_THAT(Split("a\rb"), Optional(ElementsAre("a", "b")));
}

TEST(InlineSplit, VerticalTabAndFormFeedSeparateOnlyBeforeAnArgument) {
  EXPECT_THAT(Split("\v\fa\vb\fc"), Optional(ElementsAre("a\vb\fc")));
  EXPECT_THAT(Split("\"a\"\vb"), Optional(ElementsAre("a", "b")));
}

TEST(InlineSplit, HighBytesAreNoBlanks) {
  EXPECT_THAT(Split("\x85\xa0 \xff"), Optional(ElementsAre("\x85\xa0", "\xff")));
}

TEST(InlineSplit, DoubleQuotes) {
  EXPECT_THAT(Split(R"("")"), Optional(ElementsAre("")));
  EXPECT_THAT(Split(R"("a b" c)"), Optional(ElementsAre("a b", "c")));
  EXPECT_THAT(Split(R"("it's")"), Optional(ElementsAre("it's")));
  EXPECT_THAT(Split(R"("\n\r\t\b\a")"), Optional(ElementsAre("\n\r\t\b\a")));
  EXPECT_THAT(Split(R"("\"\\\q")"), Optional(ElementsAre("\"\\q")));
  EXPECT_THAT(Split(R"("\x41\x00\xfF")"), Optional(ElementsAre("A\0\xff"s)));
  EXPECT_THAT(Split(R"("\x4" "\xg1" "\x")"), Optional(ElementsAre("x4", "xg1", "x")));
}

TEST(InlineSplit, SingleQuotes) {
  EXPECT_THAT(Split("''"), Optional(ElementsAre("")));
  EXPECT_THAT(Split(R"('a "b" \n \x41')"), Optional(ElementsAre(R"(a "b" \n \x41)")));
  EXPECT_THAT(Split(R"('it\'s')"), Optional(ElementsAre("it's")));
  EXPECT_THAT(Split(R"('\\ ')"), Optional(ElementsAre(R"(\\ )")));
}

TEST(InlineSplit, QuotesMayBeginInsideAnArgument) {
  EXPECT_THAT(Split(R"(a"b c")"), Optional(ElementsAre("ab c")));
  EXPECT_THAT(Split(R"(x\y a\'b')"), Optional(ElementsAre(R"(x\y)", R"(a\b)")));
}

TEST(InlineSplit, UnbalancedQuotesAreRefused) {
  for (const char* line :
       {"\"", "'", "\"a", "'a", "\"a\\", "\"a\\\"", "'a\\", "'a\\'", "'\\\\'", "\"a\"b", "'a'b",
        "\"a\"\"b\"", "x\"a\"y", "a \"b", "ok \"fine\" 'not"}) {
    EXPECT_EQ(Split(line), std::nullopt) << line;
  }
}

TEST(InlineSplit, ManyQuotedArguments) {
  std::string line;
  for (int i = 0; i < 5'000; ++i) line += "\"\\x41\" ";
  const auto args = Split(line);
  ASSERT_TRUE(args);
  EXPECT_EQ(*args, std::vector<std::string>(5'000, "A"));
}

}  // namespace
}  // namespace tideway::resp
