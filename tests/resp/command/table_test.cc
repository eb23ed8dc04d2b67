// What must hold for every row of the command table, whatever the command does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "resp/command/command_table.h"
#include "tests/harness/resp_value.h"
#include "tests/resp/support/examples.h"
#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

using resp::ArityFits;
using resp::Command;
using resp::CommandTable;
using testing::StartsWith;

using Names = std::set<std::string>;

// Full names of the rows for which `holds` does.
template <class Fn>
Names NamesWhere(Fn&& holds) {
  Names names;
  for (const Command* row : AnsweringRows()) {
    if (holds(*row)) names.insert(CommandTable::FullName(*row));
  }
  return names;
}

// The row's name alone, with as many more words as `words` says.
Words CallOfSize(const Command& row, size_t words) {
  Words call;
  if (!row.container.empty()) call.emplace_back(row.container);
  call.emplace_back(row.name);
  while (call.size() < words) call.emplace_back("x");
  return call;
}

// How a refusal of the row reads: EXEC says that the transaction is gone, without ERR.
std::string RefusalOf(const Command& row, std::string_view code, const std::string& text) {
  if (row.Has(resp::kReadsQueue)) {
    const std::string shown = code == "ERR" ? text : std::string(code) + " " + text;
    return "-EXECABORT Transaction discarded because of: " + shown + "\r\n";
  }
  return "-" + std::string(code) + " " + text + "\r\n";
}

std::string ArityErrorOf(const Command& row) {
  return RefusalOf(row, "ERR",
                   "wrong number of arguments for '" + CommandTable::FullName(row) + "' command");
}

TEST(CommandTable, EveryRowHasAnExampleThatFitsItsArity) {
  for (const Command* row : AnsweringRows()) {
    const Words call = ExampleOf(*row);
    EXPECT_FALSE(call.empty()) << "tests/resp/support/examples.cc lacks "
                               << CommandTable::FullName(*row);
    EXPECT_TRUE(ArityFits(*row, call.size())) << CommandTable::FullName(*row);
  }
}

TEST(CommandTable, EveryRowHasAHandlerOrSubcommandsAndTellsWhatItIs) {
  for (const Command* row : CommandTable::Get().rows()) {
    if (row->Has(resp::kRefusesHttp)) continue;
    const std::string name = CommandTable::FullName(*row);
    EXPECT_FALSE(row->data != nullptr && row->session != nullptr) << name;
    EXPECT_TRUE(row->data != nullptr || row->session != nullptr || !row->subcommands.empty())
        << name;
    EXPECT_FALSE(row->summary.empty()) << name;
    EXPECT_FALSE(row->since.empty()) << name;
    EXPECT_FALSE(row->group.empty()) << name;
    EXPECT_NE(row->arity, 0) << name;
    EXPECT_FALSE(row->Has(resp::kWrite) && row->Has(resp::kReadonly)) << name;
  }
}

TEST(CommandTable, ARowWithKeysReadsThemAndARowThatWritesHasKeysOrReadsEverything) {
  for (const Command* row : AnsweringRows()) {
    const std::string name = CommandTable::FullName(*row);
    const bool notkey = (row->keys.words & resp::kKeyNotKey) != 0;  // a shard channel
    if (row->keys.access != resp::KeySpec::kNone && !notkey) {
      EXPECT_NE(row->reads, backend::ReadScope::kNothing) << name;
    }
    if (row->Has(resp::kWrite)) {
      EXPECT_NE(row->reads, backend::ReadScope::kNothing) << name;
    }
  }
}

TEST(CommandTable, TooFewArgumentsAreRefusedInRedissWords) {
  TestServer server;
  TestClient& client = server.Connect();
  for (const Command* row : CommandTable::Get().rows()) {
    const auto least = static_cast<size_t>(std::abs(row->arity));
    const Words call = CallOfSize(*row, least - 1);
    // "client" alone is the container's business, "client|list" needs both words.
    if (row->Has(resp::kRefusesHttp) || call.size() >= least) continue;
    EXPECT_EQ(client.Run(call), ArityErrorOf(*row));
  }
}

TEST(CommandTable, TooManyArgumentsAreRefusedInRedissWords) {
  TestServer server;
  TestClient& client = server.Connect();
  for (const Command* row : AnsweringRows()) {
    if (row->arity < 0) continue;
    EXPECT_EQ(client.Run(CallOfSize(*row, static_cast<size_t>(row->arity) + 1)),
              ArityErrorOf(*row));
  }
}

