// What a client hears of what stands before and behind its own SUBSCRIBE, and in which order.
#include <gtest/gtest.h>

#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
std::string Message(const std::string& channel, const std::string& payload, char type = '*') {
  return type + std::string("3\r\n") + Bulk("message") + Bulk(channel) + Bulk(payload);
}
std::string Subscribed(const std::string& channel, int count, char type = '*') {
  return type + std::string("3\r\n") + Bulk("subscribe") + Bulk(channel) + ":" +
         std::to_string(count) + "\r\n";
}
std::string Unsubscribed(const std::string& channel, char type) {
  return type + std::string("3\r\n") + Bulk("unsubscribe") + Bulk(channel) + ":0\r\n";
}

constexpr char kSetEvents[] = "__keyevent@0__:set";

class MessageOrder : public testing::Test {
 protected:
  MessageOrder() {
    server.Set([](resp::Settings& settings) { settings.notify_keyspace_events = ~0u; });
  }
  TestServer server;
  TestClient& client = server.Connect();
};

TEST_F(MessageOrder, SubscribeHearsNothingOfWhatItsPipelineWroteBefore) {
  EXPECT_EQ(client.RunAll({{"SET", "k", "v"}, {"SUBSCRIBE", kSetEvents}}),
            "+OK\r\n" + Subscribed(kSetEvents, 1));
}

TEST_F(MessageOrder, SubscribeHearsNothingOfWhatItsPipelinePublishedBefore) {
  EXPECT_EQ(client.RunAll({{"SET", "k", "v"}, {"PUBLISH", "a", "x"}, {"SUBSCRIBE", "a"}}),
            "+OK\r\n:0\r\n" + Subscribed("a", 1));
}

TEST_F(MessageOrder, AListenerHearsItsOwnMessageBeforeTheReplyAndBeforeItLeaves) {
  TestClient& both = server.Connect3();
  EXPECT_EQ(both.RunAll({{"SUBSCRIBE", "a"}, {"PUBLISH", "a", "x"}, {"UNSUBSCRIBE", "a"}}),
            Subscribed("a", 1, '>') + Message("a", "x", '>') + ":1\r\n" + Unsubscribed("a", '>'));
}

TEST_F(MessageOrder, AListenerHearsItsOwnWriteBeforeItLeaves) {
  TestClient& both = server.Connect3();
  EXPECT_EQ(
      both.RunAll({{"SUBSCRIBE", kSetEvents}, {"SET", "k", "v"}, {"UNSUBSCRIBE", kSetEvents}}),
      Subscribed(kSetEvents, 1, '>') + Message(kSetEvents, "k", '>') + "+OK\r\n" +
          Unsubscribed(kSetEvents, '>'));
}

TEST_F(MessageOrder, AShardListenerHearsItsOwnMessageBeforeItLeaves) {
  TestClient& both = server.Connect3();
  EXPECT_EQ(both.RunAll({{"SSUBSCRIBE", "a"}, {"SPUBLISH", "a", "x"}, {"SUNSUBSCRIBE", "a"}}),
            ">3\r\n" + Bulk("ssubscribe") + Bulk("a") + ":1\r\n" + ">3\r\n" + Bulk("smessage") +
                Bulk("a") + Bulk("x") + ":1\r\n" + ">3\r\n" + Bulk("sunsubscribe") + Bulk("a") +
                ":0\r\n");
}

TEST_F(MessageOrder, ASubscriptionInsideExecHearsOnlyWhatComesBehindIt) {
  const std::string reply = client.RunAll({{"MULTI"},
                                           {"SET", "before", "v"},
                                           {"PUBLISH", "a", "before"},
                                           {"SUBSCRIBE", kSetEvents},
                                           {"SUBSCRIBE", "a"},
                                           {"SET", "behind", "v"},
                                           {"PUBLISH", "a", "behind"},
                                           {"EXEC"}});
  EXPECT_EQ(reply.substr(reply.find("*6\r\n")),
            "*6\r\n+OK\r\n:0\r\n" + Subscribed(kSetEvents, 1) + Subscribed("a", 2) +
                "+OK\r\n:1\r\n" + Message(kSetEvents, "behind") + Message("a", "behind"));
}

TEST_F(MessageOrder, WhoIsSubscribedByExecHearsAllLaterMessages) {
  client.RunAll({{"MULTI"}, {"SET", "k", "v"}, {"SUBSCRIBE", "a"}, {"EXEC"}});
  EXPECT_EQ(server.Connect().Run({"PUBLISH", "a", "x"}), ":1\r\n");
  EXPECT_EQ(client.TakeAll(), Message("a", "x"));
}

TEST_F(MessageOrder, AnEventIsOnItsWayToOtherThreadsBeforeItsReplyLeaves) {
  TestServer two({.threads = 2});
  two.Set([](resp::Settings& settings) { settings.notify_keyspace_events = ~0u; });
  TestClient& writer = two.Connect(0);
  TestClient& listener = two.Connect(1);
  listener.Run({"SUBSCRIBE", kSetEvents});
  bool told = false;
  writer.transport().on_send = [&] { told = two.RunJobs(1); };
  writer.Run({"SET", "k", "v"});
  EXPECT_TRUE(told);
  EXPECT_EQ(listener.TakeAll(), Message(kSetEvents, "k"));
}

TEST_F(MessageOrder, AKilledListenerIsNoReceiverFromThenOn) {
  TestServer two({.threads = 2});
  TestClient& killer = two.Connect(0);
  for (const size_t thread : {size_t{0}, size_t{1}}) {
    two.Connect(thread).Run({"SUBSCRIBE", "x"});
  }
  const std::string reply = killer.RunAll({{"CLIENT", "KILL", "TYPE", "pubsub"},
                                           {"PUBSUB", "NUMSUB", "x"},
                                           {"PUBLISH", "x", "m"},
                                           {"CLIENT", "LIST", "TYPE", "pubsub"}});
  EXPECT_EQ(reply, ":2\r\n*2\r\n$1\r\nx\r\n:0\r\n:0\r\n$0\r\n\r\n");
}

TEST_F(MessageOrder, AKilledClientRunsNothingMore) {
  TestServer two({.threads = 2});
  TestClient& killer = two.Connect(0);
  TestClient& victim = two.Connect(1);
  victim.Run({"CLIENT", "SETNAME", "victim"});
  const std::string id = std::to_string(victim.session().id);
  victim.Send({"SET", "k", "of the dead"});
  killer.Send({"CLIENT", "KILL", "ID", id});
  two.Settle();
  EXPECT_TRUE(victim.closed());
  EXPECT_EQ(killer.Run({"GET", "k"}), ":1\r\n$-1\r\n");
}

}  // namespace
}  // namespace tideway::test
