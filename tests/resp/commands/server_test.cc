// INFO, CONFIG, SHUTDOWN and DEBUG: the server told and changed from inside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/harness/resp_value.h"
#include "tests/resp/support/examples.h"
#include "tests/resp/support/test_server.h"
#include "tests/support/temp_folder.h"

namespace tideway::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// --- INFO

class Info : public testing::Test {
 protected:
  std::string Get(Words sections = {}) {
    Words call = {"INFO"};
    call.insert(call.end(), sections.begin(), sections.end());
    return tests::ParseFrame(client.Run(call)).text;
  }
  // "Server Clients …"
  std::string Titles(Words sections = {}) {
    std::istringstream lines(Get(std::move(sections)));
    std::string titles;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("# ")) titles += line.substr(2, line.size() - 3) + " ";
    }
    return titles;
  }

  TestServer server{{.threads = 2}};
  TestClient& client = server.Connect();
};

TEST_F(Info, SectionsByName) {
  client.Run({"SET", "k", "v"});
  EXPECT_EQ(Titles(),
            "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster "
            "Bus Keyspace ");
  EXPECT_EQ(Titles({"everything"}),
            "Server Clients Memory Persistence Stats Replication CPU Modules Commandstats "
            "Errorstats Latencystats Cluster Bus Keyspace ");
  EXPECT_EQ(Titles({"KEYSPACE"}), "Keyspace ");
  EXPECT_EQ(Titles({"cpu", "memory"}), "Memory CPU ");
  EXPECT_EQ(Titles({"nosuch"}), "");
}

TEST_F(Info, KeyspaceCountsKeysOfEachDatabase) {
  client.RunAll(
      {{"SET", "a", "1"}, {"SET", "b", "1", "EX", "100"}, {"SELECT", "2"}, {"SET", "c", "1"}});
  EXPECT_THAT(Get({"keyspace"}), HasSubstr("db0:keys=2,expires=1,avg_ttl="));
  EXPECT_THAT(Get({"keyspace"}), HasSubstr("db2:keys=1,expires=0,avg_ttl=0"));
}

TEST_F(Info, CommandstatsTellCallsRefusalsAndFailuresOfAllThreads) {
  client.RunAll({{"SET", "k", "text"}, {"INCR", "k"}, {"INCR"}});
  server.Connect(1).Run({"INCR", "n"});
  EXPECT_THAT(Get({"commandstats"}),
              HasSubstr("cmdstat_incr:calls=2,usec=0,usec_per_call=0.00,rejected_calls=1,"
                        "failed_calls=1"));
  EXPECT_THAT(Get({"commandstats"}), HasSubstr("cmdstat_info:calls="));
}

TEST_F(Info, ErrorstatsCountByCode) {
  client.RunAll({{"SET", "k", "text"}, {"INCR", "k"}, {"HGET", "k", "f"}, {"nosuch"}, {"EXEC"}});
  const std::string stats = Get({"errorstats"});
  EXPECT_THAT(stats, HasSubstr("errorstat_ERR:count=3"));
  EXPECT_THAT(stats, HasSubstr("errorstat_WRONGTYPE:count=1"));
  EXPECT_THAT(Get({"stats"}), HasSubstr("total_error_replies:4"));
}

TEST_F(Info, ErrorsInsideExecAreCountedOnce) {
  client.RunAll({{"SET", "k", "text"}, {"MULTI"}, {"INCR", "k"}, {"EXEC"}});
  EXPECT_THAT(Get({"errorstats"}), HasSubstr("errorstat_ERR:count=1"));
  EXPECT_THAT(Get({"commandstats"}), HasSubstr("cmdstat_exec:calls=1,usec=0,usec_per_call=0.00,"
                                               "rejected_calls=0,failed_calls=0"));
}

TEST_F(Info, ResetstatBeginsAnew) {
  client.RunAll({{"INCR"}, {"GET", "none"}, {"CONFIG", "RESETSTAT"}});
  EXPECT_EQ(Get({"errorstats"}), "# Errorstats\r\n");
  EXPECT_THAT(Get({"stats"}), HasSubstr("keyspace_misses:0"));
  EXPECT_THAT(Get({"commandstats"}), Not(HasSubstr("cmdstat_get")));
}