TEST(CommandTable, NamesComeInAnyCase) {
  TestServer server;
  TestClient& client = server.Connect();
  EXPECT_EQ(client.Run({"eChO", "x"}), "$1\r\nx\r\n");
  EXPECT_EQ(client.Run({"cLiEnT", "gEtNaMe"}), "$-1\r\n");
}

TEST(CommandTable, UnknownNamesAreRefusedInRedissWords) {
  TestServer server;
  TestClient& client = server.Connect();
  EXPECT_EQ(client.Run({"nosuch", "a", "b"}),
            "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' \r\n");
  EXPECT_EQ(client.Run({"client", "nosuch"}),
            "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n");
}

// Commands that answer in another way than with one value.
bool AnswersOtherwise(const Command& row) { return CommandTable::FullName(row) == "shutdown"; }

class EveryReply : public testing::TestWithParam<int> {};

TEST_P(EveryReply, IsOneValueOfTheProtocolVersion) {
  for (const Command* row : AnsweringRows()) {
    if (AnswersOtherwise(*row)) continue;
    TestServer server;
    TestClient& client = GetParam() == 3 ? server.Connect3() : server.Connect();
    FillExampleKeys(client);
    const std::string reply = client.Run(ExampleOf(*row));
    // RESET goes back to RESP2, whose +RESET is in both.
    EXPECT_TRUE(IsOneReply(reply, GetParam())) << CommandTable::FullName(*row);
  }
}

INSTANTIATE_TEST_SUITE_P(Resp, EveryReply, testing::Values(2, 3));

TEST(CommandTable, ExamplesAreAnsweredWithoutAnErrorButWhereNothingElseIsPossible) {
  const Names kErrors = {"auth",          "config|rewrite", "discard", "exec",
                         "latency|graph", "object|freq",    "restore"};
  Names errors;
  for (const Command* row : AnsweringRows()) {
    TestServer server;
    TestClient& client = server.Connect();
    FillExampleKeys(client);
    if (client.Run(ExampleOf(*row)).starts_with("-")) errors.insert(CommandTable::FullName(*row));
  }
  EXPECT_EQ(errors, kErrors);
}

// While EXEC runs, its batch holds the stripes of what it watches and writes.
TEST(CommandTable, EveryRowEndsInsideATransactionThatHoldsKeys) {
  for (const Command* row : AnsweringRows()) {
    if (row->Has(resp::kNotQueued)) continue;
    SCOPED_TRACE(CommandTable::FullName(*row));
    TestServer server({.threads = 2});
    TestClient& client = server.Connect(0);
    TestClient& neighbour = server.Connect(1);
    FillExampleKeys(client);
    client.Run({"WATCH", "w", "str"});
    client.Run({"MULTI"});
    client.Run({"SET", "w", "1"});
    client.Run(ExampleOf(*row));
    EXPECT_NE(client.Run({"EXEC"}), "");
    EXPECT_EQ(neighbour.Run({"SET", "w", "2"}), "+OK\r\n");
    EXPECT_EQ(neighbour.Run({"GET", "w"}), "$1\r\n2\r\n");
  }
}

// Commands that take a key of any type.
bool TakesAnyType(const Command& row) {
  static const Names kAnyType = {"copy",
                                 "del",
                                 "dump",
                                 "exists",
                                 "expire",
                                 "expireat",
                                 "expiretime",
                                 "memory|usage",
                                 "mget",
                                 "move",
                                 "mset",
                                 "msetnx",
                                 "object|encoding",
                                 "object|freq",
                                 "object|idletime",
                                 "object|refcount",
                                 "persist",
                                 "pexpire",
                                 "pexpireat",
                                 "pexpiretime",
                                 "psetex",
                                 "pttl",
                                 "rename",
                                 "renamenx",
                                 "restore",
                                 "set",
                                 "setex",
                                 "setnx",
                                 "touch",
                                 "ttl",
                                 "type",
                                 "unlink",
                                 "watch"};
  return kAnyType.contains(CommandTable::FullName(row));
}

