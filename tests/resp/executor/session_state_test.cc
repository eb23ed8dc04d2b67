// What a client may do in its present state: logged in or not, watching others, silent.
#include <gtest/gtest.h>

#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

constexpr char kNoAuth[] = "-NOAUTH Authentication required.\r\n";
constexpr char kNoKeyspace[] = "-ERR Replica can't interact with the keyspace\r\n";

class SessionState : public testing::Test {
 protected:
  void SetPassword(const std::string& password) {
    server.Set([&](resp::Settings& settings) { settings.requirepass = password; });
  }
  TestServer server;
  TestClient& client = server.Connect();
};

TEST_F(SessionState, APasswordThatIsTakenAwayFreesWhoIsConnected) {
  SetPassword("secret");
  TestClient& late = server.Connect();
  EXPECT_EQ(late.Run({"GET", "k"}), kNoAuth);
  EXPECT_EQ(client.Run({"GET", "k"}), "$-1\r\n");  // was here before the password
  SetPassword("");
  EXPECT_EQ(late.Run({"GET", "k"}), "$-1\r\n");
  SetPassword("secret");
  EXPECT_EQ(late.Run({"GET", "k"}), kNoAuth);
}

TEST_F(SessionState, AMonitorCannotUseTheKeyspace) {
  TestClient& monitor = server.Connect();
  monitor.Run({"MONITOR"});
  EXPECT_EQ(monitor.Run({"GET", "k"}), kNoKeyspace);
  EXPECT_EQ(monitor.Run({"SET", "k", "v"}), kNoKeyspace);
  EXPECT_EQ(monitor.Run({"PUBLISH", "c", "m"}), kNoKeyspace);
  EXPECT_NE(monitor.Run({"PING"}).find("+PONG\r\n"), std::string::npos);
  EXPECT_EQ(client.Run({"EXISTS", "k"}), ":0\r\n");
  monitor.Run({"RESET"});
  EXPECT_EQ(monitor.Run({"GET", "k"}), "$-1\r\n");
}

TEST_F(SessionState, AMonitorsTransactionIsSpoiledByACommandOnData) {
  client.RunAll({{"MONITOR"}, {"MULTI"}});
  EXPECT_EQ(client.Run({"GET", "k"}), kNoKeyspace);
  EXPECT_NE(client.Run({"EXEC"}).find("-EXECABORT"), std::string::npos);
}

TEST_F(SessionState, MonitorInsideExecIsAnError) {
  client.RunAll({{"MULTI"}, {"MONITOR"}});
  EXPECT_EQ(client.Run({"EXEC"}), "*1\r\n-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n");
}

TEST_F(SessionState, ASkippedResetAnswersNothing) {
  EXPECT_EQ(client.RunAll({{"CLIENT", "REPLY", "SKIP"}, {"RESET"}, {"PING"}}), "+PONG\r\n");
}

TEST_F(SessionState, ClientPauseTellsItsModes) {
  EXPECT_EQ(client.Run({"CLIENT", "PAUSE", "1", "foo"}),
            "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n");
  EXPECT_EQ(
      client.Run({"CLIENT", "PAUSE", "1", "write", "more"}),
      "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.\r\n");
}

TEST_F(SessionState, HelloTellsThatALoginIsNeeded) {
  SetPassword("secret");
  EXPECT_EQ(server.Connect().Run({"HELLO", "3"}),
            "-NOAUTH HELLO must be called with the client already authenticated, otherwise the "
            "HELLO AUTH <user> <pass> option can be used to authenticate the client and select the "
            "RESP protocol version at the same time\r\n");
}

TEST_F(SessionState, DebugProtocolPushesAndAnswers) {
  EXPECT_EQ(client.Run({"DEBUG", "PROTOCOL", "push"}),
            "-ERR RESP2 is not supported by this command\r\n");
  EXPECT_EQ(server.Connect3().Run({"DEBUG", "PROTOCOL", "push"}),
            ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push "
            "reply\r\n");
}

TEST_F(SessionState, DebugSleepTakesWhateverIsNoNumberForZero) {
  EXPECT_EQ(client.Run({"DEBUG", "SLEEP", "abc"}), "+OK\r\n");
}

TEST_F(SessionState, InfoTellsTheMeanTimeToLive) {
  client.RunAll(
      {{"SET", "a", "1", "PX", "10000"}, {"SET", "b", "1", "PX", "30000"}, {"SET", "c", "1"}});
  EXPECT_NE(client.Run({"INFO", "keyspace"}).find("db0:keys=3,expires=2,avg_ttl=20000\r\n"),
            std::string::npos);
}

}  // namespace
}  // namespace tideway::test
