#include "resp/config/config_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "backend/limits.h"

namespace tideway::resp {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(SplitWords, PartsAtWhiteSpace) {
  EXPECT_THAT(SplitWords("  save\t900  1 "), Optional(ElementsAre("save", "900", "1")));
  EXPECT_THAT(SplitWords(""), Optional(ElementsAre()));
}

TEST(SplitWords, DecodesDoubleQuotes) {
  EXPECT_THAT(SplitWords(R"(requirepass "a \"b\" \x41\n\\c")"),
              Optional(ElementsAre("requirepass", "a \"b\" A\n\\c")));
  EXPECT_THAT(SplitWords(R"(save "")"), Optional(ElementsAre("save", "")));
}

TEST(SplitWords, SingleQuotesKeepAllButTheQuote) {
  EXPECT_THAT(SplitWords(R"(x 'a\nb \' c')"), Optional(ElementsAre("x", "a\\nb ' c")));
}

TEST(SplitWords, RefusesUnbalancedQuotes) {
  EXPECT_EQ(SplitWords("port \"123"), std::nullopt);
  EXPECT_EQ(SplitWords("port \"12\"3"), std::nullopt);
  EXPECT_EQ(SplitWords("port '12"), std::nullopt);
}

TEST(SplitWords, RefusesZeroBytesAndTooManyWords) {
  EXPECT_EQ(SplitWords(std::string_view("port\0 1", 7)), std::nullopt);
  std::string line;
  for (size_t i = 0; i < limits::kConfigWordsMax; ++i) line += "x ";
  EXPECT_NE(SplitWords(line), std::nullopt);
  EXPECT_EQ(SplitWords(line + "x"), std::nullopt);
}

TEST(QuoteWord, IsUndoneBySplitWords) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& text : {std::string(), std::string("plain"), all}) {
    EXPECT_THAT(SplitWords(QuoteWord(text)), Optional(ElementsAre(text)));
  }
  EXPECT_EQ(QuoteWord("a\"b\x01\xff"), R"("a\"b\x01\xff")");
}

TEST(TrimSpace, TakesBothEnds) {
  EXPECT_EQ(TrimSpace(" \t port 1\r\n"), "port 1");
  EXPECT_EQ(TrimSpace(" \r\n"), "");
}

}  // namespace
}  // namespace tideway::resp