TEST(CommandTable, AKeyOfAnotherTypeIsRefused) {
  for (const Command* row : AnsweringRows()) {
    const Words call = ExampleOf(*row);
    const bool notkey = (row->keys.words & resp::kKeyNotKey) != 0;
    if (row->keys.access == resp::KeySpec::kNone || notkey) continue;
    const std::string_view wrong = row->group == "hash" || row->group == "set" ? "str" : "hash";
    TestServer server;
    TestClient& client = server.Connect();
    FillExampleKeys(client);
    const std::string before = client.Run({"DEBUG", "DIGEST"});
    const std::string reply = client.Run(WithKeys(*row, call, wrong));
    if (TakesAnyType(*row)) {
      EXPECT_THAT(reply, testing::Not(StartsWith("-WRONGTYPE"))) << CommandTable::FullName(*row);
    } else {
      EXPECT_EQ(reply, "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n")
          << CommandTable::FullName(*row);
      EXPECT_EQ(client.Run({"DEBUG", "DIGEST"}), before) << CommandTable::FullName(*row);
    }
  }
}

TEST(CommandTable, WhatIsNotMarkedAsAWriteChangesNothing) {
  for (const Command* row : AnsweringRows()) {
    if (row->Has(resp::kWrite) || AnswersOtherwise(*row)) continue;
    TestServer server;
    TestClient& client = server.Connect();
    FillExampleKeys(client);
    const size_t before = server.journal().Appended().size();
    client.Run(ExampleOf(*row));
    EXPECT_EQ(server.journal().Appended().size(), before) << CommandTable::FullName(*row);
  }
}

TEST(CommandTable, BeforeAuthOnlyWhatLogsInOrLeavesRuns) {
  const Names kAllowed = {"auth", "hello", "quit", "reset"};
  EXPECT_EQ(NamesWhere([](const Command& row) { return row.Has(resp::kNoAuth); }), kAllowed);
  resp::Settings settings = TestSettings();
  settings.requirepass = "secret";
  TestServer server({.settings = settings});
  TestClient& client = server.Connect();
  for (const Command* row : AnsweringRows()) {
    if (row->Has(resp::kNoAuth)) continue;
    EXPECT_EQ(client.Run(ExampleOf(*row)), RefusalOf(*row, "NOAUTH", "Authentication required."));
  }
  EXPECT_EQ(client.Run({"AUTH", "secret"}), "+OK\r\n");
  EXPECT_EQ(client.Run({"PING"}), "+PONG\r\n");
}

TEST(CommandTable, OverMaxmemoryWhatMayGrowIsRefusedAndNothingElse) {
  for (const Command* row : AnsweringRows()) {
    TestServer server;
    TestClient& client = server.Connect();
    FillExampleKeys(client);
    server.Set([](resp::Settings& settings) { settings.maxmemory = 1; });
    const bool refused = client.Run(ExampleOf(*row)) ==
                         "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    EXPECT_EQ(refused, row->Has(resp::kDenyOom)) << CommandTable::FullName(*row);
  }
}

TEST(CommandTable, WhileTheDiskFailsWritesAreRefusedAndNothingElse) {
  for (const Command* row : AnsweringRows()) {
    TestServer server;
    TestClient& client = server.Connect();
    FillExampleKeys(client);
    server.journal().Fail("disk full");
    const bool refused =
        client.Run(ExampleOf(*row)) == "-MISCONF Errors writing to the AOF file: disk full\r\n";
    EXPECT_EQ(refused, row->Has(resp::kWrite)) << CommandTable::FullName(*row);
  }
}

TEST(CommandTable, MultiQueuesEverythingButWhatEndsItOrCannotBeQueued) {
  const Names kAtOnce = {"discard", "exec", "multi", "quit", "reset", "watch"};
  EXPECT_EQ(NamesWhere([](const Command& row) { return row.Has(resp::kNotQueued); }), kAtOnce);
  for (const Command* row : AnsweringRows()) {
    if (row->Has(resp::kNotQueued)) continue;
    TestServer server;
    TestClient& client = server.Connect();
    FillExampleKeys(client);
    client.Run({"MULTI"});
    const std::string reply = client.Run(ExampleOf(*row));
    if (row->Has(resp::kNoMulti)) {
      EXPECT_EQ(reply, "-ERR Command not allowed inside a transaction\r\n");
      EXPECT_THAT(client.Run({"EXEC"}), StartsWith("-EXECABORT"));
    } else {
      EXPECT_EQ(reply, "+QUEUED\r\n") << CommandTable::FullName(*row);
    }
  }
}

