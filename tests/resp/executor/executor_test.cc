// How batches of several clients run: order, suspension, silence, messages between threads.
#include <gtest/gtest.h>

#include "tests/resp/support/examples.h"
#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

constexpr char kOk[] = "+OK\r\n";
constexpr char kPong[] = "+PONG\r\n";

// `message` on a channel, as RESP2 or, with '>', RESP3.
std::string Message(const std::string& channel, const std::string& payload, char type = '*') {
  std::string bytes = type + std::string("3\r\n$7\r\nmessage\r\n");
  for (const std::string& part : {channel, payload}) {
    bytes += "$" + std::to_string(part.size()) + "\r\n" + part + "\r\n";
  }
  return bytes;
}

class Executor : public testing::Test {
 protected:
  TestServer server;
  TestClient& client = server.Connect();
};

TEST_F(Executor, APipelineLongerThanABatchIsAnsweredWholeAndInOrder) {
  std::vector<Words> pipeline;
  std::string expected;
  for (int i = 1; i <= 1000; ++i) {
    pipeline.push_back({"INCR", "n"});
    expected += ":" + std::to_string(i) + "\r\n";
  }
  EXPECT_EQ(client.RunAll(pipeline), expected);
}

TEST_F(Executor, APipelineThatWritesMuchIsSeveralBatches) {
  const std::string value(700'000, 'v');
  std::vector<Words> pipeline;
  for (int i = 0; i < 6; ++i) pipeline.push_back({"SET", "k" + std::to_string(i), value});
  EXPECT_EQ(client.RunAll(pipeline), "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(server.journal().Appended().size(), 3u);
}

TEST_F(Executor, ErrorsStandInTheirPlace) {
  EXPECT_EQ(client.RunAll({{"SET", "k", "v"}, {"INCR", "k"}, {"nosuch"}, {"GET", "k"}}),
            "+OK\r\n-ERR value is not an integer or out of range\r\n-ERR unknown command 'nosuch', "
            "with args beginning with: \r\n$1\r\nv\r\n");
}

TEST_F(Executor, WhatStandsBehindQuitIsNeverRun) {
  EXPECT_EQ(client.RunAll({{"SET", "a", "1"}, {"QUIT"}, {"SET", "a", "2"}}), "+OK\r\n+OK\r\n");
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(server.Connect().Run({"GET", "a"}), "$1\r\n1\r\n");
}

TEST_F(Executor, AReplyOverTheLimitIsAnErrorAndTheOthersStay) {
  server.Set([](resp::Settings& settings) { settings.reply_bytes_max = 1000; });
  client.Run({"SET", "k", std::string(2000, 'x')});
  const std::string reply = client.RunAll({{"PING"}, {"GET", "k"}, {"PING"}});
  EXPECT_EQ(reply,
            "+PONG\r\n-ERR reply of 'get' is larger than 1000 bytes (reply-bytes-max)\r\n"
            "+PONG\r\n");
}

TEST_F(Executor, ProtocolVersionsMayChangeWithinAPipeline) {
  const std::string reply = client.RunAll(
      {{"GET", "none"}, {"HELLO", "3"}, {"GET", "none"}, {"HELLO", "2"}, {"GET", "none"}});
  EXPECT_TRUE(reply.starts_with("$-1\r\n%7\r\n")) << reply;
  EXPECT_NE(reply.find("\r\n_\r\n*14\r\n"), std::string::npos) << reply;
  EXPECT_TRUE(reply.ends_with("$-1\r\n")) << reply;
}

// --- CLIENT PAUSE

TEST_F(Executor, PauseStopsEverybodyUntilItsTimeIsOver) {
  TestClient& other = server.Connect();
  EXPECT_EQ(client.Run({"CLIENT", "PAUSE", "100"}), kOk);
  EXPECT_EQ(other.RunAll({{"PING"}, {"SET", "k", "1"}}), "");
  EXPECT_EQ(other.session().suspension, resp::Suspension::kPaused);
  server.clock().AdvanceMs(99);
  server.Cron();
  EXPECT_EQ(other.TakeAll(), "");
  server.clock().AdvanceMs(1);
  server.Cron();
  EXPECT_EQ(other.TakeAll(), "+PONG\r\n+OK\r\n");
}

TEST_F(Executor, PauseOfWritesLetsReadsThrough) {
  TestClient& other = server.Connect();
  client.Run({"CLIENT", "PAUSE", "100", "WRITE"});
  EXPECT_EQ(other.RunAll({{"GET", "k"}, {"SET", "k", "1"}, {"GET", "k"}}), "$-1\r\n");
  EXPECT_EQ(server.Connect().Run({"PUBLISH", "c", "m"}), "") << "may replicate: it waits";
  EXPECT_EQ(client.Run({"CLIENT", "UNPAUSE"}), kOk);
  EXPECT_EQ(other.TakeAll(), "+OK\r\n$1\r\n1\r\n");
}

TEST_F(Executor, ATransactionWithWritesWaitsAsAWhole) {
  TestClient& other = server.Connect();
  other.RunAll({{"MULTI"}, {"GET", "k"}, {"SET", "k", "1"}});
  client.Run({"CLIENT", "PAUSE", "100", "WRITE"});
  EXPECT_EQ(other.Run({"EXEC"}), "");
  client.Run({"CLIENT", "UNPAUSE"});
  EXPECT_EQ(other.TakeAll(), "*2\r\n$-1\r\n+OK\r\n");
}

TEST_F(Executor, NothingExpiresDuringAPauseButDueKeysAreNotSeen) {
  TestClient& other = server.Connect();
  other.Run({"SET", "k", "v", "PX", "10"});
  client.Run({"CLIENT", "PAUSE", "1000", "WRITE"});
  server.clock().AdvanceMs(11);
  const size_t journalled = server.journal().Appended().size();
  server.Tick();
  EXPECT_EQ(other.Run({"GET", "k"}), "$-1\r\n");
  EXPECT_EQ(server.journal().Appended().size(), journalled);
  server.clock().AdvanceMs(1000);
  server.Cron();
  server.Tick();
  EXPECT_EQ(server.journal().Appended().size(), journalled + 1);
}

TEST_F(Executor, APauseReachesTheOtherThreads) {
  TestServer two({.threads = 2});
  TestClient& first = two.Connect(0);
  TestClient& second = two.Connect(1);
  first.Run({"CLIENT", "PAUSE", "100"});
  EXPECT_EQ(second.Run({"PING"}), "");
  two.clock().AdvanceMs(100);
  two.Cron();
  EXPECT_EQ(second.TakeAll(), kPong);
}

TEST_F(Executor, APausedClientMayLeave) {
  TestClient& other = server.Connect();
  client.Run({"CLIENT", "PAUSE", "100"});
  other.Run({"SET", "k", "1"});
  other.Close();
  server.Settle();
  server.clock().AdvanceMs(100);
  server.Cron();
  EXPECT_EQ(client.Run({"GET", "k"}), "$-1\r\n");
}

TEST_F(Executor, APausedPipelineUnderAlwaysFirstWaitsForItsWritesThenForThePause) {
  TestServer always({.settings = Always()});
  TestClient& writer = always.Connect();
  always.journal().Hold();
  EXPECT_EQ(writer.RunAll({{"SET", "k", "1"}, {"CLIENT", "PAUSE", "100"}, {"PING"}}), "");
  always.journal().Release();
  EXPECT_EQ(writer.TakeAll(), "+OK\r\n+OK\r\n");
  EXPECT_EQ(writer.session().suspension, resp::Suspension::kPaused);
  always.clock().AdvanceMs(100);
  always.Cron();
  EXPECT_EQ(writer.TakeAll(), kPong);
}

// --- CLIENT REPLY

TEST_F(Executor, ReplyOffSilencesUntilOn) {
  EXPECT_EQ(
      client.RunAll(
          {{"CLIENT", "REPLY", "OFF"}, {"PING"}, {"nosuch"}, {"CLIENT", "REPLY", "ON"}, {"PING"}}),
      "+OK\r\n+PONG\r\n");
}

TEST_F(Executor, ReplySkipSilencesOneCommand) {
  EXPECT_EQ(client.RunAll({{"CLIENT", "REPLY", "SKIP"}, {"SET", "k", "1"}, {"GET", "k"}}),
            "$1\r\n1\r\n");
}

TEST_F(Executor, ReplyOffLetsMessagesThrough) {
  TestClient& listener = server.Connect3();
  listener.RunAll({{"SUBSCRIBE", "c"}, {"CLIENT", "REPLY", "OFF"}});
  client.Run({"PUBLISH", "c", "m"});
  EXPECT_EQ(listener.TakeAll(), Message("c", "m", '>'));
}

// --- messages

TEST_F(Executor, AMessageStandsBehindTheEventsOfWhatItsSenderWroteBefore) {
  server.Set([](resp::Settings& settings) { settings.notify_keyspace_events = ~0u; });
  TestClient& listener = server.Connect();
  listener.RunAll({{"SUBSCRIBE", "news", "__keyevent@0__:set", "__keyevent@0__:del"}});
  client.RunAll({{"SET", "k", "1"}, {"PUBLISH", "news", "x"}, {"DEL", "k"}});
  EXPECT_EQ(listener.TakeAll(), Message("__keyevent@0__:set", "k") + Message("news", "x") +
                                    Message("__keyevent@0__:del", "k"));
}

TEST_F(Executor, ASenderThatListensHearsItsMessageBeforeItsReply) {
  TestClient& both = server.Connect3();
  both.Run({"SUBSCRIBE", "c"});
  EXPECT_EQ(both.Run({"PUBLISH", "c", "m"}), Message("c", "m", '>') + ":1\r\n");
}

TEST_F(Executor, MessagesAndEventsReachTheListenersOfOtherThreads) {
  TestServer two({.threads = 2});
  two.Set([](resp::Settings& settings) { settings.notify_keyspace_events = ~0u; });
  TestClient& writer = two.Connect(0);
  TestClient& listener = two.Connect(1);
  TestClient& patterns = two.Connect3(1);
  listener.Run({"SUBSCRIBE", "__keyspace@0__:k", "news"});
  patterns.Run({"PSUBSCRIBE", "n*"});
  EXPECT_EQ(writer.RunAll({{"SET", "k", "v"}, {"PUBLISH", "news", "x"}}), "+OK\r\n:2\r\n");
  EXPECT_EQ(listener.TakeAll(), Message("__keyspace@0__:k", "new") +
                                    Message("__keyspace@0__:k", "set") + Message("news", "x"));
  EXPECT_EQ(patterns.TakeAll(), ">4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$1\r\nx\r\n");
}

TEST_F(Executor, AListenerThatLeavesIsNoReceiver) {
  TestClient& listener = server.Connect();
  listener.Run({"SUBSCRIBE", "c"});
  EXPECT_EQ(client.Run({"PUBLISH", "c", "m"}), ":1\r\n");
  listener.Close();
  server.Settle();
  EXPECT_EQ(client.Run({"PUBLISH", "c", "m"}), ":0\r\n");
  EXPECT_EQ(client.Run({"PUBSUB", "CHANNELS"}), "*0\r\n");
}

TEST_F(Executor, ASubscriberThatDoesNotReadIsClosedAtItsHardLimitAndTheOthersHearAll) {
  server.Set([](resp::Settings& settings) { settings.pubsub_output.hard_bytes = 1000; });
  TestClient& slow = server.Connect();
  TestClient& quick = server.Connect();
  for (TestClient* listener : {&slow, &quick}) listener->Run({"SUBSCRIBE", "c"});
  slow.transport().set_reads(false);
  const std::string payload(200, 'x');
  for (int i = 0; i < 10; ++i) client.Run({"PUBLISH", "c", payload});
  server.Cron();
  EXPECT_TRUE(slow.closed());
  EXPECT_EQ(quick.TakeAll().size(), 10 * Message("c", payload).size());
}

TEST_F(Executor, ASubscriberOverTheSoftLimitIsClosedAfterItsTime) {
  server.Set([](resp::Settings& settings) {
    settings.pubsub_output = {0, 1000, std::chrono::seconds(60)};
  });
  TestClient& slow = server.Connect();
  slow.Run({"SUBSCRIBE", "c"});
  slow.transport().set_reads(false);
  client.Run({"PUBLISH", "c", std::string(2000, 'x')});
  server.Cron();
  server.clock().AdvanceMs(60'000);
  server.Cron();
  EXPECT_FALSE(slow.closed());
  server.clock().AdvanceMs(1);
  server.Cron();
  EXPECT_TRUE(slow.closed());
}

TEST_F(Executor, ASubscriberThatCatchesUpStartsItsSoftLimitAnew) {
  server.Set([](resp::Settings& settings) {
    settings.pubsub_output = {0, 1000, std::chrono::seconds(60)};
  });
  TestClient& slow = server.Connect();
  slow.Run({"SUBSCRIBE", "c"});
  for (int i = 0; i < 3; ++i) {
    slow.transport().set_reads(false);
    client.Run({"PUBLISH", "c", std::string(2000, 'x')});
    server.Cron();
    server.clock().AdvanceMs(50'000);
    slow.transport().set_reads(true);
    server.Settle();
    server.Cron();
  }
  EXPECT_FALSE(slow.closed());
}

// --- idle clients

TEST_F(Executor, AnIdleClientIsClosedAfterTimeoutButASubscriberIsNot) {
  server.Set([](resp::Settings& settings) { settings.timeout = std::chrono::seconds(10); });
  TestClient& listener = server.Connect();
  listener.Run({"SUBSCRIBE", "c"});
  server.clock().AdvanceMs(10'000);
  server.Cron();
  EXPECT_FALSE(client.closed());
  server.clock().AdvanceMs(1);
  server.Cron();
  EXPECT_TRUE(client.closed());
  EXPECT_FALSE(listener.closed());
}

// --- expiry

TEST_F(Executor, ExpiredKeysAreToldOnThread0ToListenersOfAnyThread) {
  TestServer two({.threads = 2});
  two.Set([](resp::Settings& settings) { settings.notify_keyspace_events = ~0u; });
  TestClient& listener = two.Connect(1);
  listener.Run({"SUBSCRIBE", "__keyevent@0__:expired"});
  two.Connect(1).Run({"SET", "k", "v", "PX", "10"});
  two.clock().AdvanceMs(10);
  two.Tick();
  EXPECT_EQ(listener.TakeAll(), "") << "due at 10 ms means: gone after it";
  two.clock().AdvanceMs(1);
  two.Tick();
  EXPECT_EQ(listener.TakeAll(), Message("__keyevent@0__:expired", "k"));
}

TEST_F(Executor, AReadOfADueKeyTellsItsExpiryOnce) {
  server.Set([](resp::Settings& settings) { settings.notify_keyspace_events = ~0u; });
  TestClient& listener = server.Connect();
  client.Run({"SET", "k", "v", "PX", "10"});
  listener.Run({"SUBSCRIBE", "__keyevent@0__:expired"});
  server.clock().AdvanceMs(11);
  EXPECT_EQ(client.Run({"GET", "k"}), "$-1\r\n");
  server.Tick();
  EXPECT_EQ(listener.TakeAll(), Message("__keyevent@0__:expired", "k"));
}

}  // namespace
}  // namespace tideway::test
