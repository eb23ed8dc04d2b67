#include "tests/crash/model.h"

#include <gtest/gtest.h>

namespace tideway::tests {
namespace {

constexpr Time kEarly{std::chrono::seconds(10)};
constexpr Time kLate{std::chrono::seconds(20)};

// Two threads with `count` operations each, all acknowledged at kEarly.
std::vector<History> Histories(std::uint64_t count) {
  std::vector<History> histories(2);
  for (int thread = 0; thread < 2; ++thread) {
    for (std::uint64_t n = 1; n <= count; ++n) {
      // The other thread was seen half as far.
      const bool follows = FollowsOther(n);
      histories[static_cast<std::size_t>(thread)].sent.push_back(
          {.operation = MakeOperation(thread, n, follows ? 1 - thread : -1, follows ? n / 2 : 0),
           .acknowledged = true,
           .acknowledged_at = kEarly});
    }
  }
  return histories;
}

Contents After(const History& history, std::uint64_t operations) {
  Contents contents = history.before;
  for (std::uint64_t i = 0; i < operations; ++i) Apply(history.sent[i].operation, &contents);
  return contents;
}

std::vector<std::string> JudgeEnds(const std::vector<History>& histories, std::uint64_t first,
                                   std::uint64_t second, const Rules& rules,
                                   const std::vector<Sighting>& sightings = {}) {
  return Judge(histories, {After(histories[0], first), After(histories[1], second)}, sightings,
               rules);
}

TEST(CrashModel, FindsThePrefixThatCameBack) {
  const auto histories = Histories(500);
  for (const std::uint64_t end : {0u, 1u, 16u, 17u, 255u, 499u, 500u}) {
    const auto prefix = FindPrefix(histories[0], After(histories[0], end));
    ASSERT_TRUE(prefix.has_value()) << end;
    EXPECT_LE(prefix->low, end);
    EXPECT_GE(prefix->high, end);
    EXPECT_LE(prefix->high - prefix->low, 1u);
  }
}

TEST(CrashModel, AcceptsWhatIsWhole) {
  EXPECT_TRUE(JudgeEnds(Histories(300), 300, 300, {.safe_until = kLate}).empty());
}

TEST(CrashModel, AcceptsLossThatTheRulesAllow) {
  EXPECT_TRUE(JudgeEnds(Histories(300), 290, 295, {.safe_until = {}}).empty());
}

TEST(CrashModel, SeesLossOfAcknowledgedWrites) {
  EXPECT_FALSE(JudgeEnds(Histories(300), 298, 300, {.safe_until = kLate}).empty());
}

TEST(CrashModel, SeesHalfATransaction) {
  const auto histories = Histories(300);
  auto contents = After(histories[0], 300);
  contents["t0:a"] = "1";
  EXPECT_FALSE(Judge(histories, {contents, After(histories[1], 300)}, {}, {}).empty());
}

TEST(CrashModel, SeesAHoleInTheMiddle) {
  const auto histories = Histories(300);
  Contents contents;
  for (std::size_t i = 0; i < 300; ++i) {
    if (i != 288) Apply(histories[0].sent[i].operation, &contents);
  }
  EXPECT_FALSE(Judge(histories, {contents, After(histories[1], 300)}, {}, {}).empty());
}

TEST(CrashModel, SeesAnOperationWithoutTheOneThatWasReadBeforeIt) {
  // Thread 0 came back whole; what it had seen of thread 1 did not.
  EXPECT_FALSE(JudgeEnds(Histories(300), 300, 100, {.safe_until = {}}).empty());
}

TEST(CrashModel, SeesLossOfWhatAReaderSaw) {
  const auto histories = Histories(300);
  const Sighting sighting{.thread = 1, .number = 299, .at = kEarly};
  EXPECT_TRUE(JudgeEnds(histories, 298, 298, {.safe_until = {}}, {sighting}).empty());
  const auto wrong = JudgeEnds(histories, 298, 298, {.safe_until = kEarly}, {sighting});
  EXPECT_FALSE(wrong.empty());
}

TEST(CrashModel, ContinuesFromWhatCameBackBefore) {
  auto histories = Histories(100);
  History later;
  later.before = After(histories[0], 60);
  later.first = 61;
  for (std::uint64_t n = 61; n <= 120; ++n)
    later.sent.push_back({.operation = MakeOperation(0, n, 1, 1)});
  const auto prefix = FindPrefix(later, After(later, 30));
  ASSERT_TRUE(prefix.has_value());
  EXPECT_GE(prefix->high, 90u);
  EXPECT_LE(prefix->low, 90u);
}

}  // namespace
}  // namespace tideway::tests
