// Values that are too large for their key's row: what is read and written of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "tests/backend/support/tidb_node.h"
#include "tests/support/shared_tidb.h"
#include "tests/support/sql_client.h"

namespace tideway::backend {
namespace {

using test::BatchDriver;
using test::TidbNode;
using testing::HasSubstr;
using testing_support::SqlClient;

constexpr int kFields = 1'000;

std::string Field(int number) { return "field " + std::to_string(number); }

class LargeValues : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = testing_support::SharedTidb(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    options_ = {.port = server_->port(), .database = testing_support::FreshDatabase()};
    ASSERT_TRUE(test::MakeTables(options_.port, options_.database));
    node_ = std::make_unique<TidbNode>(options_);
    sql_ = std::make_unique<SqlClient>(options_.port, options_.database);
  }
  void MakeHash(const std::string& key) {
    ASSERT_EQ(node_->Run({key},
                         [&](View& view) {
                           Key hash = view.OpenWrite(key);
                           for (int i = 0; i < kFields; ++i) {
                             hash.HashSet(Field(i), std::string(200, 'v'));
                           }
                         }),
              Outcome::kCommitted);
  }
  // As a command does that names these fields.
  Outcome OnFields(TidbNode& node, const std::vector<std::string>& fields,
                   const BatchDriver::Handler& handler) {
    std::vector<MemberRead> members;
    for (const std::string& field : fields) members.push_back({0, field});
    node.driver().set_scope(ReadScope::kMembers, members);
    return node.Run({"h"}, handler);
  }
  std::string Incarnation(const std::string& key) {
    return sql_->Value("SELECT incarnation FROM tw_keys WHERE k='" + key + "'");
  }
  std::string Parts() { return sql_->Value("SELECT COUNT(*) FROM tw_parts"); }
  // What the key's row says of its size.
  std::string Size(const std::string& key) {
    return sql_->Value("SELECT v FROM tw_keys WHERE k='" + key + "'");
  }

