// What goes to other nodes by the bus, and what comes from them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  EXPECT_THAT(server.bus().TakePublished(),
              ElementsAre(Message{Topic::kChannel, "__keyevent@0__:set", "k"},
                          Message{Topic::kChannel, "c", "m"},
                          Message{Topic::kChannel, "__keyevent@0__:expired", "k"}));
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

}  // namespace
}  // namespace tideway::test
