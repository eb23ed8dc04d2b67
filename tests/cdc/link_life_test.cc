// The life of the bus's connection, by script: no server, no clock.
#include "cdc/link_life.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace tideway::cdc {
namespace {

using testing::HasSubstr;
using What = LinkLife::Step::What;

TEST(LinkLife, TriesEveryServerBeforeItWaits) {
  LinkLife life({"a", "b", "c"}, 1);
  std::set<std::string> tried;
  LinkLife::Step step = life.Begin(0);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(step.what, What::kConnect);
    tried.insert(step.server);
    step = life.OnFailed("refused", i);
  }
  EXPECT_EQ(tried.size(), 3u);
  EXPECT_EQ(step.what, What::kWait);
  EXPECT_EQ(life.OnWaited(100).what, What::kConnect);
}

TEST(LinkLife, WaitsLongerUpToABoundAndForEver) {
  LinkLife life({"a"}, 1);
  LinkLife::Step step = life.Begin(0);
  int64_t longest_ms = 0;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(step.what, What::kConnect);
    step = life.OnFailed("refused", i);
    ASSERT_EQ(step.what, What::kWait);
    ASSERT_GE(step.wait_ms, LinkLife::kWaitMsMin / 2);
    ASSERT_LE(step.wait_ms, LinkLife::kWaitMsMax);
    if (i == 0) {
      EXPECT_LE(step.wait_ms, LinkLife::kWaitMsMin);
    }
    longest_ms = std::max(longest_ms, step.wait_ms);
    step = life.OnWaited(i);
  }
  EXPECT_GT(longest_ms, LinkLife::kWaitMsMax / 2);
}

TEST(LinkLife, ALostServerComesLastAndTheNextAtOnce) {
  LinkLife life({"a", "b"}, 1);
  const std::string first = life.Begin(0).server;
  EXPECT_EQ(life.OnConnected(first, 0).what, What::kServe);
  const LinkLife::Step step = life.OnLost("closed", 1000);
  EXPECT_EQ(step.what, What::kConnect);
  EXPECT_NE(step.server, first);
  EXPECT_EQ(life.OnFailed("refused", 1001).server, first);
  EXPECT_EQ(life.reconnects(), 0u);
  life.OnConnected(first, 2500);
  EXPECT_EQ(life.reconnects(), 1u);
}

TEST(LinkLife, SpeaksOnceForEachChange) {
  LinkLife life({"a"}, 1);
  life.Begin(0);
  for (int i = 0; i < 50; ++i) {
    life.OnFailed("refused", i);
    life.OnWaited(i);
  }
  auto lines = life.TakeLines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_FALSE(lines[0].good);
  EXPECT_THAT(lines[0].text, HasSubstr("no connection to a: refused"));
  life.OnFailed("authorization violation", 60);
  EXPECT_EQ(life.TakeLines().size(), 1u) << "another reason is news";
  life.OnWaited(61);
  life.OnConnected("server a", 100);
  lines = life.TakeLines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].good);
  life.OnLost("closed", 1000);
  life.OnConnected("server a", 3500);
  lines = life.TakeLines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0].text, HasSubstr("lost: closed"));
  EXPECT_THAT(lines[1].text, HasSubstr("again after 2.5 seconds"));
}

TEST(LinkLife, ReasonsOfOneOutageAreBounded) {
  LinkLife life({"a"}, 1);
  life.Begin(0);
  for (int i = 0; i < 100; ++i) {
    life.OnFailed("reason " + std::to_string(i), i);
    life.OnWaited(i);
  }
  EXPECT_EQ(life.TakeLines().size(), LinkLife::kReasonsMax);
}

TEST(LinkLife, LearntServersAreTriedTooAndBounded) {
  LinkLife life({"a"}, 1);
  life.Begin(0);
  life.OnConnected("a", 0);
  for (int i = 0; i < 200; ++i) life.Learn("s" + std::to_string(i % 100));
  life.Learn("a");
  EXPECT_EQ(life.servers().size(), LinkLife::kServersMax);
  EXPECT_EQ(life.OnLost("closed", 1).server, "s0");
}

}  // namespace
}  // namespace tideway::cdc
