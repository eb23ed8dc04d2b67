// What becomes of a commit whose answer never came: applied once or not at all, and known which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/backend/support/tidb_node.h"
#include "tests/support/shared_tidb.h"
#include "tests/support/sql_proxy.h"

namespace tideway::backend {
namespace {

using test::TidbNode;
using testing_support::SqlProxy;
using Lose = SqlProxy::Lose;

class LostAnswers : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = testing_support::SharedTidb(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    database_ = testing_support::FreshDatabase();
    ASSERT_TRUE(test::MakeTables(server_->port(), database_));
    proxy_ = std::make_unique<SqlProxy>(server_->port());
    node_ = std::make_unique<TidbNode>(
        TidbNode::Options{.port = proxy_->port(), .database = database_});
    ASSERT_EQ(node_->Add("k"), Outcome::kCommitted);  // it is connected
  }

  // One INCR while something is lost.
  void AddOnce() {
    EXPECT_EQ(node_->Add("k"), Outcome::kCommitted);
    EXPECT_EQ(node_->Get("k"), "2");
  }

  testing_support::TidbServer* server_ = nullptr;
  std::string database_;
  std::unique_ptr<SqlProxy> proxy_;
  std::unique_ptr<TidbNode> node_;
};

TEST_F(LostAnswers, ACommitThatNeverArrivedIsDoneAgain) {
  proxy_->LoseNext("COMMIT", Lose::kRequest);
  AddOnce();
  EXPECT_EQ(proxy_->lost(), 1);
}

TEST_F(LostAnswers, AnAppliedCommitIsFoundAndNotDoneAgain) {
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  EXPECT_EQ(node_->Add("k"), Outcome::kCommitted);
  EXPECT_EQ(node_->attempts(), 1);
  EXPECT_EQ(node_->Get("k"), "2");
  EXPECT_EQ(proxy_->lost(), 1);
}

TEST_F(LostAnswers, ACommitThatArrivesAfterTheFenceIsRefused) {
  proxy_->LoseNext("COMMIT", Lose::kContact);
  AddOnce();
  proxy_->DeliverLate();
  EXPECT_EQ(node_->Get("k"), "2");
}

// The fence's own answer can be lost as well: what it wrote must not be taken for the transaction.
TEST_F(LostAnswers, AFenceWhoseAnswerIsLostIsNotTakenForTheCommit) {
  proxy_->LoseNext("COMMIT", Lose::kRequest);
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  AddOnce();
  EXPECT_EQ(proxy_->lost(), 2);
}

TEST_F(LostAnswers, AnAppliedCommitIsFoundAlsoByTheSecondFence) {
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  AddOnce();
  EXPECT_EQ(proxy_->lost(), 2);
}

TEST_F(LostAnswers, AnAppliedCommitIsFoundAfterAFenceThatNeverArrived) {
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  proxy_->LoseNext("COMMIT", Lose::kRequest);
  AddOnce();
  EXPECT_EQ(proxy_->lost(), 2);
}

TEST_F(LostAnswers, AFenceThatComesLateDoesNoHarm) {
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  proxy_->LoseNext("COMMIT", Lose::kContact);
  AddOnce();
  ASSERT_EQ(node_->Add("k"), Outcome::kCommitted);
  proxy_->DeliverLate();
  EXPECT_EQ(node_->Get("k"), "3");
}

TEST_F(LostAnswers, ALostLoadIsDoneAgain) {
  proxy_->LoseNext("BEGIN OPTIMISTIC", Lose::kAnswer);
  AddOnce();
  EXPECT_EQ(proxy_->lost(), 1);
}

// A SET needs no load and may go as one packet.
TEST_F(LostAnswers, ASetIsAppliedOnceWhateverIsLost) {
  TidbNode other({.port = server_->port(), .database = database_});
  for (const Lose lose : {Lose::kRequest, Lose::kAnswer, Lose::kContact}) {
    proxy_->LoseNext("COMMIT", lose);
    EXPECT_EQ(node_->Set("k", "mine"), Outcome::kCommitted);
    // Somebody else's later write stays.
    EXPECT_EQ(other.Set("k", "theirs"), Outcome::kCommitted);
    if (lose == Lose::kContact) proxy_->DeliverLate();
    EXPECT_EQ(node_->Get("k"), "theirs");
  }
}

// The client's connection is closed then: it cannot be told that nothing was applied.
TEST_F(LostAnswers, ACommitThatStaysUnknownEndsUndecided) {
  TidbNode node({.port = proxy_->port(), .database = database_, .backend_timeout_ms = 500});
  ASSERT_EQ(node.Get("k"), "1");
  proxy_->LoseNext("COMMIT", Lose::kContact, 1000);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(node.Add("k"), Outcome::kUndecided);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(4000));
  proxy_->Relent();
  EXPECT_EQ(node.Add("other"), Outcome::kCommitted);
}

}  // namespace
}  // namespace tideway::backend
