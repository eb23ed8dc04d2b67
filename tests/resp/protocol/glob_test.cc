#include "resp/protocol/glob.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

namespace tideway::resp {
namespace {

using namespace std::string_literals;

struct Case {
  std::string_view pattern;
  std::string_view string;
  bool matches;
};

void Check(std::initializer_list<Case> cases, GlobCase letters = GlobCase::kSensitive) {
  for (const Case& c : cases) {
    EXPECT_EQ(GlobMatch(c.pattern, c.string, letters), c.matches) << c.pattern << " " << c.string;
  }
}

TEST(Glob, Literals) {
  Check({{"", "", true},
         {"a", "a", true},
         {"a", "b", false},
         {"a", "", false},
         {"", "a", false},
         {"abc", "ab", false},
         {"ab", "abc", false},
         {"A", "a", false}});
}

TEST(Glob, QuestionMark) {
  Check({{"?", "a", true},
         {"?", "", false},
         {"??", "a", false},
         {"h?llo", "hallo", true},
         {"h?llo", "hllo", false},
         {"?"s + "\n", "\0\n"s, true}});
}

TEST(Glob, Star) {
  Check({{"*", "a", true},
         {"*", "abc", true},
         {"a*", "a", true},
         {"a**", "a", true},
         {"*a", "ba", true},
         {"*a", "ab", false},
         {"a*b*c", "axxbyyc", true},
         {"a*b*c", "axxcyyb", false},
         {"*ab*", "aab", true},
         {"*aab", "aaab", true},
         {"h*llo", "heeeello", true},
         {"*?", "a", true},
         {"*??", "a", false},
         {"a*?*b", "ab", false}});
}

TEST(Glob, TheEmptyStringMatchesOnlyTheEmptyPattern) {
  Check({{"*", "", false}, {"**", "", false}, {"", "", true}});
  EXPECT_TRUE(MatchesAll("*"));
  EXPECT_FALSE(MatchesAll("**"));
}

TEST(Glob, Classes) {
  Check({{"h[ae]llo", "hello", true},
         {"h[ae]llo", "hillo", false},
         {"h[^e]llo", "hallo", true},
         {"h[^e]llo", "hello", false},
         {"h[a-b]llo", "hbllo", true},
         {"h[b-a]llo", "hallo", true},
         {"h[a-b]llo", "hcllo", false},
         {"[a\\]]", "]", true},
         {"[\\a-c]", "b", false},
         {"[\\a-c]", "-", true},
         {"[]", "a", false},
         {"[]a]", "a]", false},
         {"[^]", "a", true},
         {"[a-]", "a", true},
         {"[-a]", "-", true},
         {"[!a]", "!", true},
         {"[*?]", "*", true},
         {"[[]", "[", true},
         {"[a^]", "^", true}});
}

TEST(Glob, AClassWithoutEndTakesThePatternToItsEnd) {
  Check({{"[abc", "b", true},
         {"[abc", "d", false},
         {"[", "a", false},
         {"[^", "a", true},
         {"[^a", "b", true},
         {"[a-]x", "a", true},
         {"[a-]x", "ax", false},
         {"[a-", "-", true},
         {"[\\", "\\", true},
         {"x[", "x", false}});
}

TEST(Glob, RangesCompareBytesAsSigned) {
  Check({{"[\x01-\xff]", "\x01", true},
         {"[\x01-\xff]", "\x7f", false},
         {"[\x80-\xff]", "\x90", true},
         {"[\x7f-\x80]", "a", true}});
}

TEST(Glob, Escapes) {
  Check({{"\\*", "*", true},
         {"\\*", "a", false},
         {"\\a", "a", true},
         {"a\\", "a\\", true},
         {"\\", "\\", true},
         {"\\\\", "\\", true},
         {"\\?", "x", false},
         {"\\[a]", "[a]", true}});
}

TEST(Glob, CaseInsensitive) {
  Check({{"MAX*", "maxmemory", true},
         {"m[A-C]x", "mbx", true},
         {"m[a-c]X", "MBx", true},
         {"[Z]", "z", true},
         {"\\A", "a", true},
         {"[\\A]", "a", false},
         {"\xc4", "\xe4", false}},
        GlobCase::kInsensitive);
}

// ---- Redis's own algorithm, told as plainly as possible: the elements of the pattern, each taking
// one byte or being a star, matched by trying everything.

struct Element {
  bool star = false;
  std::string_view text;  // one '?', class, escape or literal
};

std::vector<Element> Elements(std::string_view pattern) {
  std::vector<Element> elements;
  for (size_t i = 0; i < pattern.size();) {
    size_t end = i + 1;
    if (pattern[i] == '\\' && end < pattern.size()) ++end;
    if (pattern[i] == '[') {
      if (end < pattern.size() && pattern[end] == '^') ++end;
      while (end < pattern.size() && pattern[end] != ']') {
        const size_t left = pattern.size() - end;
        end += pattern[end] == '\\' && left >= 2 ? 2 : left >= 3 && pattern[end + 1] == '-' ? 3 : 1;
      }
      if (end < pattern.size()) ++end;
    }
    elements.push_back({pattern[i] == '*', pattern.substr(i, end - i)});
    i = end;
  }
  return elements;
}

bool MatchPlainly(const std::vector<Element>& elements, size_t e, std::string_view string) {
  if (e == elements.size()) return string.empty();
  if (elements[e].star) {
    return MatchPlainly(elements, e + 1, string) ||
           (!string.empty() && MatchPlainly(elements, e, string.substr(1)));
  }
  // The matcher itself judges single elements; the cases above have fixed those.
  return !string.empty() && GlobMatch(elements[e].text, string.substr(0, 1)) &&
         MatchPlainly(elements, e + 1, string.substr(1));
}

TEST(Glob, StarsMatchAsByTryingEverything) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::string_view kPatternBytes = "aabb**??[]^-\\";
  int matches = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string pattern(random() % 9, 0);
    for (char& c : pattern) c = kPatternBytes[random() % kPatternBytes.size()];
    std::string string(1 + random() % 7, 0);
    for (char& c : string) c = "ab"[random() % 2];
    const bool expected = MatchPlainly(Elements(pattern), 0, string);
    matches += expected;
    ASSERT_EQ(GlobMatch(pattern, string), expected) << pattern << " " << string;
  }
  EXPECT_GT(matches, 1'000);
}

TEST(Glob, HostilePatternsTakeFewSteps) {
  const std::string string(10'000, 'a');
  std::string stars;
  for (int i = 0; i < 2'000; ++i) stars += "a*";
  const std::string one_class = "*[" + std::string(1'000, 'b') + "]";
  for (const std::string& pattern :
       {stars + "b", "*" + stars + "b", stars + stars, std::string(10'000, '*') + "b",
        std::string(1'000, '?') + "*b", "*" + std::string(5'000, 'a') + "b", one_class}) {
    uint64_t steps = 0;
    const bool matches = GlobMatchCounted(pattern, string, GlobCase::kSensitive, &steps);
    EXPECT_EQ(matches, pattern == stars + stars);
    EXPECT_LE(steps, pattern.size() * (string.size() + 1));
  }
}

TEST(Glob, LiteralHead) {
  EXPECT_EQ(LiteralHead("islb:*"), "islb:");
  EXPECT_EQ(LiteralHead("a?b"), "a");
  EXPECT_EQ(LiteralHead("a[b]"), "a");
  EXPECT_EQ(LiteralHead("a\\*b"), "a");
  EXPECT_EQ(LiteralHead("*"), "");
  EXPECT_EQ(LiteralHead("whole]^-"), "whole]^-");
  EXPECT_TRUE(IsLiteral("whole]^-"));
  EXPECT_TRUE(IsLiteral(""));
  EXPECT_FALSE(IsLiteral("a\\b"));
}

}  // namespace
}  // namespace tideway::resp
