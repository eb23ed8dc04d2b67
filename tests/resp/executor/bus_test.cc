// What goes to other nodes by the bus, and what comes from them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "resp/config/notify_flags.h"
#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

using cdc::Topic;
using testing::ElementsAre;
using Message = RecordingBus::Message;
using Interest = RecordingBus::Interest;

TEST(ServerOnTheBus, TellsWhatItsClientsPublish) {
  TestServer server;
  TestClient& client = server.Connect();
  client.RunAll({{"PUBLISH", "c", "m"}, {"SPUBLISH", "s", "n"}});
  EXPECT_THAT(server.bus().TakePublished(), ElementsAre(Message{Topic::kChannel, "c", "m"},
                                                        Message{Topic::kShardChannel, "s", "n"}));
}

TEST(ServerOnTheBus, TellsEventsOfWritesAndExpiryInOrder) {
  TestServer server;
  server.Set([](resp::Settings& settings) {
    settings.notify_keyspace_events =
        backend::kNotifyKeyevent | backend::kNotifyString | backend::kNotifyExpired;
  });
  server.Connect().RunAll({{"SET", "k", "v", "PX", "10"}, {"PUBLISH", "c", "m"}});
  server.clock().AdvanceMs(11);
  server.Tick();
  EXPECT_THAT(server.bus().TakePublished(), ElementsAre(Message{Topic::kChannel, "c", "m"}));
  const auto events = server.bus().TakeEvents();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].event, "set");
  EXPECT_EQ(events[0].key, "k");
  EXPECT_EQ(events[0].type, cdc::ChangedType::kString);
  EXPECT_EQ(events[0].expire_at_ms, server.clock().WallMs() - 1);
  EXPECT_NE(events[0].commit_ts, 0u);
  EXPECT_EQ(events[1].event, "expired");
  EXPECT_EQ(events[1].type, cdc::ChangedType::kNone);
}

TEST(ServerOnTheBus, TellsAMessageOfAnUndecidedBatchNever) {
  TestServer server({.settings = Always()});
  TestClient& client = server.Connect();
  server.journal().Hold();
  client.RunAll({{"SET", "k", "v"}, {"PUBLISH", "c", "m"}});
  EXPECT_THAT(server.bus().TakePublished(), ElementsAre());
  server.journal().Release();
  server.Settle();
  EXPECT_THAT(server.bus().TakePublished(), ElementsAre(Message{Topic::kChannel, "c", "m"}));
}

TEST(ServerOnTheBus, TellsTheFirstListenerOfANameAndTheLastOnesEnd) {
  TestServer server({.threads = 2});
  TestClient& first = server.Connect(0);
  TestClient& second = server.Connect(1);
  first.Run({"SUBSCRIBE", "c"});
  second.Run({"SUBSCRIBE", "c"});
  second.Run({"PSUBSCRIBE", "p*"});
  first.Run({"UNSUBSCRIBE", "c"});
  EXPECT_THAT(server.bus().TakeInterest(), ElementsAre(Interest{true, Topic::kChannel, "c"},
                                                       Interest{true, Topic::kPattern, "p*"}));
  second.Close();
  server.Settle();
  EXPECT_THAT(server.bus().TakeInterest(),
              testing::UnorderedElementsAre(Interest{false, Topic::kChannel, "c"},
                                            Interest{false, Topic::kPattern, "p*"}));
}

TEST(ServerOnTheBus, ListenersOfEveryThreadHearOtherNodesOnce) {
  TestServer server({.threads = 2});
  const std::string expected = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n";
  TestClient& first = server.Connect(0);
  TestClient& second = server.Connect(1);
  TestClient& patterns = server.Connect(1);
  TestClient& shard = server.Connect(0);
  first.Run({"SUBSCRIBE", "c"});
  second.Run({"SUBSCRIBE", "c"});
  patterns.Run({"PSUBSCRIBE", "*"});
  shard.Run({"SSUBSCRIBE", "c"});
  server.bus().Receive(Topic::kChannel, "c", "m");
  EXPECT_EQ(first.TakeAll(), expected);
  EXPECT_EQ(second.TakeAll(), expected);
  EXPECT_EQ(patterns.TakeAll(), "*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\nc\r\n$1\r\nm\r\n");
  EXPECT_EQ(shard.TakeAll(), "");
  server.bus().Receive(Topic::kShardChannel, "c", "m");
  EXPECT_EQ(shard.TakeAll(), "*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$1\r\nm\r\n");
  EXPECT_EQ(first.TakeAll(), "");
  // What came from the bus does not go back to it.
  EXPECT_THAT(server.bus().TakePublished(), ElementsAre());
}

