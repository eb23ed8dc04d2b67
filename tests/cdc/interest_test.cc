// What a node subscribes to: never too little, never twice, and no more than a pattern's head says.
#include "cdc/interest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cdc/subject.h"
#include "tests/support/seed.h"

namespace tideway::cdc {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

std::vector<std::string> Of(Topic topic, std::string_view name, bool events = true) {
  std::vector<std::string> subjects;
  for (const Interest& interest : InterestsOf(topic, name, events)) {
    subjects.push_back(interest.subject);
  }
  return subjects;
}
std::vector<std::string> Pattern(std::string_view name) { return Of(Topic::kPattern, name); }
std::vector<std::string> Channel(std::string_view name) { return Of(Topic::kChannel, name); }

TEST(Interest, AChannelIsASubject) {
  EXPECT_THAT(Channel("room:1"), ElementsAre("ps.room:.1"));
  EXPECT_THAT(Channel("a*"), ElementsAre("ps.a%2a"));
  EXPECT_THAT(Of(Topic::kShardChannel, "__keyspace@0__:k"), ElementsAre("sh.__key.space@0__:.k"));
  EXPECT_EQ(InterestsOf(Topic::kChannel, "c", true)[0].via, kViaOwnChannel);
}

TEST(Interest, APatternIsItsHeadCutToWholeTokens) {
  EXPECT_THAT(Pattern("room:1*"), ElementsAre("ps.room:.>"));
  EXPECT_THAT(Pattern("room:1/*"), ElementsAre("ps.room:.1/.>"));
  EXPECT_THAT(Pattern("r[o]om:1"), ElementsAre("ps.>"));
  EXPECT_THAT(Pattern("a\\*b"), ElementsAre("ps.a%2ab")) << "only one name matches";
  EXPECT_THAT(Pattern("room:\\"), ElementsAre("ps.room:.\\"));
  EXPECT_THAT(Pattern("*"), UnorderedElementsAre("ps.>", "ev.*.>", "evx.*.>"));
}

TEST(Interest, KeyspaceChannelsAreEventsOfTheirKey) {
  EXPECT_THAT(Channel("__keyspace@3__:room:1"),
              ElementsAre("ps.__key.space@3__:.room:.1", "ev.3.*.room:.1"));
  EXPECT_THAT(Channel("__keyspace@0__:a__:b"),
              ElementsAre("ps.__key.space@0__:.a__:.b", "evx.0.*.a__:.b"));
  EXPECT_THAT(Channel("__keyspace@x__:k"), ElementsAre("ps.__key.space@x__:.k"));
  EXPECT_THAT(Channel("__keyspace@0__:"), ElementsAre("ps.__key.space@0__:.%", "ev.0.*.%"));
  EXPECT_THAT(Of(Topic::kChannel, "__keyspace@0__:k", false), ElementsAre("ps.__key.space@0__:.k"));
}

TEST(Interest, KeyeventChannelsAreEventsOfTheirName) {
  EXPECT_THAT(Channel("__keyevent@0__:expired"),
              ElementsAre("ps.__key.event@0__:.expired", "ev.0.expired.>", "evx.0.expired.>"));
  EXPECT_THAT(Channel("__keyevent@0__:no event"), ElementsAre("ps.__key.event@0__:.no%20event"));
}

TEST(Interest, PatternsOfEventsAreAsNarrowAsTheirHeads) {
  EXPECT_THAT(Pattern("__keyspace@0__:room:*"),
              ElementsAre("ps.__key.space@0__:.room:.>", "ev.0.*.room:.>", "evx.0.*.room:.>"));
  EXPECT_THAT(Pattern("__keyspace@*__:room:*"),
              ElementsAre("ps.__key.>", "ev.*.*.room:.>", "evx.*.>"));
  EXPECT_THAT(Pattern("__key*__:room/*"), ElementsAre("ps.__key.>", "ev.*.*.room/.>", "evx.*.>"));
  EXPECT_THAT(Pattern("__keyevent@*__:expired"),
              ElementsAre("ps.__key.>", "ev.*.expired.>", "evx.*.expired.>"));
  EXPECT_THAT(Pattern("__keyevent@1__:*"),
              ElementsAre("ps.__key.event@1__:.>", "ev.1.>", "evx.1.>"));
  EXPECT_THAT(Pattern("__key*__:*"), ElementsAre("ps.__key.>", "ev.*.>", "evx.*.>"));
  EXPECT_THAT(Pattern("__keyspace@0__*"), ElementsAre("ps.__key.>", "ev.0.>", "evx.0.>"));
  EXPECT_THAT(Pattern("__other*"), ElementsAre("ps.>"));
}

// --- properties, on names and patterns that meet often

// Redis's matching, written anew and plainly; of classes only [x], which is what patterns here
// have.
bool Matches(std::string_view pattern, std::string_view text) {
  std::vector<bool> reached(text.size() + 1, false);  // a prefix of the pattern matches so much
  reached[0] = true;
  for (size_t i = 0; i < pattern.size(); ++i) {
    std::vector<bool> next(text.size() + 1, false);
    if (pattern[i] == '*') {
      bool any = false;
      for (size_t j = 0; j <= text.size(); ++j) next[j] = any = any || reached[j];
    } else {
      const bool any_byte = pattern[i] == '?';
      char wanted = pattern[i];
      if (pattern[i] == '[') {
        wanted = pattern[i + 1];
        i += 2;
      } else if (pattern[i] == '\\' && i + 1 < pattern.size()) {
        wanted = pattern[++i];
      }
      for (size_t j = 0; j < text.size(); ++j) {
        next[j + 1] = reached[j] && (any_byte || text[j] == wanted);
      }
    }
    reached = std::move(next);
  }
  return reached[text.size()];
}

std::string RandomKey(std::mt19937_64& random) {
  static constexpr std::string_view kParts[] = {"room:", "a", "/",     "__:",     "_",   ":",
                                                "1",     "*", "__key", "space@0", "\xff"};
  std::string key;
  for (size_t parts = random() % 6; parts > 0; --parts) key += kParts[random() % std::size(kParts)];
  if (random() % 50 == 0) key += std::string(1200, 'x');
  return key;
}

// Turns some bytes of a name into what matches them, so that it matches often.
std::string RandomPattern(const std::string& name, std::mt19937_64& random) {
  std::string pattern;
  for (size_t i = 0; i < name.size() && pattern.size() < 300; ++i) {
    switch (random() % 12) {
      case 0:
        pattern += '?';
        break;
      case 1:
        pattern += '*';
        i += random() % 6;
        break;
      case 2:
        pattern.append("[").append(1, name[i]).append("]");
        break;
      case 3:
        pattern.append("\\").append(1, name[i]);
        break;
      default:
        if (name[i] == '*') pattern += '\\';
        pattern += name[i];
    }
  }
  return random() % 3 == 0 || pattern.size() >= 300 ? pattern + "*" : pattern;
}

size_t Copies(const std::vector<Interest>& interests, const std::string& subject) {
  size_t copies = 0;
  for (const Interest& interest : interests) {
    if (SubjectMatches(interest.subject, subject)) ++copies;
  }
  return copies;
}

TEST(InterestProperty, AMessageComesOnceToWhoListens) {
  std::mt19937_64 random(test::Seed());
  int matched = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string name = (random() % 3 == 0 ? "__keyspace@0__:" : "") + RandomKey(random);
    const std::string pattern = RandomPattern(name, random);
    std::string subject;
    AppendMessageSubject(Topic::kChannel, name, subject);
    const size_t copies = Copies(InterestsOf(Topic::kPattern, pattern, true), subject);
    ASSERT_LE(copies, 1u) << pattern;
    if (name.empty() || !Matches(pattern, name)) continue;
    ++matched;
    ASSERT_EQ(copies, 1u) << "pattern " << pattern << " name " << name;
    ASSERT_EQ(Copies(InterestsOf(Topic::kChannel, name, true), subject), 1u) << name;
  }
  EXPECT_GT(matched, 5'000);
}

TEST(InterestProperty, AnEventComesOnceToWhoListensToEitherOfItsChannels) {
  std::mt19937_64 random(test::Seed());
  static constexpr std::string_view kEvents[] = {"set", "expired", "rename_from"};
  int matched = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string key = RandomKey(random);
    const std::string event(kEvents[random() % std::size(kEvents)]);
    const auto db = static_cast<uint32_t>(random() % 12);
    std::string subject;
    AppendEventSubject(db, event, key, subject);
    const std::string keyspace = "__keyspace@" + std::to_string(db) + "__:" + key;
    const std::string keyevent = "__keyevent@" + std::to_string(db) + "__:" + event;
    for (const std::string& channel : {keyspace, keyevent}) {
      ASSERT_EQ(Copies(InterestsOf(Topic::kChannel, channel, true), subject), 1u) << channel;
      const std::string pattern = RandomPattern(channel, random);
      const size_t copies = Copies(InterestsOf(Topic::kPattern, pattern, true), subject);
      ASSERT_LE(copies, 1u) << pattern;
      if (!Matches(pattern, keyspace) && !Matches(pattern, keyevent)) continue;
      ++matched;
      ASSERT_EQ(copies, 1u) << "pattern " << pattern << " event " << event << " of " << key;
    }
  }
  EXPECT_GT(matched, 10'000);
}

}  // namespace
}  // namespace tideway::cdc
