// MONITOR, SLOWLOG and LATENCY: what a running server tells of its commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/resp_value.h"
#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> TextsOf(const tests::Value& list) {
  std::vector<std::string> texts;
  for (const tests::Value& item : list.items) texts.push_back(item.text);
  return texts;
}

// --- MONITOR

class Monitor : public testing::Test {
 protected:
  Monitor() { monitor.Run({"MONITOR"}); }
  // The line that a monitor gets for a command of `client`.
  static std::string Line(const std::string& words, int db = 0, int port = 40002) {
    return "+1700000000.000000 [" + std::to_string(db) + " 127.0.0.1:" + std::to_string(port) +
           "] " + words + "\r\n";
  }

  TestServer server{{.threads = 2}};
  TestClient& monitor = server.Connect();
  TestClient& client = server.Connect();
};

TEST_F(Monitor, HearsCommandsOfEveryThreadWithDatabaseAndAddress) {
  client.RunAll({{"SELECT", "3"}, {"set", "k", "v"}});
  EXPECT_EQ(monitor.TakeAll(), Line("\"SELECT\" \"3\"", 3) + Line("\"set\" \"k\" \"v\"", 3));
  server.Connect(1).Run({"GET", "k"});
  EXPECT_EQ(monitor.TakeAll(), Line("\"GET\" \"k\"", 0, 40003));
}

