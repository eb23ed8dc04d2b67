// CLIENT LIST, INFO and KILL over several clients and threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "tests/harness/resp_value.h"
#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

using Fields = std::map<std::string, std::string>;

Fields FieldsOf(const std::string& line) {
  Fields fields;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const size_t at = word.find('=');
    fields[word.substr(0, at)] = word.substr(at + 1);
  }
  return fields;
}

class Client : public testing::Test {
 protected:
  Fields Info(TestClient& any) {
    return FieldsOf(tests::ParseFrame(any.Run({"CLIENT", "INFO"})).text);
  }
  // By id.
  std::map<std::string, Fields> List(Words filter = {}) {
    Words call = {"CLIENT", "LIST"};
    call.insert(call.end(), filter.begin(), filter.end());
    std::istringstream lines(tests::ParseFrame(client.Run(call)).text);
    std::map<std::string, Fields> clients;
    for (std::string line; std::getline(lines, line);) {
      Fields fields = FieldsOf(line);
      clients[fields["id"]] = std::move(fields);
    }
    return clients;
  }

  TestServer server{{.threads = 2}};
  TestClient& client = server.Connect(0);  // id 1
  TestClient& other = server.Connect(1);   // id 2
};

TEST_F(Client, InfoTellsWhoItIs) {
  client.RunAll({{"CLIENT", "SETNAME", "me"}, {"SELECT", "4"}});
  Fields info = Info(client);
  EXPECT_EQ(info["id"], "1");
  EXPECT_EQ(info["addr"], "127.0.0.1:40001");
  EXPECT_EQ(info["laddr"], "127.0.0.1:6379");
  EXPECT_EQ(info["name"], "me");
  EXPECT_EQ(info["db"], "4");
  EXPECT_EQ(info["flags"], "N");
  EXPECT_EQ(info["multi"], "-1");
  EXPECT_EQ(info["cmd"], "client|info");
  EXPECT_EQ(info["resp"], "2");
  EXPECT_EQ(info["user"], "default");
  EXPECT_EQ(info.count("lib-name"), 0u);
  client.RunAll({{"CLIENT", "SETINFO", "lib-name", "lib"}, {"CLIENT", "SETINFO", "lib-ver", "7"}});
  EXPECT_EQ(Info(client)["lib-name"], "lib");
  EXPECT_EQ(Info(client)["lib-ver"], "7");
}

TEST_F(Client, InfoHasTheFieldsOfRedis7InTheirOrder) {
  std::istringstream words(tests::ParseFrame(client.Run({"CLIENT", "INFO"})).text);
  std::string names;
  for (std::string word; words >> word;) names += word.substr(0, word.find('=')) + " ";
  EXPECT_EQ(names,
            "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem "
            "multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp ");
}

TEST_F(Client, FlagsTellTheState) {
  const auto flags_of_other = [&] { return List()["2"]["flags"]; };
  EXPECT_EQ(flags_of_other(), "N");
  other.RunAll({{"MULTI"}, {"GET", "k"}});
  EXPECT_EQ(flags_of_other(), "x");
  EXPECT_EQ(List()["2"]["multi"], "1");
  EXPECT_NE(List()["2"]["multi-mem"], "0");
  other.RunAll({{"DISCARD"}, {"CLIENT", "NO-EVICT", "ON"}});
  EXPECT_EQ(flags_of_other(), "e");
  other.RunAll({{"CLIENT", "NO-EVICT", "OFF"}, {"MONITOR"}});
  EXPECT_EQ(flags_of_other(), "O");
  other.RunAll({{"RESET"}, {"SUBSCRIBE", "a", "b"}, {"PSUBSCRIBE", "p"}, {"SSUBSCRIBE", "s"}});
  Fields fields = List()["2"];
  EXPECT_EQ(fields["flags"], "P");
  EXPECT_EQ(fields["sub"], "2");
  EXPECT_EQ(fields["psub"], "1");
  EXPECT_EQ(fields["ssub"], "1");
}

