// Questions to other nodes: who is waited for, and for how long.
#include "cdc/node_asks.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace tideway::cdc {
namespace {

class NodeAsksTest : public testing::Test {
 protected:
  NodeAsksTest() {
    asks.OnUp(0);
    now_ms = NodeAsks::kSettleMs;
  }
  uint64_t Ask() {
    answers.reset();
    return asks.Ask([this](std::vector<NodeAnswer> said) { answers = said.size(); }, now_ms);
  }
  void Answer(uint64_t number, const std::string& node, bool last = true) {
    asks.OnAnswer({number, node, last, {}}, now_ms);
  }

  NodeAsks asks;
  int64_t now_ms;
  std::optional<size_t> answers;
};

TEST_F(NodeAsksTest, WithNobodyThereTheAnswerComesAtOnce) {
  Ask();
  EXPECT_EQ(answers, 0u);
  EXPECT_EQ(asks.Expire(now_ms), -1);
}

TEST_F(NodeAsksTest, AllNodesAnswerInSeveralMessages) {
  EXPECT_TRUE(asks.OnHello("a", now_ms));
  EXPECT_FALSE(asks.OnHello("a", now_ms));
  asks.OnHello("b", now_ms);
  const uint64_t number = Ask();
  Answer(number, "a", false);
  Answer(number, "b");
  EXPECT_FALSE(answers);
  Answer(number, "a");
  EXPECT_EQ(answers, 3u);
  EXPECT_EQ(asks.missed(), 0u);
}

TEST_F(NodeAsksTest, WhoDoesNotAnswerInTimeIsLeftOutAndCounted) {
  asks.OnHello("a", now_ms);
  asks.OnHello("frozen", now_ms);
  const uint64_t number = Ask();
  Answer(number, "a");
  EXPECT_EQ(asks.Expire(now_ms + 50), NodeAsks::kAnswerMs - 50);
  EXPECT_FALSE(answers);
  EXPECT_EQ(asks.Expire(now_ms + NodeAsks::kAnswerMs), -1);
  EXPECT_EQ(answers, 1u);
  EXPECT_EQ(asks.missed(), 1u);
  EXPECT_EQ(asks.nodes(), 1u);
  Answer(Ask(), "a");
  EXPECT_EQ(answers, 1u) << "nobody waits for it again";
  Answer(number, "frozen");
  EXPECT_EQ(asks.nodes(), 2u) << "a late answer is a sign of life";
}

TEST_F(NodeAsksTest, RightAfterConnectingEverybodyHasTheWholeTime) {
  asks.OnUp(now_ms);
  const uint64_t number = Ask();
  Answer(number, "a");
  EXPECT_FALSE(answers);
  asks.Expire(now_ms + NodeAsks::kAnswerMs);
  EXPECT_EQ(answers, 1u);
}

TEST_F(NodeAsksTest, ALostConnectionAndAGoodbyeEndTheWaiting) {
  asks.OnHello("a", now_ms);
  Ask();
  asks.OnGoodbye("a");
  EXPECT_EQ(answers, 0u);
  asks.OnHello("a", now_ms);
  Ask();
  asks.OnDown();
  EXPECT_EQ(answers, 0u);
}

TEST_F(NodeAsksTest, ASilentNodeIsForgotten) {
  asks.OnHello("a", now_ms);
  asks.Expire(now_ms + NodeAsks::kForgetMs);
  EXPECT_EQ(asks.nodes(), 1u);
  asks.Expire(now_ms + NodeAsks::kForgetMs + 1);
  EXPECT_EQ(asks.nodes(), 0u);
}

TEST(NodeQuestion, TravelsWhole) {
  NodeQuestion question;
  question.kind = NodeQuestion::Kind::kCounts;
  question.names = {"a", std::string("\0\xff", 2)};
  const auto back = DecodeQuestion(Encode(NumberedQuestion{7, "n1", question}));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->number, 7u);
  EXPECT_EQ(back->question.kind, question.kind);
  EXPECT_EQ(back->question.names, question.names);
  EXPECT_FALSE(DecodeQuestion("\xff\xff"));
  EXPECT_FALSE(DecodeQuestion(Encode(NumberedQuestion{7, "a.>", question})))
      << "answers go to a subject with the node's name";
}

TEST(NodeAnswer, IsCutIntoMessages) {
  NumberedAnswer answer{3, "n", true, {}};
  for (int i = 0; i < 100; ++i) answer.answer.names.push_back("name" + std::to_string(i));
  const auto messages = Encode(answer, 200);
  EXPECT_GT(messages.size(), 4u);
  std::vector<std::string> names;
  for (const std::string& message : messages) {
    const auto part = DecodeAnswer(message);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->last, &message == &messages.back());
    names.insert(names.end(), part->answer.names.begin(), part->answer.names.end());
  }
  EXPECT_EQ(names, answer.answer.names);
}

}  // namespace
}  // namespace tideway::cdc
