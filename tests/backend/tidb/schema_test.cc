#include "backend/tidb/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;
using Action = SchemaStep::Action;

constexpr std::array<std::string_view, 2> kFirst = {"CREATE TABLE IF NOT EXISTS a",
                                                    "CREATE TABLE IF NOT EXISTS tw_schema"};
constexpr std::array<std::string_view, 2> kSecond = {"ALTER 2a", "ALTER 2b"};
constexpr std::array<std::string_view, 1> kThird = {"ALTER 3"};
constexpr std::array<SchemaMigration, 3> kThree = {{{1, kFirst}, {2, kSecond}, {3, kThird}}};

TEST(Schema, MigrationsAreNumberedWithoutGaps) {
  uint32_t expected = 1;
  for (const SchemaMigration& migration : SchemaMigrations()) {
    EXPECT_EQ(migration.version, expected++);
    EXPECT_FALSE(migration.statements.empty());
  }
  EXPECT_EQ(SchemaVersion(), expected - 1);
}

TEST(Schema, StatementsAreIdempotent) {
  for (const SchemaMigration& migration : SchemaMigrations())
    for (const std::string_view statement : migration.statements)
      EXPECT_THAT(std::string(statement),
                  AnyOf(HasSubstr(" IF NOT EXISTS "), StartsWith("INSERT IGNORE ")));
}

TEST(Schema, LimitsStandInTheTables) {
  const std::string keys(SchemaMigrations()[0].statements[0]);
  EXPECT_THAT(keys, HasSubstr("k VARBINARY(" + std::to_string(kTidbKeyBytesMax) + ")"));
  EXPECT_THAT(keys, HasSubstr("events VARBINARY(" + std::to_string(kTidbEventsBytesMax) + ")"));
}

TEST(Schema, AFreshDatabaseGetsItsTablesThenItsVersion) {
  const SchemaStep step = NextSchemaStep(std::nullopt);
  ASSERT_EQ(step.action, Action::kRun);
  EXPECT_THAT(step.statements.front(), StartsWith("CREATE TABLE IF NOT EXISTS tw_keys "));
  EXPECT_EQ(step.statements.back(), "INSERT IGNORE INTO tw_schema (one,version) VALUES (1,1)");
}

TEST(Schema, AnOldVersionIsRaisedOneByOne) {
  const SchemaStep step = NextSchemaStep(1, kThree);
  ASSERT_EQ(step.action, Action::kRun);
  EXPECT_EQ(step.statements,
            (std::vector<std::string>{"ALTER 2a", "ALTER 2b",
                                      "UPDATE tw_schema SET version=2 WHERE one=1 AND version=1"}));
  EXPECT_EQ(NextSchemaStep(0, kThree).statements.back(),
            "UPDATE tw_schema SET version=1 WHERE one=1 AND version=0");
}

TEST(Schema, TheNewestVersionIsDone) {
  EXPECT_EQ(NextSchemaStep(3, kThree).action, Action::kDone);
  EXPECT_EQ(NextSchemaStep(SchemaVersion()).action, Action::kDone);
}

TEST(Schema, ANewerVersionIsRefusedByName) {
  const SchemaStep step = NextSchemaStep(7, kThree);
  ASSERT_EQ(step.action, Action::kRefuse);
  EXPECT_TRUE(step.statements.empty());
  EXPECT_THAT(step.refusal, HasSubstr("version 7"));
  EXPECT_THAT(step.refusal, HasSubstr("version 3"));
}

TEST(Schema, ShardsOfKeysNeverChange) {
  EXPECT_EQ(ExpiryShard(""), 2);
  EXPECT_EQ(ExpiryShard("a"), 15);
  EXPECT_EQ(ExpiryShard("lock-room"), 7);
  std::set<uint8_t> shards;
  for (int i = 0; i < 1000; ++i) shards.insert(ExpiryShard(std::to_string(i)));
  EXPECT_EQ(shards.size(), kExpiryShards);
}

/// As much of a database as the steps need.
struct FakeDatabase {
  std::set<std::string> done;  // DDL that was run
  std::optional<uint32_t> version;

  void Run(const std::string& sql) {
    uint32_t to = 0;
    uint32_t from = 0;
    if (std::sscanf(sql.c_str(), "INSERT IGNORE INTO tw_schema (one,version) VALUES (1,%u)", &to) ==
        1) {
      if (!version) version = to;
    } else if (std::sscanf(sql.c_str(),
                           "UPDATE tw_schema SET version=%u WHERE one=1 AND version=%u", &to,
                           &from) == 2) {
      if (version == from) version = to;
    } else {
      done.insert(sql);
    }
  }
};

/// A node that starts: one statement a turn.
struct Node {
  size_t knows;  // how many of kThree
  size_t at = 0;
  SchemaStep step{Action::kRun, {}, {}};
  bool ended = false;

  void Turn(FakeDatabase& database) {
    if (ended) return;
    if (at < step.statements.size()) {
      database.Run(step.statements[at++]);
      return;
    }
    step = NextSchemaStep(database.version, std::span(kThree).first(knows));
    at = 0;
    ended = step.action != Action::kRun;
  }
};

TEST(Schema, TenNodesOfAnyVersionsMayStartAtOnceAndDie) {
  std::mt19937_64 random(test::Seed());
  for (int round = 0; round < 300; ++round) {
    FakeDatabase database;
    std::vector<Node> nodes(10);
    for (Node& node : nodes) node.knows = 1 + random() % 3;
    uint32_t highest = 0;
    while (std::any_of(nodes.begin(), nodes.end(), [](const Node& node) { return !node.ended; })) {
      Node& node = nodes[random() % nodes.size()];
      if (random() % 20 == 0) node = {.knows = 1 + random() % 3};  // died, another one starts
      node.Turn(database);
      const uint32_t version = database.version.value_or(0);
      ASSERT_GE(version, highest) << "a version went back";
      highest = version;
      // A version stands only where all of it is there.
      for (uint32_t i = 0; i < version; ++i)
        for (const std::string_view statement : kThree[i].statements)
          ASSERT_THAT(database.done, Contains(std::string(statement)));
      if (!node.ended) continue;
      const bool refused = node.step.action == Action::kRefuse;
      ASSERT_GE(version, node.knows + (refused ? 1 : 0));
    }
  }
}

}  // namespace
}  // namespace tideway::backend
