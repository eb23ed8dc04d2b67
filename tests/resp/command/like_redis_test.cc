// The gate and the rows, judged by redis-server: every command, alone and in every state a client
// can be in. Errors must be equal to the byte, other replies in their types: what they say is the
// differential test's business.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/harness/resp_value.h"
#include "tests/resp/support/examples.h"
#include "tests/resp/support/test_server.h"
#include "tests/support/redis_server.h"

namespace tideway::test {
namespace {

using resp::Command;
using resp::CommandTable;
using testing_support::RedisServer;

// The frames of a stream of replies: errors whole, of others the type and, shallowly, the size.
std::string Outline(std::string_view replies) {
  std::string outline;
  while (!replies.empty()) {
    const std::ptrdiff_t length = tests::FrameLength(replies);
    if (length <= 0) return outline + "unfinished: " + tests::Printable(replies, 100);
    const tests::Value value = tests::ParseFrame(replies.substr(0, static_cast<size_t>(length)));
    outline += value.is_error() || value.type == '+' ? value.type + value.text
                                                     : std::string(1, value.type);
    outline += value.null ? " null\n" : "\n";
    replies.remove_prefix(static_cast<size_t>(length));
  }
  return outline;
}

using Rows = std::vector<const Command*>;

// Rows that Redis 7.0.15 has, less those whose full names are given.
Rows SharedRows(const std::set<std::string>& left_out = {}) {
  Rows rows;
  for (const Command* row : AnsweringRows()) {
    const std::string name = CommandTable::FullName(*row);
    if (name != "client|setinfo" && !left_out.contains(name)) rows.push_back(row);  // Redis 7.2's
  }
  return rows;
}

// Of those, the ones whose replies can be compared.
Rows ComparableRows() {
  Rows rows = SharedRows({
      "shutdown",        // redis-server would end
      "bgsave",          // one may run already
      "bgrewriteaof",    // the same
      "command",         // more than redis-server sends to a client that has stopped talking
      "debug",           // the texts of DEBUG are our own
      "latency|graph",   // draws an event that never was: the same words, in another order
      "restore",         // the example has no payload of Redis
      "config|rewrite",  // redis-server has no file either, and says so in its own words
  });
  // redis-server is no cluster, tideway answers as one of one node.
  std::erase_if(rows, [](const Command* row) {
    return row->container == "cluster" || row->name == "readonly" || row->name == "readwrite";
  });
  return rows;
}

class TableLikeRedis : public testing::Test {
 protected:
  void SetUp() override { StartRedis({"--enable-debug-command", "yes"}); }

  void StartRedis(const std::vector<std::string>& settings) {
    redis = nullptr;
    std::string why;
    redis = RedisServer::Start(settings, &why);
    if (redis == nullptr) GTEST_SKIP() << why;
  }

  // What both answer to the same bytes of a new client, over the keys of the examples.
  void ExpectSame(const std::vector<Words>& calls, const std::string& what) {
    std::string bytes = Encode({"FLUSHALL"}) + Encode({"SET", "str", "10"}) +
                        Encode({"HSET", "hash", "a", "1", "b", "2"}) +
                        Encode({"SADD", "set", "1", "2"});
    for (const Words& call : calls) bytes += Encode(call);
    const std::string theirs = redis->Exchange(bytes);
    TestServer server;
    TestClient& client = server.Connect();
    client.Run({"FLUSHALL"});
    std::string ours = "+OK\r\n";
    ours += client.RunAll(
        {{"SET", "str", "10"}, {"HSET", "hash", "a", "1", "b", "2"}, {"SADD", "set", "1", "2"}});
    ours += client.RunAll(calls);
    EXPECT_EQ(Outline(ours), Outline(theirs)) << what;
  }