TEST(CommandTable, ExecAnswersAsTheCommandAloneDoes) {
  for (const Command* row : AnsweringRows()) {
    if (row->Has(resp::kNotQueued | resp::kNoMulti)) continue;
    TestServer server;
    TestClient& client = server.Connect();
    FillExampleKeys(client);
    client.Run({"MULTI"});
    client.Run(ExampleOf(*row));
    const std::string reply = client.Run({"EXEC"});
    EXPECT_THAT(reply, StartsWith("*1\r\n")) << CommandTable::FullName(*row);
    EXPECT_TRUE(IsOneReply(reply, 2)) << CommandTable::FullName(*row);
  }
}

TEST(CommandTable, ASubscribedResp2ClientMayOnlyUseTheListedCommands) {
  const Names kAllowed = {"ping",       "psubscribe", "punsubscribe", "quit",       "reset",
                          "ssubscribe", "subscribe",  "sunsubscribe", "unsubscribe"};
  EXPECT_EQ(NamesWhere([](const Command& row) { return row.Has(resp::kInSubscribed); }), kAllowed);
  TestServer server;
  TestClient& client = server.Connect();
  FillExampleKeys(client);
  client.Run({"SUBSCRIBE", "a channel"});
  for (const Command* row : AnsweringRows()) {
    if (row->Has(resp::kInSubscribed)) continue;
    EXPECT_EQ(client.Run(ExampleOf(*row)),
              RefusalOf(*row, "ERR",
                        "Can't execute '" + CommandTable::FullName(*row) +
                            "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                            "allowed in this context"));
  }
}

TEST(CommandTable, ASubscribedResp3ClientMayUseEverything) {
  for (const Command* row : AnsweringRows()) {
    TestServer server;
    TestClient& client = server.Connect3();
    FillExampleKeys(client);
    client.Run({"SUBSCRIBE", "a channel"});
    EXPECT_EQ(client.Run(ExampleOf(*row)).find("Can't execute"), std::string::npos)
        << CommandTable::FullName(*row);
  }
}

TEST(CommandTable, InfoAndDocsKnowEveryRow) {
  TestServer server;
  TestClient& client = server.Connect();
  for (const Command* row : CommandTable::Get().rows()) {
    if (row->Has(resp::kRefusesHttp)) continue;
    const std::string name = CommandTable::FullName(*row);
    const std::string info = client.Run({"COMMAND", "INFO", name});
    ASSERT_TRUE(IsOneReply(info, 2)) << name;
    const tests::Value told = tests::ParseFrame(info).items.at(0);
    ASSERT_EQ(told.items.size(), 10u) << name;
    EXPECT_EQ(told.items[0].text, name);
    EXPECT_EQ(told.items[1].integer(), row->arity) << name;
    const tests::Value docs = tests::ParseFrame(client.Run({"COMMAND", "DOCS", name}));
    ASSERT_EQ(docs.items.size(), 2u) << name;
    EXPECT_EQ(docs.items[0].text, name);
  }
}

TEST(CommandTable, GetkeysTellsTheKeysThatTheRowReads) {
  TestServer server;
  TestClient& client = server.Connect();
  for (const Command* row : AnsweringRows()) {
    const Words call = ExampleOf(*row);
    if (call.size() < 2) continue;  // COMMAND GETKEYS wants a whole command
    std::vector<std::string> expected;
    const std::vector<std::string_view> views(call.begin(), call.end());
    if ((row->keys.words & resp::kKeyNotKey) == 0) {
      ForEachKey(*row, views, [&](size_t at) { expected.push_back(call[at]); });
    }
    Words getkeys = {"COMMAND", "GETKEYS"};
    getkeys.insert(getkeys.end(), call.begin(), call.end());
    const tests::Value told = tests::ParseFrame(client.Run(getkeys));
    std::vector<std::string> keys;
    for (const tests::Value& item : told.items) keys.push_back(item.text);
    EXPECT_EQ(keys, expected) << CommandTable::FullName(*row);
    EXPECT_EQ(told.is_error(), expected.empty()) << told.text;
  }
}

TEST(CommandTable, WordsOfHttpCloseTheConnectionWithoutAnAnswer) {
  for (const char* word : {"POST", "Host:"}) {
    TestServer server;
    TestClient& client = server.Connect();
    EXPECT_EQ(client.Run({word, "/", "HTTP/1.1"}), "");
    EXPECT_TRUE(client.closed());
  }
}

}  // namespace
}  // namespace tideway::test
