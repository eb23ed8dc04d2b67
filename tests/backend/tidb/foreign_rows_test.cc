// Other SQL programs on the tables, and what does not fit into them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/tidb/schema.h"
#include "tests/backend/support/tidb_node.h"
#include "tests/support/shared_tidb.h"
#include "tests/support/sql_client.h"

namespace tideway::backend {
namespace {

using test::BatchDriver;
using test::TidbNode;
using testing::HasSubstr;
using testing_support::SqlClient;

class ForeignRows : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = testing_support::SharedTidb(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    const std::string database = testing_support::FreshDatabase();
    ASSERT_TRUE(test::MakeTables(server_->port(), database));
    node_ = std::make_unique<TidbNode>(
        TidbNode::Options{.port = server_->port(), .database = database});
    sql_ = std::make_unique<SqlClient>(server_->port(), database);
  }
  void Execute(const std::string& statement) {
    sql_->Run(statement);
    EXPECT_TRUE(sql_->error().ok()) << statement << ": " << sql_->error().text;
  }

  testing_support::TidbServer* server_ = nullptr;
  std::unique_ptr<TidbNode> node_;
  std::unique_ptr<SqlClient> sql_;
};

TEST_F(ForeignRows, AStringThatAnotherProgramInsertsIsThere) {
  Execute("INSERT INTO tw_keys (k,v) VALUES ('greeting','hello')");
  EXPECT_EQ(node_->Get("greeting"), "hello");
  Execute("INSERT INTO tw_keys (k,v) VALUES (x'00ff0a',x'00fe27')");
  EXPECT_EQ(node_->Get(std::string("\0\xff\n", 3)), std::string("\0\xfe'", 3));
  Execute("INSERT INTO tw_keys (k) VALUES ('no value')");
  EXPECT_EQ(node_->Get("no value"), "");
  Execute("INSERT INTO tw_keys (k,v,db) VALUES ('greeting','far away',3)");
  EXPECT_EQ(node_->Get("greeting"), "hello");
}

// As README shows them.
TEST_F(ForeignRows, StringsAreWrittenReadAndDeletedByTheDocumentedStatements) {
  const std::string put = "REPLACE INTO tw_keys (db, k, v) VALUES (0, 'hello', 'world')";
  const std::string look =
      "SELECT GROUP_CONCAT(k, '=', v) FROM tw_keys WHERE db = 0 AND type = 1 "
      "AND incarnation IS NULL "
      "AND (expire_at IS NULL OR expire_at > UNIX_TIMESTAMP(NOW(3)) * 1000) "
      "AND IFNULL(rev, ~0) >= IFNULL((SELECT rev FROM tw_keys WHERE db = 65535 AND k = '0'), 0)";
  node_->Set("hello", "before");
  node_->Erase("hello");
  node_->Set("due", "v", 1);
  node_->Set("flushed", "v");
  node_->driver().set_ranges({{RangeRead::Kind::kFlush, 0}});
  node_->Run({}, [](View& view) { view.Flush(0); });
  node_->Set("due again", "v", 1);
  node_->Set("large", std::string(100'000, 'v'));
  node_->Set("ours", "v");
  Execute(put);
  EXPECT_EQ(node_->Get("hello"), "world");
  EXPECT_EQ(sql_->Value(look), "hello=world,ours=v");
  Execute("DELETE FROM tw_keys WHERE db = 0 AND k = 'hello'");
  EXPECT_EQ(node_->Get("hello"), "-");
}

TEST_F(ForeignRows, WhatAnotherProgramChangesIsSeenAtOnce) {
  node_->Set("k", "ours");
  Execute("UPDATE tw_keys SET v='theirs' WHERE k='k'");
  EXPECT_EQ(node_->Get("k"), "theirs");
  Execute("DELETE FROM tw_keys WHERE k='k'");
  EXPECT_EQ(node_->Get("k"), "-");
}

TEST_F(ForeignRows, AForeignRowIsWrittenOverLikeAnyOther) {
  Execute("INSERT INTO tw_keys (k,v) VALUES ('k','41')");
  EXPECT_EQ(node_->Add("k"), Outcome::kCommitted);
  EXPECT_EQ(node_->Get("k"), "42");
  Execute("INSERT INTO tw_keys (k,v) VALUES ('gone','1')");
  EXPECT_EQ(node_->Erase("gone"), Outcome::kCommitted);
  EXPECT_EQ(node_->Get("gone"), "-");
}

TEST_F(ForeignRows, AForeignWriteInBetweenIsAConflict) {
  Execute("INSERT INTO tw_keys (k,v) VALUES ('k','1')");
  bool first = true;
  node_->Run({"k"}, [&](View& view) {
    if (std::exchange(first, false)) Execute("UPDATE tw_keys SET v='10' WHERE k='k'");
    Key at = view.OpenWrite("k");
    at.SetString(std::string(at.String()) + "1", ExpiryChange::Clear());
  });
  EXPECT_EQ(node_->Get("k"), "101");
}

// It is neither absent, so that an INCR would write over another program's data, nor somebody's.
TEST_F(ForeignRows, AValueThatNobodyCanReadIsAnErrorUntilItIsSetOrDeleted) {
  Execute(
      "INSERT INTO tw_keys (k,v,type) VALUES ('what',x'00',99),('hash','no hash',2),"
      "('set',x'02ff',3),('empty',x'01',2)");
  Execute("INSERT INTO tw_keys (k,v,db) VALUES ('k','v',60000)");
  node_->Set("k", "v");
  for (const std::string key : {"what", "hash", "set", "empty"}) {
    EXPECT_EQ(node_->Add(key), Outcome::kNotApplied);
    EXPECT_THAT(node_->driver().detail(), HasSubstr("'" + key + "' cannot be read"));
  }
  EXPECT_EQ(node_->Get("k"), "v");
  node_->driver().set_blind({{BlindWrite::Kind::kPut, 0, "what", "ours"}});
  EXPECT_EQ(node_->Set("what", "ours"), Outcome::kCommitted);
  EXPECT_EQ(node_->Get("what"), "ours");
  node_->driver().set_blind({{BlindWrite::Kind::kErase, 0, "hash", {}}});
  EXPECT_EQ(node_->Erase("hash"), Outcome::kCommitted);
  EXPECT_EQ(node_->Get("hash"), "-");
}

TEST_F(ForeignRows, ATimeLongPastOrFarAwayIsOne) {
  Execute(
      "INSERT INTO tw_keys (k,v,expire_at) VALUES ('past','v',-5),('now','v',1),"
      "('far','v',9223372036854775807)");
  EXPECT_EQ(node_->Get("past"), "-");
  EXPECT_EQ(node_->Get("now"), "-");
  EXPECT_EQ(node_->Get("far"), "v");
}

// --- limits

TEST_F(ForeignRows, AnyByteMayBeInAKeyAndItsValue) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string bytes = {'a', static_cast<char>(byte)};
    ASSERT_EQ(node_->Set(bytes, bytes + "'\\"), Outcome::kCommitted);
  }
  BatchDriver::Keys keys;
  for (int byte = 0; byte < 256; ++byte) keys.push_back({'a', static_cast<char>(byte)});
  node_->Run(keys, [&](View& view) {
    for (const std::string& key : keys) EXPECT_EQ(view.OpenRead(key).String(), key + "'\\");
  });
}

TEST_F(ForeignRows, KeysThatACollationWouldFoldAreApart) {
  node_->Set("key", "1");
  node_->Set("KEY", "2");
  node_->Set("key ", "3");
  node_->Set("kéy", "4");
  EXPECT_EQ(node_->Get("key"), "1");
  EXPECT_EQ(node_->Get("KEY"), "2");
  EXPECT_EQ(node_->Get("key "), "3");
}

TEST_F(ForeignRows, TheLongestKeyFitsAndALongerOneIsRefusedWithTheLimit) {
  const std::string longest(kTidbKeyBytesMax, 'k');
  EXPECT_EQ(node_->Set(longest, "v"), Outcome::kCommitted);
  EXPECT_EQ(node_->Get(longest), "v");
  EXPECT_EQ(node_->Set(longest + "k", "v"), Outcome::kNotApplied);
  EXPECT_THAT(node_->driver().detail(), HasSubstr(std::to_string(kTidbKeyBytesMax)));
  EXPECT_EQ(node_->Get(longest + "k"), "-");
}

// A key that nothing can hold is not asked for: its text would not fit into a packet.
TEST_F(ForeignRows, MoreKeysThanATransactionTakesAreRefusedWithTheLimit) {
  const BatchDriver::Keys keys(100'001, "k");
  EXPECT_EQ(node_->Run(keys, [](View&) {}), Outcome::kNotApplied);
  EXPECT_THAT(node_->driver().detail(), HasSubstr("100000 (txn-keys-max)"));
  EXPECT_EQ(node_->Get("k"), "-");
}

TEST_F(ForeignRows, AKeyOfManyMegabytesIsAbsent) {
  const std::string huge(size_t{40} << 20, 'k');
  EXPECT_EQ(node_->Get(huge), "-");
  EXPECT_EQ(node_->driver().outcome(), Outcome::kCommitted);
  EXPECT_EQ(node_->Set(huge, "v"), Outcome::kNotApplied);
  EXPECT_THAT(node_->driver().detail(), HasSubstr(std::to_string(kTidbKeyBytesMax)));
}

TEST_F(ForeignRows, ABatchThatIsRefusedLeavesNothingHalfWritten) {
  const std::string too_long(kTidbKeyBytesMax + 1, 'k');
  EXPECT_EQ(node_->Run({"a", too_long},
                       [&](View& view) {
                         view.OpenWrite("a").SetString("v", ExpiryChange::Clear());
                         view.OpenWrite(too_long).SetString("v", ExpiryChange::Clear());
                       }),
            Outcome::kNotApplied);
  EXPECT_EQ(node_->Get("a"), "-");
}

TEST_F(ForeignRows, OfManyWritesOfOneKeyARowNamesAsManyEventsAsFit) {
  EXPECT_EQ(node_->Run({"k"},
                       [](View& view) {
                         for (int i = 0; i < 10'000; ++i) {
                           Key at = view.OpenWrite("k");
                           at.SetString(std::to_string(i), ExpiryChange::Clear());
                           view.Note(Event::kIncrBy, at);
                         }
                       }),
            Outcome::kCommitted);
  EXPECT_EQ(node_->Get("k"), "9999");
  const std::string events = sql_->Value("SELECT events FROM tw_keys WHERE k='k'");
  EXPECT_LE(events.size(), kTidbEventsBytesMax);
  EXPECT_GT(events.size(), kTidbEventsBytesMax - sizeof("incrby,"));
  EXPECT_THAT(events, testing::EndsWith(",incrby"));
}

}  // namespace
}  // namespace tideway::backend
