// Settings that nodes over one database share.
#include "backend/tidb/shared_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/backend/support/tidb_node.h"
#include "tests/support/shared_tidb.h"
#include "tests/support/sql_client.h"

namespace tideway::backend {
namespace {

using test::TidbNode;
using testing::HasSubstr;
using testing::Not;

TEST(SharedSettings, WritesWhatIsNewAndWhatIsNotKnown) {
  SharedSettings settings;
  EXPECT_FALSE(settings.pending());
  settings.Share("a", "1");
  EXPECT_TRUE(settings.pending());
  EXPECT_THAT(settings.NextSql(), HasSubstr("REPLACE INTO tw_settings"));
  // Not answered yet: it goes again.
  EXPECT_THAT(settings.NextSql(), HasSubstr("(x'61',x'31',@@tidb_current_ts)"));
  SqlReply failed;
  failed.error = {9007, "write conflict"};
  EXPECT_TRUE(settings.Take(failed).empty());
  EXPECT_TRUE(settings.pending());
  SqlReply done;
  done.results.emplace_back();
  EXPECT_TRUE(settings.Take(done).empty());
  EXPECT_FALSE(settings.pending());
  settings.Share("a", "1");
  EXPECT_FALSE(settings.pending()) << "the database has it";
  EXPECT_THAT(settings.NextSql(), Not(HasSubstr("REPLACE")));
}

TEST(SharedSettings, WhatIsSetWhileItIsWrittenIsWrittenNext) {
  SharedSettings settings;
  settings.Share("a", "1");
  settings.NextSql();
  settings.Share("a", "2");
  SqlReply done;
  done.results.emplace_back();
  settings.Take(done);
  EXPECT_TRUE(settings.pending());
  EXPECT_THAT(settings.NextSql(), HasSubstr("x'32'"));
}

class SharedSettingsOverTidb : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = testing_support::SharedTidb(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    database_ = testing_support::FreshDatabase();
    ASSERT_TRUE(test::MakeTables(server_->port(), database_));
    sql_ = std::make_unique<testing_support::SqlClient>(server_->port(), database_);
  }
  std::unique_ptr<TidbNode> Node() {
    return std::make_unique<TidbNode>(
        TidbNode::Options{.port = server_->port(), .database = database_});
  }
  // What a node has heard once it is `wanted`, or after a while; others work meanwhile.
  static std::string Hears(TidbNode& node, const std::string& wanted,
                           const std::vector<TidbNode*>& others) {
    const auto begin = std::chrono::steady_clock::now();
    while (node.shared("notify") != wanted &&
           std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)) {
      node.Work(std::chrono::milliseconds(50));
      for (TidbNode* other : others) other->Work(std::chrono::milliseconds(50));
    }
    return node.shared("notify");
  }

  testing_support::TidbServer* server_ = nullptr;
  std::string database_;
  std::unique_ptr<testing_support::SqlClient> sql_;
};

TEST_F(SharedSettingsOverTidb, ReachEveryNodeAndThoseThatStartLater) {
  const auto a = Node();
  const auto b = Node();
  a->store().ShareSetting("notify", "AKE");
  EXPECT_EQ(Hears(*b, "AKE", {a.get()}), "AKE");
  const auto late = Node();
  EXPECT_EQ(Hears(*late, "AKE", {}), "AKE");
  b->store().ShareSetting("notify", "");
  EXPECT_EQ(Hears(*a, "", {b.get()}), "");
  const auto later = Node();
  EXPECT_EQ(Hears(*later, "", {}), "") << "nothing is a value, too";
  EXPECT_EQ(sql_->Value("SELECT COUNT(*) FROM tw_settings"), "1");
  EXPECT_EQ(b->shared("notify"), "AKE") << "what a node has set itself it is not told";
}

}  // namespace
}  // namespace tideway::backend