TEST(ServerOnTheBus, ASubscribeIsAcknowledgedOnceItsInterestIsRegistered) {
  TestServer server;
  server.bus().Hold();
  TestClient& client = server.Connect();
  TestClient& sender = server.Connect();
  EXPECT_EQ(client.RunAll({{"PING"}, {"SUBSCRIBE", "a"}}), "+PONG\r\n");
  EXPECT_EQ(sender.Run({"PUBLISH", "a", "x"}), ":1\r\n");
  EXPECT_EQ(client.Run({"SUBSCRIBE", "b"}), "");
  EXPECT_EQ(client.TakeAll(), "");
  server.bus().Register();
  EXPECT_EQ(client.TakeAll(),
            "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
            "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n"
            "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n");
  EXPECT_EQ(client.Run({"PING"}), "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
}

TEST(ServerOnTheBus, RepliesAreReleasedOneAfterTheOther) {
  TestServer server;
  server.bus().Hold();
  TestClient& client = server.Connect();
  client.Send({"SUBSCRIBE", "a"});
  client.TakeAll();
  // Another client's interest in the same name waits for the same registration.
  TestClient& second = server.Connect();
  EXPECT_EQ(second.Run({"SUBSCRIBE", "a"}), "");
  server.bus().Register();
  EXPECT_EQ(client.Run({"SUBSCRIBE", "b"}), "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(second.TakeAll(), "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  EXPECT_NE(second.Run({"SUBSCRIBE", "a"}), "") << "it is registered";
  client.Close();
  server.Settle();
  server.bus().Register();
}

TEST(ServerOnTheBus, WhoListensInSeveralWaysHearsAMessageOnceForEach) {
  TestServer server;
  TestClient& client = server.Connect();
  client.RunAll({{"SUBSCRIBE", "a:b"}, {"PSUBSCRIBE", "a:*", "a:b", "*", "a:?"}});
  server.bus().Receive(Topic::kChannel, "a:b", "m");
  const std::string heard = client.TakeAll();
  size_t copies = 0;
  for (size_t at = heard.find("message"); at != std::string::npos;
       at = heard.find("message", at + 1)) {
    ++copies;
  }
  EXPECT_EQ(copies, 5u) << heard;
}

TEST(ServerOnTheBus, EventsOfOtherNodesAreToldAsTheFlagsHereSay) {
  TestServer server;
  TestClient& client = server.Connect();
  client.RunAll({{"SUBSCRIBE", "__keyspace@0__:k"}, {"PSUBSCRIBE", "__keyevent@*__:hset"}});
  cdc::ChangeEvent event;
  event.key = "k";
  event.event = "hset";
  server.bus().Receive(event);
  EXPECT_EQ(client.TakeAll(), "") << "no flags";
  server.Set([](resp::Settings& settings) {
    settings.notify_keyspace_events = *resp::ParseNotifyFlags("KEA");
  });
  server.bus().Receive(event);
  // By two subscriptions: in either order.
  const std::string heard = client.TakeAll();
  const std::string keyspace = "*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:k\r\n$4\r\nhset\r\n";
  const std::string keyevent =
      "*4\r\n$8\r\npmessage\r\n$19\r\n__keyevent@*__:hset\r\n"
      "$19\r\n__keyevent@0__:hset\r\n$1\r\nk\r\n";
  EXPECT_TRUE(heard == keyspace + keyevent || heard == keyevent + keyspace) << heard;
  event.event = "zadd";  // of a newer node
  server.bus().Receive(event);
  EXPECT_THAT(client.TakeAll(), testing::HasSubstr("zadd"));
  server.Set([](resp::Settings& settings) {
    settings.notify_keyspace_events = *resp::ParseNotifyFlags("Kg");
  });
  server.bus().Receive(event);
  EXPECT_EQ(client.TakeAll(), "");
}

TEST(ServerOnTheBus, PubsubCountsAllNodes) {
  TestServer server;
  server.Connect().RunAll({{"SUBSCRIBE", "a", "b"}, {"PSUBSCRIBE", "p*"}});
  TestClient& client = server.Connect();
  server.bus().set_answers({{{"a", "c"}, {5, 1}}, {{}, {1, 0}}});
  EXPECT_EQ(client.Run({"PUBSUB", "NUMSUB", "a", "z"}), "*4\r\n$1\r\na\r\n:7\r\n$1\r\nz\r\n:1\r\n");
  EXPECT_EQ(client.Run({"PUBSUB", "CHANNELS"}), "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n");
  EXPECT_EQ(client.Run({"PUBSUB", "NUMPAT"}), ":3\r\n");
  EXPECT_EQ(client.RunAll({{"PUBSUB", "NUMPAT"}, {"PING"}}), ":3\r\n+PONG\r\n");
  EXPECT_EQ(client.RunAll({{"MULTI"}, {"PUBSUB", "NUMPAT"}, {"EXEC"}}),
            "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n")
      << "inside an EXEC nobody else can be asked";
  EXPECT_EQ(client.RunAll({{"CLIENT", "REPLY", "SKIP"}, {"PUBSUB", "NUMPAT"}, {"PING"}}),
            "+PONG\r\n");
}

TEST(ServerOnTheBus, AMessageThatTheBusCannotCarryIsRefused) {
  TestServer server;
  TestClient& client = server.Connect();
  server.bus().set_refusal("ERR too large");
  EXPECT_EQ(client.Run({"PUBLISH", "c", "m"}), "-ERR too large\r\n");
  EXPECT_THAT(server.bus().TakePublished(), ElementsAre());
}

}  // namespace
}  // namespace tideway::test