TEST_F(Info, ClientsThatWaitAreTold) {
  TestClient& other = server.Connect(1);
  client.Run({"CLIENT", "PAUSE", "1000", "WRITE"});
  other.Run({"SET", "k", "v"});
  EXPECT_THAT(Get({"clients"}), HasSubstr("connected_clients:2"));
  EXPECT_THAT(Get({"clients"}), HasSubstr("blocked_clients:1"));
}

TEST_F(Info, ChannelsArePatternsAndShardsAreCountedOnceForAllThreads) {
  server.Connect(0).Run({"SUBSCRIBE", "a", "b"});
  server.Connect(1).Run({"SUBSCRIBE", "b"});
  server.Connect(1).RunAll({{"PSUBSCRIBE", "p*"}, {"SSUBSCRIBE", "s"}});
  const std::string stats = Get({"stats"});
  EXPECT_THAT(stats, HasSubstr("pubsub_channels:2"));
  EXPECT_THAT(stats, HasSubstr("pubsub_patterns:1"));
  EXPECT_THAT(stats, HasSubstr("pubsubshard_channels:1"));
}

TEST_F(Info, AFailingDiskIsTold) {
  EXPECT_THAT(Get({"persistence"}), HasSubstr("aof_last_write_status:ok"));
  server.journal().Fail("disk full");
  EXPECT_THAT(Get({"persistence"}), HasSubstr("aof_last_write_status:err"));
}

// --- CONFIG

TEST(Config, ASettingHoldsFromTheNextCommandOfThePipelineOn) {
  TestServer server;
  EXPECT_EQ(server.Connect().RunAll(
                {{"CONFIG", "SET", "requirepass", "x"}, {"CONFIG", "GET", "requirepass"}}),
            "+OK\r\n*2\r\n$11\r\nrequirepass\r\n$1\r\nx\r\n");
  // A client that was there stays; one that comes now must log in.
  EXPECT_EQ(server.Connect().Run({"PING"}), "-NOAUTH Authentication required.\r\n");
}

TEST(Config, SeveralSettingsAreAllSetOrNone) {
  TestServer server;
  TestClient& client = server.Connect();
  EXPECT_THAT(client.Run({"CONFIG", "SET", "maxmemory", "1gb", "timeout", "x"}),
              StartsWith("-ERR CONFIG SET failed (possibly related to argument 'timeout')"));
  EXPECT_EQ(client.Run({"CONFIG", "GET", "maxmemory"}), "*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n");
  EXPECT_EQ(client.Run({"CONFIG", "SET", "maxmemory", "1gb", "timeout", "5"}), "+OK\r\n");
  EXPECT_EQ(client.Run({"CONFIG", "GET", "maxmemory"}),
            "*2\r\n$9\r\nmaxmemory\r\n$10\r\n1073741824\r\n");
}