TEST_F(Client, WaitingOutputIsTold) {
  other.RunAll({{"SUBSCRIBE", "c"}});
  other.transport().set_reads(false);
  client.RunAll({{"PUBLISH", "c", "one"}, {"PUBLISH", "c", "two"}});
  Fields fields = List()["2"];
  EXPECT_EQ(fields["events"], "rw");
  EXPECT_EQ(fields["omem"], std::to_string(other.transport().output().bytes()));
  EXPECT_NE(fields["oll"], "0");
}

TEST_F(Client, AgeCountsFromTheConnection) {
  server.clock().AdvanceMs(5000);
  EXPECT_EQ(List()["2"]["age"], "5");
}

TEST_F(Client, ListTakesIdsAndTypes) {
  other.Run({"SUBSCRIBE", "c"});
  EXPECT_EQ(List().size(), 2u);
  EXPECT_EQ(List({"TYPE", "pubsub"}).count("2"), 1u);
  EXPECT_EQ(List({"TYPE", "normal"}).count("2"), 0u);
  EXPECT_EQ(List({"TYPE", "replica"}).size(), 0u);
  EXPECT_EQ(List({"ID", "2", "77"}).size(), 1u);
  EXPECT_EQ(client.Run({"CLIENT", "LIST", "TYPE", "x"}), "-ERR Unknown client type 'x'\r\n");
  EXPECT_EQ(client.Run({"CLIENT", "LIST", "ID", "x"}), "-ERR Invalid client ID\r\n");
}

TEST_F(Client, ListIsVerbatimInResp3) {
  EXPECT_EQ(server.Connect3().Run({"CLIENT", "LIST"})[0], '=');
}

TEST_F(Client, KillByIdClosesAClientOfAnotherThread) {
  EXPECT_EQ(client.Run({"CLIENT", "KILL", "ID", "2"}), ":1\r\n");
  EXPECT_TRUE(other.closed());
  EXPECT_EQ(client.Run({"CLIENT", "KILL", "ID", "2"}), ":0\r\n");
  EXPECT_EQ(List().size(), 1u);
}

TEST_F(Client, KillByAddressHasTwoForms) {
  EXPECT_EQ(client.Run({"CLIENT", "KILL", "127.0.0.1:40002"}), "+OK\r\n");
  EXPECT_TRUE(other.closed());
  EXPECT_EQ(client.Run({"CLIENT", "KILL", "127.0.0.1:40002"}), "-ERR No such client\r\n");
  EXPECT_EQ(client.Run({"CLIENT", "KILL", "ADDR", "127.0.0.1:40002"}), ":0\r\n");
}

TEST_F(Client, KillSparesTheCallerUnlessAsked) {
  EXPECT_EQ(client.Run({"CLIENT", "KILL", "LADDR", "127.0.0.1:6379"}), ":1\r\n");
  EXPECT_FALSE(client.closed());
  EXPECT_EQ(
      client.RunAll({{"CLIENT", "KILL", "LADDR", "127.0.0.1:6379", "SKIPME", "no"}, {"PING"}}),
      ":1\r\n");
  EXPECT_TRUE(client.closed()) << "after its reply";
}

TEST_F(Client, KillByTypeClosesSubscribers) {
  other.Run({"SUBSCRIBE", "c"});
  EXPECT_EQ(client.Run({"CLIENT", "KILL", "TYPE", "pubsub"}), ":1\r\n");
  EXPECT_TRUE(other.closed());
}

TEST_F(Client, AKilledClientsWriteInFlightStillCounts) {
  TestServer always({.settings = Always()});
  TestClient& writer = always.Connect();
  TestClient& killer = always.Connect();
  always.journal().Hold();
  writer.Run({"SET", "k", "v"});
  EXPECT_EQ(killer.Run({"CLIENT", "KILL", "ID", "1"}), ":1\r\n");
  EXPECT_TRUE(writer.closed());
  always.journal().Release();
  EXPECT_EQ(killer.Run({"GET", "k"}), "$1\r\nv\r\n");
}

}  // namespace
}  // namespace tideway::test