  testing_support::TidbServer* server_ = nullptr;
  TidbNode::Options options_;
  std::unique_ptr<TidbNode> node_;
  std::unique_ptr<SqlClient> sql_;
};

TEST_F(LargeValues, AHashLiesFieldByField) {
  MakeHash("h");
  EXPECT_EQ(Parts(), std::to_string(kFields));
  EXPECT_THAT(Size("h"), testing::StartsWith(std::to_string(kFields) + ","));
  node_->Run({"h"}, [](View& view) {
    const Key hash = view.OpenRead("h");
    EXPECT_EQ(hash.HashSize(), size_t{kFields});
    EXPECT_EQ(hash.HashGet(Field(7)), std::string(200, 'v'));
  });
}

TEST_F(LargeValues, ACommandReadsAndWritesTheFieldsThatItNames) {
  MakeHash("h");
  const std::string incarnation = Incarnation("h");
  // Nobody looks at this one: what another program does to it shows if somebody writes it.
  sql_->Run("UPDATE tw_parts SET v='untouched' WHERE f='field 1'");
  EXPECT_EQ(OnFields(*node_, {Field(5), "new"},
                     [](View& view) {
                       Key hash = view.OpenWrite("h");
                       EXPECT_EQ(hash.HashSize(), size_t{kFields});
                       EXPECT_FALSE(hash.HashSet(Field(5), "five"));
                       EXPECT_TRUE(hash.HashSet("new", "n"));
                       EXPECT_EQ(hash.HashSize(), size_t{kFields + 1});
                     }),
            Outcome::kCommitted);
  EXPECT_EQ(Incarnation("h"), incarnation);
  EXPECT_EQ(Parts(), std::to_string(kFields + 1));
  EXPECT_EQ(sql_->Value("SELECT v FROM tw_parts WHERE f='field 1'"), "untouched");
  OnFields(*node_, {Field(5), "new", "none"}, [](View& view) {
    const Key hash = view.OpenRead("h");
    EXPECT_EQ(hash.HashGet(Field(5)), "five");
    EXPECT_EQ(hash.HashGet("new"), "n");
    EXPECT_EQ(hash.HashGet("none"), std::nullopt);
  });
}

TEST_F(LargeValues, BytesOfARowFollowItsFields) {
  MakeHash("h");
  const std::string before = Size("h");
  OnFields(*node_, {"new"}, [](View& view) { view.OpenWrite("h").HashSet("new", "12345"); });
  EXPECT_NE(Size("h"), before);
  OnFields(*node_, {"new"}, [](View& view) { view.OpenWrite("h").HashErase("new"); });
  EXPECT_EQ(Size("h"), before);
}

TEST_F(LargeValues, TheLastFieldTakesTheKeyWithIt) {
  MakeHash("h");
  std::vector<std::string> all;
  for (int i = 0; i < kFields; ++i) all.push_back(Field(i));
  OnFields(*node_, all, [&](View& view) {
    Key hash = view.OpenWrite("h");
    for (const std::string& field : all) EXPECT_TRUE(hash.HashErase(field));
    EXPECT_TRUE(hash.EraseIfEmpty());
  });
  EXPECT_EQ(sql_->Value("SELECT type FROM tw_keys WHERE k='h'"), "0");
}

TEST_F(LargeValues, ASetLiesMemberByMember) {
  node_->Run({"h"}, [](View& view) {
    Key set = view.OpenWrite("h");
    for (int i = 0; i < kFields; ++i) set.SetAdd(Field(i) + std::string(100, '.'));
  });
  EXPECT_EQ(Parts(), std::to_string(kFields));
  const std::string first = Field(0) + std::string(100, '.');
  OnFields(*node_, {first, "other"}, [&](View& view) {
    Key set = view.OpenWrite("h");
    EXPECT_TRUE(set.SetRemove(first));
    EXPECT_TRUE(set.SetAdd("other"));
    EXPECT_EQ(set.SetSize(), size_t{kFields});
  });
  EXPECT_EQ(Parts(), std::to_string(kFields));
}

TEST_F(LargeValues, AWalkGoesOnAtAnotherNode) {
  MakeHash("h");
  TidbNode other(options_);
  std::map<std::string, int> seen;
  uint64_t cursor = 0;
  int steps = 0;
  do {
    TidbNode& node = steps % 2 == 0 ? *node_ : other;
    node.driver().set_may_write(false);
    node.driver().set_scope(ReadScope::kMembers,
                            {{.read = 0, .member = {}, .count = 64, .cursor = cursor}});
    uint64_t next = 0;
    size_t told = 0;
    node.Run({"h"}, [&](View& view) {
      next = view.OpenRead("h").HashScan(cursor, 64, [&](std::string_view field, auto) {
        ++seen[std::string(field)];
        ++told;
      });
    });
    EXPECT_LE(told, 64u);
    cursor = next;
    ASSERT_LT(++steps, 100);
  } while (cursor != 0);
  EXPECT_EQ(seen.size(), size_t{kFields});
  EXPECT_EQ(steps, (kFields + 63) / 64);
}

TEST_F(LargeValues, AMereRowIsEnoughForAnExpiry) {
  MakeHash("h");
  node_->Set("s", std::string(300'000, 's'));
  for (const std::string key : {"h", "s"}) {
    const std::string incarnation = Incarnation(key);
    const std::string size = Size(key);
    node_->driver().set_scope(ReadScope::kRow);
    EXPECT_EQ(node_->Run({key},
                         [&](View& view) {
                           Key at = view.OpenWrite(key);
                           EXPECT_TRUE(at.exists());
                           at.SetExpiry(view.now_ms() + 100'000);
                         }),
              Outcome::kCommitted);
    EXPECT_EQ(Incarnation(key), incarnation);
    EXPECT_EQ(Size(key), size);
  }
  EXPECT_EQ(node_->Get("s"), std::string(300'000, 's'));
}

TEST_F(LargeValues, TwoNodesThatChangeDifferentFieldsLoseNothing) {
  MakeHash("h");
  const auto count = [&](TidbNode& node, const std::string& field) {
    for (int i = 1; i <= 30; ++i) {
      OnFields(node, {field}, [&](View& view) {
        Key hash = view.OpenWrite("h");
        const auto old = hash.HashGet(field);
        hash.HashSet(field, std::to_string(old ? std::stoi(std::string(*old)) + 1 : 1));
      });
    }
  };
  TidbNode other(options_);
  std::thread beside([&] { count(other, "b"); });
  count(*node_, "a");
  beside.join();
  OnFields(*node_, {"a", "b"}, [](View& view) {
    const Key hash = view.OpenRead("h");
    EXPECT_EQ(hash.HashGet("a"), "30");
    EXPECT_EQ(hash.HashGet("b"), "30");
    EXPECT_EQ(hash.HashSize(), size_t{kFields + 2});
  });
}

TEST_F(LargeValues, AnotherFieldInPlaceOfTheNamedOneIsRefused) {
  MakeHash("h");
  sql_->Run("UPDATE tw_parts SET f='field x' WHERE f='field 3'");
  EXPECT_EQ(OnFields(*node_, {Field(3)}, [](View&) {}), Outcome::kNotApplied);
  EXPECT_THAT(node_->driver().detail(), HasSubstr("another field"));
  EXPECT_EQ(OnFields(*node_, {Field(4)}, [](View&) {}), Outcome::kCommitted);
}

TEST_F(LargeValues, ASizeThatNobodyWroteIsAnError) {
  MakeHash("h");
  for (const std::string size : {"", "x", "1000", "0,0", "1,", ",1", "1,2,3"}) {
    sql_->Run("UPDATE tw_keys SET v='" + size + "' WHERE k='h'");
    EXPECT_EQ(OnFields(*node_, {Field(3)}, [](View&) {}), Outcome::kNotApplied) << size;
    EXPECT_THAT(node_->driver().detail(), HasSubstr("'h' cannot be read"));
  }
}

TEST_F(LargeValues, WhatIsReadWholeHasABound) {
  MakeHash("h");
  options_.value_bytes_max = 100'000;
  TidbNode small(options_);
  EXPECT_EQ(small.Run({"h"}, [](View&) {}), Outcome::kNotApplied);
  EXPECT_THAT(small.driver().detail(), HasSubstr("100000 (value-bytes-max)"));
  EXPECT_EQ(OnFields(small, {Field(3)}, [](View&) {}), Outcome::kCommitted);
  EXPECT_EQ(small.Set("s", std::string(100'001, 's')), Outcome::kNotApplied);
  EXPECT_THAT(small.driver().detail(), HasSubstr("100000 bytes (value-bytes-max)"));
}

TEST_F(LargeValues, AFieldLargerThanARowIsRefusedWithTheLimit) {
  const std::string value(size_t{6} << 20, 'v');
  EXPECT_EQ(node_->Run({"h"}, [&](View& view) { view.OpenWrite("h").HashSet("f", value); }),
            Outcome::kNotApplied);
  EXPECT_THAT(node_->driver().detail(), HasSubstr("a row of TiDB"));
  EXPECT_EQ(Parts(), "0");
}

TEST_F(LargeValues, WhatNobodyOwnsIsCollected) {
  MakeHash("h");
  MakeHash("gone");
  MakeHash("flushed");
  sql_->Run("UPDATE tw_keys SET db=1 WHERE k='flushed'");
  node_->Set("h", "small");
  node_->Erase("gone");
  node_->driver().set_ranges({{RangeRead::Kind::kFlush, 1}});
  node_->Run({}, [](View& view) { view.Flush(1); });
  // As if their ten minutes had passed.
  sql_->Run("UPDATE tw_keys SET expire_at=1 WHERE k='gone'");
  sql_->Run("UPDATE tw_keys SET rev=1 WHERE k='flushed'");
  sql_->Run("UPDATE tw_keys SET rev=2 WHERE db=65535 AND k='1'");
  const auto begin = std::chrono::steady_clock::now();
  while (Parts() != "0" && std::chrono::steady_clock::now() - begin < std::chrono::seconds(60)) {
    node_->Work(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(Parts(), "0");
  EXPECT_EQ(sql_->Value("SELECT COUNT(*) FROM tw_incarnations"), "0");
  EXPECT_EQ(sql_->Value("SELECT COUNT(*) FROM tw_keys WHERE db<65535"), "1");
  EXPECT_EQ(node_->Get("h"), "small");
}

TEST_F(LargeValues, WhatIsRefusedForAllIsRefusedForEach) {
  // Of one key, so that they would always travel together.
  const std::string key(3'071, 'k');
  BatchDriver a(node_->store(), node_->port());
  BatchDriver b(node_->store(), node_->port());
  const auto write = [&](View& view) { view.OpenWrite(key).SetString("v", ExpiryChange::Clear()); };
  bool a_ended = a.Begin({key}, write);
  bool b_ended = b.Begin({key}, write);
  const auto begin = std::chrono::steady_clock::now();
  while (!(a_ended && b_ended)) {
    for (const auto& job : node_->port().Take()) job();
    a_ended = a.Pump();
    b_ended = b.Pump();
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  }
  EXPECT_EQ(a.outcome(), Outcome::kNotApplied);
  EXPECT_EQ(b.outcome(), Outcome::kNotApplied);
  EXPECT_THAT(a.detail(), HasSubstr("3070"));
}

}  // namespace
}  // namespace tideway::backend
