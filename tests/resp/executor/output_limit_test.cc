// client-output-buffer-limit while a reply grows, and events whose flags change on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/resp/support/test_server.h"

namespace tideway::resp {
namespace {

using test::TestClient;
using test::TestServer;
using test::Words;
using testing::HasSubstr;
using testing::Not;

void LimitOutput(TestServer& server, int64_t bytes) {
  server.Set([bytes](Settings& s) { s.normal_output.hard_bytes = bytes; });
}

TEST(OutputLimit, StopsAReplyThatGrowsBeyondIt) {
  TestServer server;
  LimitOutput(server, 100'000);
  TestClient& client = server.Connect();
  client.Run({"HSET", "h", "f", "v"});
  client.Run({"SADD", "s", "m"});
  EXPECT_EQ(client.Run({"HRANDFIELD", "h", "-999999999"}), "");
  EXPECT_TRUE(client.closed());
  TestClient& other = server.Connect();
  EXPECT_EQ(other.Run({"SRANDMEMBER", "s", "-999999999"}), "");
  EXPECT_TRUE(other.closed());
  EXPECT_EQ(server.context().counters.output_limit_disconnections.load(), 2u);
}

TEST(OutputLimit, CountsTheRepliesOfOnePipelineAndRunsNoneBehindThem) {
  TestServer server;
  LimitOutput(server, 100'000);
  TestClient& client = server.Connect();
  client.Run({"SET", "big", std::string(30'000, 'x')});
  EXPECT_EQ(client.RunAll({{"GET", "big"}, {"GET", "big"}, {"GET", "big"}}).size(), 3 * 30'010u);
  EXPECT_EQ(
      client.RunAll(
          {{"GET", "big"}, {"GET", "big"}, {"GET", "big"}, {"GET", "big"}, {"SET", "behind", "1"}}),
      "");
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(server.Connect().Run({"EXISTS", "behind"}), ":0\r\n");
}

TEST(OutputLimit, ATransactionRunsToItsEnd) {
  TestServer server;
  LimitOutput(server, 100'000);
  TestClient& client = server.Connect();
  client.Run({"SET", "big", std::string(60'000, 'x')});
  client.RunAll({{"MULTI"}, {"GET", "big"}, {"GET", "big"}, {"SET", "behind", "1"}, {"EXEC"}});
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(server.Connect().Run({"EXISTS", "behind"}), ":1\r\n");
}

TEST(OutputLimit, AClientThatWantsNoRepliesStays) {
  TestServer server;
  LimitOutput(server, 100'000);
  TestClient& client = server.Connect();
  client.Run({"SET", "big", std::string(200'000, 'x')});
  EXPECT_EQ(client.RunAll({{"CLIENT", "REPLY", "SKIP"}, {"GET", "big"}, {"PING"}}), "+PONG\r\n");
}

class EventFlags : public testing::Test {
 protected:
  EventFlags() { listener_.Run({"PSUBSCRIBE", "__key*__:*"}); }
  std::string Heard(std::vector<Words> commands) {
    client_.RunAll(std::move(commands));
    return listener_.TakeAll();
  }
  TestServer server_;
  TestClient& listener_ = server_.Connect();
  TestClient& client_ = server_.Connect();
};

TEST_F(EventFlags, CountAsTheyWereWhenTheEventHappened) {
  client_.Run({"CONFIG", "SET", "notify-keyspace-events", "KEA"});
  const std::string heard = Heard({{"MULTI"},
                                   {"SET", "both", "1"},
                                   {"CONFIG", "SET", "notify-keyspace-events", "E$"},
                                   {"SET", "event", "1"},
                                   {"DEL", "event"},
                                   {"CONFIG", "SET", "notify-keyspace-events", ""},
                                   {"SET", "none", "1"},
                                   {"CONFIG", "SET", "notify-keyspace-events", "KA"},
                                   {"SET", "space", "1"},
                                   {"EXEC"}});
  EXPECT_THAT(heard, HasSubstr("__keyspace@0__:both"));
  EXPECT_THAT(heard, HasSubstr("__keyevent@0__:set\r\n$4\r\nboth"));
  EXPECT_THAT(heard, HasSubstr("__keyevent@0__:set\r\n$5\r\nevent"));
  EXPECT_THAT(heard, Not(HasSubstr("__keyspace@0__:event")));
  EXPECT_THAT(heard, Not(HasSubstr("__:del")));
  EXPECT_THAT(heard, Not(HasSubstr("none")));
  EXPECT_THAT(heard, HasSubstr("__keyspace@0__:space"));
  EXPECT_THAT(heard, Not(HasSubstr("$5\r\nspace")));
}

TEST_F(EventFlags, TurnedOffInATransactionLeaveWhatWasBefore) {
  client_.Run({"CONFIG", "SET", "notify-keyspace-events", "KEA"});
  const std::string heard = Heard({{"MULTI"},
                                   {"SET", "before", "1"},
                                   {"CONFIG", "SET", "notify-keyspace-events", ""},
                                   {"SET", "after", "1"},
                                   {"EXEC"}});
  EXPECT_THAT(heard, HasSubstr("before"));
  EXPECT_THAT(heard, Not(HasSubstr("after")));
}

// RESP3 allows pushes between replies only, so that a client that reads the reply of EXEC never
// finds one inside it.
TEST_F(EventFlags, OwnMessagesComeBehindTheReplyOfExec) {
  client_.Run({"HELLO", "3"});
  client_.Run({"SUBSCRIBE", "ch"});
  EXPECT_EQ(client_.RunAll({{"MULTI"}, {"PUBLISH", "ch", "m"}, {"GET", "none"}, {"EXEC"}}),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n_\r\n"
            ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\nm\r\n");
}

}  // namespace
}  // namespace tideway::resp
