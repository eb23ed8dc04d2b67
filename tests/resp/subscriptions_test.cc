// Who hears what, and what a message costs: subscriptions of several sessions and threads.
#include "resp/subscriptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

using resp::ChannelKind;

using Interest = RecordingBus::Interest;
using cdc::Topic;
using testing::ElementsAre;

TEST(SubscriptionRegistry, TheBusHearsOfTheFirstAndTheLastListener) {
  RecordingBus bus;
  resp::SubscriptionRegistry registry(2, bus);
  registry.Add(ChannelKind::kExact, "a", 0);
  registry.Add(ChannelKind::kExact, "a", 1);
  EXPECT_THAT(bus.TakeInterest(), ElementsAre(Interest{true, Topic::kChannel, "a"}));
  registry.Remove(ChannelKind::kExact, "a", 0);
  EXPECT_THAT(bus.TakeInterest(), ElementsAre());
  registry.Remove(ChannelKind::kExact, "a", 1);
  EXPECT_THAT(bus.TakeInterest(), ElementsAre(Interest{false, Topic::kChannel, "a"}));
  registry.Add(ChannelKind::kPattern, "a", 0);
  registry.Add(ChannelKind::kShard, "a", 0);
  EXPECT_THAT(bus.TakeInterest(), ElementsAre(Interest{true, Topic::kPattern, "a"},
                                              Interest{true, Topic::kShardChannel, "a"}));
}

TEST(SubscriptionRegistry, RemoteReceiversAreThoseOfOtherThreads) {
  RecordingBus bus;
  resp::SubscriptionRegistry registry(3, bus);
  registry.Add(ChannelKind::kExact, "news", 0);
  registry.Add(ChannelKind::kExact, "news", 2);
  registry.Add(ChannelKind::kPattern, "n*", 2);
  registry.Add(ChannelKind::kPattern, "x*", 1);
  registry.Add(ChannelKind::kShard, "news", 1);
  const auto from0 = registry.RemoteReceivers(ChannelKind::kExact, "news", 0);
  EXPECT_EQ(from0.receivers, 2u);
  EXPECT_EQ(from0.threads, 0b100u);
  const auto from2 = registry.RemoteReceivers(ChannelKind::kExact, "news", 2);
  EXPECT_EQ(from2.receivers, 1u);
  EXPECT_EQ(from2.threads, 0b001u);
  EXPECT_EQ(registry.RemoteReceivers(ChannelKind::kShard, "news", 0).threads, 0b010u);
}

class Subscriptions : public testing::Test {
 protected:
  TestServer server;
  TestClient& sender = server.Connect();
};

TEST_F(Subscriptions, AClientWithSeveralMatchesHearsTheMessageForEach) {
  TestClient& client = server.Connect();
  client.Run({"SUBSCRIBE", "news"});
  client.Run({"PSUBSCRIBE", "n*", "*s"});
  EXPECT_EQ(sender.Run({"PUBLISH", "news", "x"}), ":3\r\n");
  const std::string heard = client.TakeAll();
  EXPECT_TRUE(heard.starts_with("*3\r\n$7\r\nmessage\r\n")) << "exact channels come first";
  EXPECT_EQ(heard.find("pmessage"), heard.find("*4") + 8);
}

TEST_F(Subscriptions, ShardChannelsAreAWorldOfTheirOwn) {
  TestClient& client = server.Connect();
  client.Run({"SSUBSCRIBE", "c"});
  EXPECT_EQ(sender.Run({"PUBLISH", "c", "x"}), ":0\r\n");
  EXPECT_EQ(sender.Run({"SPUBLISH", "c", "x"}), ":1\r\n");
  EXPECT_EQ(client.TakeAll(), "*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$1\r\nx\r\n");
}

TEST_F(Subscriptions, ListenersOfOneProtocolShareTheBytesOfAMessage) {
  TestClient* clients[] = {&server.Connect(), &server.Connect(), &server.Connect3()};
  for (TestClient* client : clients) {
    client->Run({"SUBSCRIBE", "c"});
    client->transport().set_reads(false);
  }
  sender.Run({"PUBLISH", "c", "x"});
  resp::ConstBuffer pieces[3];
  for (int i = 0; i < 3; ++i) clients[i]->transport().output().Gather(&pieces[i], 1);
  EXPECT_EQ(pieces[0].data, pieces[1].data);
  EXPECT_NE(pieces[0].data, pieces[2].data);
}

TEST_F(Subscriptions, MessagesToAClientThatDoesNotReadAreOnePiece) {
  TestClient& slow = server.Connect();
  slow.Run({"SUBSCRIBE", "c"});
  slow.transport().set_reads(false);
  for (int i = 0; i < 20; ++i) sender.Run({"PUBLISH", "c", "x"});
  EXPECT_EQ(slow.transport().output().pieces(), 1u);
}

TEST_F(Subscriptions, AnEmptyChannelAndAnEmptyPayloadAreCarried) {
  TestClient& client = server.Connect();
  client.Run({"SUBSCRIBE", ""});
  EXPECT_EQ(sender.Run({"PUBLISH", "", ""}), ":1\r\n");
  EXPECT_EQ(client.TakeAll(), "*3\r\n$7\r\nmessage\r\n$0\r\n\r\n$0\r\n\r\n");
}

TEST_F(Subscriptions, OnlyTheAskedEventsAreTold) {
  TestClient& client = server.Connect();
  client.Run({"PSUBSCRIBE", "__key*"});
  const auto count = [&](const std::string& flags) {
    sender.Run({"CONFIG", "SET", "notify-keyspace-events", flags});
    sender.RunAll({{"SET", "k", "v", "EX", "10"}, {"DEL", "k"}});
    const std::string heard = client.TakeAll();
    int messages = 0;
    for (size_t at = heard.find("pmessage"); at != std::string::npos;
         at = heard.find("pmessage", at + 1)) {
      ++messages;
    }
    return messages;
  };
  EXPECT_EQ(count(""), 0);
  EXPECT_EQ(count("A"), 0) << "neither K nor E";
  EXPECT_EQ(count("K$"), 1);
  EXPECT_EQ(count("E$g"), 3);
  EXPECT_EQ(count("KEA"), 6);
  EXPECT_EQ(count("KEAn"), 8);
}

TEST_F(Subscriptions, ResetAndUnsubscribeEndThem) {
  TestClient& client = server.Connect();
  client.RunAll({{"SUBSCRIBE", "a", "b"}, {"PSUBSCRIBE", "p"}, {"SSUBSCRIBE", "s"}});
  EXPECT_EQ(client.session().subscriptions.count(), 4u);
  client.Run({"UNSUBSCRIBE"});
  EXPECT_EQ(client.session().subscriptions.count(), 2u);
  client.Run({"RESET"});
  EXPECT_FALSE(client.session().subscribed());
  EXPECT_EQ(sender.RunAll({{"PUBLISH", "p", "x"}, {"SPUBLISH", "s", "x"}}), ":0\r\n:0\r\n");
  EXPECT_EQ(client.Run({"GET", "k"}), "$-1\r\n");
}

}  // namespace
}  // namespace tideway::test