TEST_F(Monitor, ShowsBytesAsEscapes) {
  client.Run({"ECHO", std::string("\"\\\n\r\t\a\b\0\x7f\xff ~", 12)});
  EXPECT_EQ(monitor.TakeAll(), Line(R"("ECHO" "\"\\\n\r\t\a\b\x00\x7f\xff ~")"));
}

TEST_F(Monitor, HearsTheCommandsOfATransactionWhenTheyRun) {
  client.RunAll({{"MULTI"}, {"SET", "k", "v"}});
  EXPECT_EQ(monitor.TakeAll(), Line("\"MULTI\""));
  client.Run({"EXEC"});
  EXPECT_EQ(monitor.TakeAll(), Line("\"SET\" \"k\" \"v\"") + Line("\"EXEC\""));
}

TEST_F(Monitor, DoesNotHearWhatWasRefusedNorAdministration) {
  client.RunAll({{"nosuch"}, {"GET"}, {"CONFIG", "GET", "port"}, {"CLIENT", "LIST"}});
  EXPECT_EQ(monitor.TakeAll(), "");
}

TEST_F(Monitor, NeverShowsAPassword) {
  server.Set([](resp::Settings& settings) { settings.requirepass = "secret"; });
  client.RunAll({{"AUTH", "secret"},
                 {"AUTH", "default", "secret"},
                 {"AUTH", "default", "wrong"},
                 {"HELLO", "2", "AUTH", "default", "secret", "SETNAME", "me"}});
  const std::string heard = monitor.TakeAll();
  EXPECT_EQ(heard, Line("\"AUTH\" \"(redacted)\"") +
                       Line("\"AUTH\" \"(redacted)\" \"(redacted)\"") +
                       Line("\"AUTH\" \"(redacted)\" \"(redacted)\"") +
                       Line("\"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" "
                            "\"me\""));
}

TEST_F(Monitor, ResetEndsIt) {
  monitor.Run({"RESET"});
  monitor.transport().Take();
  client.Run({"PING"});
  EXPECT_EQ(monitor.TakeAll(), "");
  EXPECT_FALSE(server.context().monitors.active());
}

TEST_F(Monitor, AMonitorThatLeavesIsForgotten) {
  monitor.Close();
  server.Settle();
  EXPECT_FALSE(server.context().monitors.active());
  EXPECT_EQ(client.Run({"PING"}), "+PONG\r\n");
}

// --- SLOWLOG

class Slowlog : public testing::Test {
 protected:
  Slowlog() {
    server.Set([](resp::Settings& settings) {
      settings.slowlog_log_slower_than = std::chrono::microseconds(1000);
    });
  }
  // Runs a command that takes 1.5 ms, between others that take no time.
  void RunSlowly(const Words& command) {
    server.clock().set_look_us(1500);
    client.Run(command);
    server.clock().set_look_us(0);
  }
  tests::Value Get(const std::string& count = "-1") {
    return tests::ParseFrame(client.Run({"SLOWLOG", "GET", count}));
  }

  TestServer server;
  TestClient& client = server.Connect();
};

TEST_F(Slowlog, KeepsSlowCommandsNewestFirst) {
  client.RunAll({{"CLIENT", "SETNAME", "me"}, {"GET", "quick"}});
  RunSlowly({"GET", "first"});
  server.clock().AdvanceMs(2000);
  RunSlowly({"GET", "second"});
  EXPECT_EQ(client.Run({"SLOWLOG", "LEN"}), ":2\r\n");
  const tests::Value entries = Get();
  ASSERT_EQ(entries.items.size(), 2u);
  const tests::Value& newest = entries.items[0];
  EXPECT_EQ(newest.items[0].text, "1");
  EXPECT_EQ(newest.items[1].text, "1700000002");
  EXPECT_EQ(newest.items[2].text, "1500");
  EXPECT_THAT(TextsOf(newest.items[3]), ElementsAre("GET", "second"));
  EXPECT_EQ(newest.items[4].text, "127.0.0.1:40001");
  EXPECT_EQ(newest.items[5].text, "me");
  EXPECT_THAT(TextsOf(entries.items[1].items[3]), ElementsAre("GET", "first"));
}

TEST_F(Slowlog, TakesOneCountAtMost) {
  EXPECT_EQ(
      client.Run({"SLOWLOG", "geT", "10", "1.5"}),
      "-ERR unknown subcommand or wrong number of arguments for 'geT'. Try SLOWLOG HELP.\r\n");
}

TEST_F(Slowlog, CutsLongCommandsAndLongArguments) {
  Words many = {"MGET"};
  for (int i = 1; i <= 40; ++i) many.push_back(std::to_string(i));
  RunSlowly(many);
  const tests::Value words = Get().items[0].items[3];
  ASSERT_EQ(words.items.size(), 32u);
  EXPECT_EQ(words.items[31].text, "... (10 more arguments)");
  RunSlowly({"GET", std::string(130, 'x')});
  EXPECT_EQ(Get().items[0].items[3].items[1].text, std::string(128, 'x') + "... (2 more bytes)");
}

TEST_F(Slowlog, NeverShowsAPassword) {
  RunSlowly({"CONFIG", "SET", "requirepass", "secret", "slowlog-max-len", "100"});
  EXPECT_THAT(TextsOf(Get().items[0].items[3]),
              ElementsAre("CONFIG", "SET", "requirepass", "(redacted)", "slowlog-max-len", "100"));
  RunSlowly({"AUTH", "secret"});
  EXPECT_THAT(TextsOf(Get().items[0].items[3]), ElementsAre("AUTH", "(redacted)"));
}

TEST_F(Slowlog, TellsACommandOfATransactionAndNotExec) {
  client.RunAll({{"MULTI"}, {"GET", "k"}});
  RunSlowly({"EXEC"});
  const tests::Value entries = Get();
  ASSERT_EQ(entries.items.size(), 1u);
  EXPECT_THAT(TextsOf(entries.items[0].items[3]), ElementsAre("GET", "k"));
}

TEST_F(Slowlog, KeepsAsManyAsTheSettingSays) {
  for (int i = 0; i < 5; ++i) RunSlowly({"GET", std::to_string(i)});
  client.Run({"CONFIG", "SET", "slowlog-max-len", "2"});
  EXPECT_EQ(client.Run({"SLOWLOG", "LEN"}), ":2\r\n");
  RunSlowly({"GET", "newest"});
  EXPECT_EQ(client.Run({"SLOWLOG", "LEN"}), ":2\r\n");
  EXPECT_EQ(Get("1").items.size(), 1u);
  client.Run({"SLOWLOG", "RESET"});
  EXPECT_EQ(client.Run({"SLOWLOG", "LEN"}), ":0\r\n");
}

TEST_F(Slowlog, ZeroKeepsEverythingAndANegativeNumberNothing) {
  client.Run({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
  client.Run({"PING"});
  EXPECT_GE(Get().items.size(), 1u);
  client.RunAll({{"CONFIG", "SET", "slowlog-log-slower-than", "-1"}, {"SLOWLOG", "RESET"}});
  RunSlowly({"PING"});
  EXPECT_EQ(client.Run({"SLOWLOG", "LEN"}), ":0\r\n");
}

// --- LATENCY

class Latency : public testing::Test {
 protected:
  void RunSlowly(const Words& command, int64_t ms) {
    server.clock().set_look_us(ms * 1000);
    client.Run(command);
    server.clock().set_look_us(0);
  }

  TestServer server;
  TestClient& client = server.Connect();
};

TEST_F(Latency, SpikesAreKeptByKindOnceTheThresholdIsSet) {
  RunSlowly({"GET", "k"}, 50);
  EXPECT_EQ(client.Run({"LATENCY", "LATEST"}), "*0\r\n");
  client.Run({"CONFIG", "SET", "latency-monitor-threshold", "10"});
  RunSlowly({"GET", "k"}, 30);   // a fast command
  RunSlowly({"KEYS", "*"}, 20);  // one that is not
  RunSlowly({"KEYS", "*"}, 9);   // under the threshold
  server.clock().AdvanceMs(1000);
  RunSlowly({"GET", "k"}, 15);
  EXPECT_EQ(client.Run({"LATENCY", "LATEST"}),
            "*2\r\n*4\r\n$7\r\ncommand\r\n:1700000000\r\n:20\r\n:20\r\n"
            "*4\r\n$12\r\nfast-command\r\n:1700000001\r\n:15\r\n:30\r\n");
  EXPECT_EQ(client.Run({"LATENCY", "HISTORY", "fast-command"}),
            "*2\r\n*2\r\n:1700000000\r\n:30\r\n*2\r\n:1700000001\r\n:15\r\n");
  EXPECT_THAT(client.Run({"LATENCY", "GRAPH", "fast-command"}), HasSubstr("fast-command"));
  EXPECT_THAT(client.Run({"LATENCY", "DOCTOR"}), HasSubstr("the worst 30 ms"));
  EXPECT_EQ(client.Run({"LATENCY", "RESET", "command", "nosuch"}), ":1\r\n");
  EXPECT_EQ(client.Run({"LATENCY", "RESET"}), ":1\r\n");
  EXPECT_EQ(client.Run({"LATENCY", "LATEST"}), "*0\r\n");
}

TEST_F(Latency, HistogramsCountCallsByCommand) {
  RunSlowly({"GET", "k"}, 3);
  client.Run({"GET", "k"});
  client.Run({"CLIENT", "ID"});
  const tests::Value all =
      tests::ParseFrame(client.Run({"LATENCY", "HISTOGRAM", "get", "client", "set", "nosuch"}));
  ASSERT_EQ(all.items.size(), 4u);  // set has not run
  EXPECT_EQ(all.items[0].text, "get");
  EXPECT_EQ(all.items[1].items[1].text, "2");
  EXPECT_EQ(all.items[2].text, "client|id");
}

TEST_F(Latency, HistogramsAreMapsInResp3) {
  TestClient& third = server.Connect3();
  third.Run({"GET", "k"});
  EXPECT_THAT(third.Run({"LATENCY", "HISTOGRAM", "get"}),
              testing::StartsWith("%1\r\n$3\r\nget\r\n%2\r\n$5\r\ncalls\r\n:1\r\n"
                                  "$14\r\nhistogram_usec\r\n%1\r\n"));
}

}  // namespace
}  // namespace tideway::test
