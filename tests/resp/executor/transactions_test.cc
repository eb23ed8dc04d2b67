// MULTI, EXEC and WATCH through the executor, over pipelines and several clients.
#include <gtest/gtest.h>

#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

constexpr char kOk[] = "+OK\r\n";
constexpr char kQueued[] = "+QUEUED\r\n";
constexpr char kNullArray[] = "*-1\r\n";

class Transactions : public testing::Test {
 protected:
  TestServer server;
  TestClient& client = server.Connect();
  TestClient& other = server.Connect();
};

TEST_F(Transactions, ExecAnswersEveryQueuedCommandInOrder) {
  EXPECT_EQ(client.RunAll({{"MULTI"}, {"SET", "k", "1"}, {"INCR", "k"}, {"GET", "k"}, {"EXEC"}}),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n");
}

TEST_F(Transactions, NothingRunsBeforeExec) {
  client.RunAll({{"MULTI"}, {"SET", "k", "1"}});
  EXPECT_EQ(other.Run({"GET", "k"}), "$-1\r\n");
  client.Run({"DISCARD"});
  EXPECT_EQ(other.Run({"GET", "k"}), "$-1\r\n");
}

TEST_F(Transactions, ACommandThatCannotBeQueuedSpoilsTheWhole) {
  client.RunAll({{"MULTI"}, {"SET", "k", "1"}});
  EXPECT_EQ(client.Run({"GET"}), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(client.Run({"EXEC"}),
            "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(client.Run({"GET", "k"}), "$-1\r\n");
  EXPECT_EQ(client.Run({"EXEC"}), "-ERR EXEC without MULTI\r\n");
}

TEST_F(Transactions, ACommandThatFailsWhileItRunsDoesNotStopTheOthers) {
  client.RunAll({{"SET", "k", "text"}, {"MULTI"}, {"INCR", "k"}, {"SET", "l", "1"}});
  EXPECT_EQ(client.Run({"EXEC"}), "*2\r\n-ERR value is not an integer or out of range\r\n+OK\r\n");
  EXPECT_EQ(client.Run({"GET", "l"}), "$1\r\n1\r\n");
}

TEST_F(Transactions, CommandsOfOtherClientsNeverRunInBetween) {
  // Both clients' input is there before the server works.
  for (int i = 0; i < 3; ++i) {
    client.Send({i == 0 ? "MULTI" : "INCR", "n"});
    other.Send({"INCR", "n"});
  }
  client.transport().input.front() = {"MULTI"};
  client.Send({"EXEC"});
  const std::string reply = client.TakeAll();
  const std::string numbers = reply.substr(reply.find('*'));
  EXPECT_TRUE(numbers == "*2\r\n:1\r\n:2\r\n" || numbers == "*2\r\n:4\r\n:5\r\n") << reply;
}

TEST_F(Transactions, SelectInsideMovesTheCommandsBehindItAndStays) {
  client.RunAll({{"MULTI"}, {"SELECT", "1"}, {"SET", "k", "1"}, {"EXEC"}});
  EXPECT_EQ(client.Run({"GET", "k"}), "$1\r\n1\r\n");
  EXPECT_EQ(other.Run({"GET", "k"}), "$-1\r\n");
}

TEST_F(Transactions, SettingsChangedInsideHoldForWhatFollowsInThePipeline) {
  const std::string reply = client.RunAll({{"MULTI"},
                                           {"CONFIG", "SET", "notify-keyspace-events", "KEA"},
                                           {"EXEC"},
                                           {"CONFIG", "GET", "notify-keyspace-events"}});
  EXPECT_NE(reply.find("AKE"), std::string::npos) << reply;
}

// --- WATCH

TEST_F(Transactions, AWatchedKeyThatAnotherClientWritesAbortsExec) {
  client.RunAll({{"WATCH", "k"}, {"MULTI"}, {"SET", "l", "1"}});
  other.Run({"SET", "k", "1"});
  EXPECT_EQ(client.Run({"EXEC"}), kNullArray);
  EXPECT_EQ(client.Run({"GET", "l"}), "$-1\r\n");
}

TEST_F(Transactions, AWatchHoldsForOneExec) {
  client.RunAll({{"WATCH", "k"}, {"MULTI"}, {"EXEC"}});
  other.Run({"SET", "k", "1"});
  EXPECT_EQ(client.RunAll({{"MULTI"}, {"PING"}, {"EXEC"}}), "+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
}

TEST_F(Transactions, UnwatchDiscardAndResetEndAWatch) {
  for (const std::vector<Words>& end :
       {std::vector<Words>{{"UNWATCH"}}, {{"MULTI"}, {"DISCARD"}}, {{"RESET"}}}) {
    client.Run({"WATCH", "k"});
    client.RunAll(end);
    other.Run({"SET", "k", "1"});
    EXPECT_EQ(client.RunAll({{"MULTI"}, {"PING"}, {"EXEC"}}), "+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
  }
}

TEST_F(Transactions, AWriteOfTheClientItselfBreaksItsWatchToo) {
  EXPECT_EQ(client.RunAll({{"WATCH", "k"}, {"SET", "k", "1"}, {"MULTI"}, {"PING"}, {"EXEC"}}),
            std::string(kOk) + kOk + kOk + kQueued + kNullArray);
}

TEST_F(Transactions, AKeyThatExpiresBreaksItsWatch) {
  client.RunAll({{"SET", "k", "1", "PX", "10"}, {"WATCH", "k"}, {"MULTI"}, {"PING"}});
  server.clock().AdvanceMs(11);
  server.Tick();
  EXPECT_EQ(client.Run({"EXEC"}), kNullArray);
}

TEST_F(Transactions, AWatchIsOfTheDatabaseThatWasSelected) {
  client.RunAll({{"WATCH", "k"}, {"SELECT", "1"}, {"MULTI"}, {"PING"}});
  other.RunAll({{"SELECT", "1"}, {"SET", "k", "1"}});
  EXPECT_EQ(client.Run({"EXEC"}), "*1\r\n+PONG\r\n");
  client.RunAll({{"SELECT", "0"}, {"WATCH", "k"}, {"SELECT", "1"}, {"MULTI"}, {"PING"}});
  other.RunAll({{"SELECT", "0"}, {"SET", "k", "1"}});
  EXPECT_EQ(client.Run({"EXEC"}), kNullArray);
}

TEST_F(Transactions, FlushAndSwapBreakAWatch) {
  for (const Words& change : {Words{"FLUSHALL"}, {"FLUSHDB"}, {"SWAPDB", "0", "1"}}) {
    client.RunAll({{"SET", "k", "1"}, {"WATCH", "k"}, {"MULTI"}, {"PING"}});
    other.Run(change);
    EXPECT_EQ(client.Run({"EXEC"}), kNullArray) << change[0];
  }
}

TEST_F(Transactions, AClientThatLeavesLeavesNoWatchBehind) {
  client.Run({"WATCH", "k"});
  client.Close();
  server.Settle();
  // A second watcher of the same key works as the first.
  other.RunAll({{"WATCH", "k"}, {"MULTI"}, {"PING"}});
  server.Connect().Run({"SET", "k", "1"});
  EXPECT_EQ(other.Run({"EXEC"}), kNullArray);
}

TEST_F(Transactions, AWatchOverThreadsSeesTheOthersWrite) {
  TestServer two({.threads = 2});
  TestClient& watcher = two.Connect(0);
  TestClient& writer = two.Connect(1);
  watcher.RunAll({{"WATCH", "k"}, {"MULTI"}, {"PING"}});
  writer.Run({"SET", "k", "1"});
  EXPECT_EQ(watcher.Run({"EXEC"}), kNullArray);
}

TEST_F(Transactions, ExecOfAFullServerIsAborted) {
  client.RunAll({{"MULTI"}, {"SET", "k", "1"}});
  server.Set([](resp::Settings& settings) { settings.maxmemory = 1; });
  other.Run({"SET", "x", "1"});
  EXPECT_EQ(client.Run({"EXEC"}),
            "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory "
            "> 'maxmemory'.\r\n");
  EXPECT_FALSE(client.session().in_multi());
}

TEST_F(Transactions, ExecWithAWriteIsAbortedWhileTheDiskFails) {
  client.RunAll({{"MULTI"}, {"SET", "k", "1"}});
  server.journal().Fail("disk full");
  EXPECT_EQ(client.Run({"EXEC"}),
            "-EXECABORT Transaction discarded because of: MISCONF Errors writing to the AOF file: "
            "disk full\r\n");
  // A transaction that only reads goes on.
  EXPECT_EQ(client.RunAll({{"MULTI"}, {"GET", "k"}, {"EXEC"}}), "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
}

TEST_F(Transactions, ATransactionIsOneRecordOfTheJournal) {
  client.RunAll({{"MULTI"}, {"SET", "a", "1"}, {"SET", "b", "1"}, {"INCR", "a"}});
  const size_t before = server.journal().Appended().size();
  client.Run({"EXEC"});
  EXPECT_EQ(server.journal().Appended().size(), before + 1);
}

TEST_F(Transactions, UnderAlwaysExecAnswersOnceItIsDurable) {
  TestServer always({.settings = Always()});
  TestClient& writer = always.Connect();
  writer.RunAll({{"MULTI"}, {"SET", "k", "1"}, {"PUBLISH", "news", "x"}});
  TestClient& listener = always.Connect();
  listener.Run({"SUBSCRIBE", "news"});
  always.journal().Hold();
  EXPECT_EQ(writer.Run({"EXEC"}), "");
  EXPECT_EQ(listener.TakeAll(), "");
  always.journal().Release();
  EXPECT_EQ(writer.TakeAll(), "*2\r\n+OK\r\n:1\r\n");
  EXPECT_NE(listener.TakeAll(), "");
}

TEST_F(Transactions, UnderAlwaysAnAbortedExecTellsOnlyWhatIsDurable) {
  TestServer always({.settings = Always()});
  TestClient& watcher = always.Connect();
  TestClient& writer = always.Connect();
  watcher.RunAll({{"WATCH", "k"}, {"MULTI"}, {"PING"}});
  always.journal().Hold();
  writer.Run({"SET", "k", "1"});
  // That the watch broke tells of the write.
  EXPECT_EQ(watcher.Run({"EXEC"}), "");
  always.journal().Release();
  EXPECT_EQ(watcher.TakeAll(), kNullArray);
}

}  // namespace
}  // namespace tideway::test