  std::unique_ptr<RedisServer> redis;
};

TEST_F(TableLikeRedis, EveryCommandAlone) {
  for (const Command* row : ComparableRows()) {
    ExpectSame({ExampleOf(*row)}, CommandTable::FullName(*row));
  }
}

TEST_F(TableLikeRedis, EveryCommandInResp3) {
  for (const Command* row : ComparableRows()) {
    ExpectSame({{"HELLO", "3"}, ExampleOf(*row)}, CommandTable::FullName(*row));
  }
}

TEST_F(TableLikeRedis, EveryCommandInsideMulti) {
  for (const Command* row : ComparableRows()) {
    ExpectSame({{"MULTI"}, ExampleOf(*row), {"EXEC"}}, CommandTable::FullName(*row));
  }
}

TEST_F(TableLikeRedis, EveryCommandWhileSubscribed) {
  for (const Command* row : ComparableRows()) {
    ExpectSame({{"SUBSCRIBE", "a"}, ExampleOf(*row)}, CommandTable::FullName(*row));
  }
}

TEST_F(TableLikeRedis, EveryCommandWhileSubscribedInResp3) {
  for (const Command* row : ComparableRows()) {
    ExpectSame({{"HELLO", "3"}, {"SUBSCRIBE", "a"}, ExampleOf(*row)}, CommandTable::FullName(*row));
  }
}

TEST_F(TableLikeRedis, EveryCommandWithOneWordTooFewOrTooMany) {
  for (const Command* row : ComparableRows()) {
    Words more = ExampleOf(*row);
    // A third word of a container is its business: CLIENT LIST x is a syntax error.
    more.emplace_back("one-too-many");
    if (row->arity > 0) ExpectSame({more}, CommandTable::FullName(*row));
    Words fewer = ExampleOf(*row);
    fewer.resize(static_cast<size_t>(std::abs(row->arity)) - 1);
    if (fewer.empty() || fewer == Words{"command"}) continue;
    ExpectSame({fewer}, CommandTable::FullName(*row));
  }
}

TEST_F(TableLikeRedis, EveryCommandOnKeysOfOtherTypes) {
  for (const Command* row : ComparableRows()) {
    for (const char* key : {"str", "hash", "set", "none"}) {
      ExpectSame({WithKeys(*row, ExampleOf(*row), key)},
                 CommandTable::FullName(*row) + " on " + key);
    }
  }
}

TEST_F(TableLikeRedis, EveryCommandWithoutReplies) {
  for (const Command* row : ComparableRows()) {
    // A monitor sees its own commands behind their replies there, before them here.
    if (row->name == "monitor") continue;
    ExpectSame({{"CLIENT", "REPLY", "OFF"}, ExampleOf(*row), {"CLIENT", "REPLY", "ON"}},
               CommandTable::FullName(*row));
    ExpectSame({{"CLIENT", "REPLY", "SKIP"}, ExampleOf(*row), {"PING"}},
               CommandTable::FullName(*row));
  }
}

TEST_F(TableLikeRedis, EveryCommandBeforeAuth) {
  StartRedis({"--requirepass", "secret", "--enable-debug-command", "yes"});
  resp::Settings settings = TestSettings();
  settings.requirepass = "secret";
  for (const Command* row : SharedRows()) {
    const Words call = ExampleOf(*row);
    TestServer server({.settings = settings});
    EXPECT_EQ(Outline(server.Connect().Run(call)), Outline(redis->Exchange(Encode(call))))
        << CommandTable::FullName(*row);
  }
}

TEST_F(TableLikeRedis, EveryCommandOverMaxmemory) {
  StartRedis({"--maxmemory", "1", "--maxmemory-policy", "noeviction"});
  for (const Command* row : ComparableRows()) {
    // Errors inside MULTI in any case, of another kind.
    if (row->name == "multi" || row->name == "watch") continue;
    const Words call = ExampleOf(*row);
    TestServer server;
    server.Set([](resp::Settings& changed) { changed.maxmemory = 1; });
    for (const std::vector<Words>& calls :
         {std::vector<Words>{call}, {{"MULTI"}, call, {"EXEC"}}}) {
      std::string bytes;
      for (const Words& one : calls) bytes += Encode(one);
      EXPECT_EQ(Outline(server.Connect().RunAll(calls)), Outline(redis->Exchange(bytes)))
          << CommandTable::FullName(*row);
    }
  }
}

TEST_F(TableLikeRedis, KeysAmongTheArguments) {
  for (const Command* row : SharedRows()) {
    Words call = ExampleOf(*row);
    if (call.size() < 2) continue;
    for (const char* form : {"GETKEYS", "GETKEYSANDFLAGS"}) {
      Words getkeys = {"COMMAND", form};
      getkeys.insert(getkeys.end(), call.begin(), call.end());
      TestServer server;
      EXPECT_EQ(server.Connect().Run(getkeys), redis->Exchange(Encode(getkeys)))
          << CommandTable::FullName(*row);
    }
  }
}

// Arity, first and last key, step, and the set of flags.
TEST_F(TableLikeRedis, WhatCommandInfoTells) {
  for (const Command* row : SharedRows()) {
    const Words info = {"COMMAND", "INFO", CommandTable::FullName(*row)};
    TestServer server;
    const std::string replies[] = {server.Connect().Run(info), redis->Exchange(Encode(info))};
    std::vector<tests::Value> told;
    for (const std::string& reply : replies) {
      tests::Value value = tests::ParseFrame(reply).items.at(0);
      ASSERT_GE(value.items.size(), 7u) << CommandTable::FullName(*row);
      value.items.resize(7);
      for (const size_t set : {size_t{2}, size_t{6}}) {
        auto& items = value.items[set].items;
        std::sort(items.begin(), items.end(),
                  [](const tests::Value& a, const tests::Value& b) { return a.text < b.text; });
      }
      told.push_back(std::move(value));
    }
    EXPECT_EQ(tests::FormatFrame(told[0]), tests::FormatFrame(told[1]))
        << CommandTable::FullName(*row);
  }
}

}  // namespace
}  // namespace tideway::test