TEST(Config, EveryThreadTakesASettingOver) {
  TestServer server({.threads = 2});
  server.Connect(0).Run({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_THAT(server.Connect(1).Run({"SET", "k", "v"}), StartsWith("-OOM"));
}

TEST(Config, RewriteKeepsTheFileAndAddsWhatChanged) {
  testing_support::TempFolder folder;
  const std::string file = folder / "tideway.conf";
  std::ofstream(file) << "# mine\ntimeout 3\n";
  TestServer server({.config_file = file});
  EXPECT_EQ(server.Connect().RunAll(
                {{"CONFIG", "SET", "timeout", "7", "maxmemory", "100mb"}, {"CONFIG", "REWRITE"}}),
            "+OK\r\n+OK\r\n");
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_THAT(text.str(), StartsWith("# mine\ntimeout 7\n"));
  EXPECT_THAT(text.str(), HasSubstr("maxmemory "));
}

TEST(Config, RewriteWithoutAFileIsAnError) {
  TestServer server;
  EXPECT_EQ(server.Connect().Run({"CONFIG", "REWRITE"}),
            "-ERR The server is running without a config file\r\n");
}

// --- SHUTDOWN

TEST(Shutdown, EndsTheConnectionWithoutAReplyAndAsksForTheServersEnd) {
  struct Case {
    Words words;
    bool save, now, force;
  };
  for (const Case& one : {Case{{}, true, false, false},
                          {{"NOSAVE"}, false, false, false},
                          {{"save"}, true, false, false},
                          {{"NOW"}, true, true, false},
                          {{"NOSAVE", "now", "FORCE"}, false, true, true}}) {
    TestServer server;
    TestClient& client = server.Connect();
    Words call = {"SHUTDOWN"};
    call.insert(call.end(), one.words.begin(), one.words.end());
    EXPECT_EQ(client.Run(call), "");
    EXPECT_TRUE(client.closed());
    ASSERT_EQ(server.shutdowns().size(), 1u);
    EXPECT_EQ(server.shutdowns()[0].save, one.save);
    EXPECT_EQ(server.shutdowns()[0].now, one.now);
    EXPECT_EQ(server.shutdowns()[0].force, one.force);
  }
}

TEST(Shutdown, WordsThatContradictAreRefused) {
  TestServer server;
  TestClient& client = server.Connect();
  for (const Words& call : {Words{"SHUTDOWN", "SAVE", "NOSAVE"},
                            {"SHUTDOWN", "NOSAVE", "SAVE"},
                            {"SHUTDOWN", "ABORT", "NOW"},
                            {"SHUTDOWN", "x"}}) {
    EXPECT_EQ(client.Run(call), "-ERR syntax error\r\n");
  }
  EXPECT_EQ(client.Run({"SHUTDOWN", "ABORT"}), "-ERR No shutdown in progress.\r\n");
  EXPECT_TRUE(server.shutdowns().empty());
}

// --- DEBUG

TEST(Debug, IsRefusedUnlessAllowed) {
  resp::Settings settings = TestSettings();
  settings.enable_debug_command = resp::Allowed::kNo;
  TestServer none({.settings = settings});
  EXPECT_THAT(none.Connect().Run({"DEBUG", "SLEEP", "0"}),
              StartsWith("-ERR DEBUG command not allowed."));
  settings.enable_debug_command = resp::Allowed::kLocal;
  TestServer local({.settings = settings});
  EXPECT_EQ(local.Connect().Run({"DEBUG", "SLEEP", "0"}), "+OK\r\n");
}

TEST(Debug, SetActiveExpireStopsIt) {
  TestServer server;
  TestClient& client = server.Connect();
  client.RunAll({{"DEBUG", "SET-ACTIVE-EXPIRE", "0"}, {"SET", "k", "v", "PX", "10"}});
  server.clock().AdvanceMs(11);
  server.Tick();
  EXPECT_EQ(client.Run({"DBSIZE"}), ":1\r\n");
  client.Run({"DEBUG", "SET-ACTIVE-EXPIRE", "1"});
  server.Tick();
  EXPECT_EQ(client.Run({"DBSIZE"}), ":0\r\n");
}

TEST(Debug, DigestIsOfTheDataAndNotOfItsOrder) {
  std::string digests[2];
  for (int i = 0; i < 2; ++i) {
    TestServer server;
    TestClient& client = server.Connect();
    FillExampleKeys(client);
    const std::string full = client.Run({"DEBUG", "DIGEST"});
    client.RunAll({{"DEL", "hash"}, {"SREM", "set", "1"}});
    EXPECT_NE(client.Run({"DEBUG", "DIGEST"}), full);
    client.RunAll({{"HSET", "hash", "b", "2", "a", "1"}, {"SADD", "set", "1"}});
    EXPECT_EQ(client.Run({"DEBUG", "DIGEST"}), full);
    digests[i] = full;
  }
  EXPECT_EQ(digests[0], digests[1]) << "two servers with the same data agree";
}

TEST(Debug, ProtocolShowsEveryTypeOfBothVersions) {
  for (const int version : {2, 3}) {
    TestServer server;
    TestClient& client = version == 3 ? server.Connect3() : server.Connect();
    for (const char* type : {"string", "integer", "double", "null", "bignum", "array", "set", "map",
                             "verbatim", "true", "false"}) {
      EXPECT_TRUE(IsOneReply(client.Run({"DEBUG", "PROTOCOL", type}), version)) << type;
    }
  }
}

TEST(Debug, ObjectTellsTheEncoding) {
  TestServer server;
  TestClient& client = server.Connect();
  FillExampleKeys(client);
  EXPECT_THAT(client.Run({"DEBUG", "OBJECT", "hash"}), HasSubstr("encoding:listpack"));
  EXPECT_THAT(client.Run({"DEBUG", "OBJECT", "set"}), HasSubstr("encoding:intset"));
  EXPECT_EQ(client.Run({"DEBUG", "OBJECT", "none"}), "-ERR no such key\r\n");
}

}  // namespace
}  // namespace tideway::test
