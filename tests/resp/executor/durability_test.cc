// `appendfsync always`: nothing leaves the server that a crash could still take back.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "backend/data/key_hash.h"
#include "backend/data/keyspace.h"
#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

constexpr char kOk[] = "+OK\r\n";

class Durability : public testing::Test {
 protected:
  Durability() {
    server.Set([](resp::Settings& settings) { settings.notify_keyspace_events = ~0u; });
  }

  TestServer server{{.settings = Always()}};
  TestClient& client = server.Connect();
};

TEST_F(Durability, AReplyWaitsUntilTheWriteIsDurable) {
  server.journal().Hold();
  EXPECT_EQ(client.Run({"SET", "k", "v"}), "");
  server.journal().ReleaseUpTo(1);
  EXPECT_EQ(client.TakeAll(), kOk);
}

TEST_F(Durability, OtherPoliciesDoNotWait) {
  for (const auto policy : {resp::AppendFsync::kEverySec, resp::AppendFsync::kNo}) {
    server.Set([&](resp::Settings& settings) { settings.appendfsync = policy; });
    server.journal().Hold();
    EXPECT_EQ(client.Run({"SET", "k", "v"}), kOk);
    server.journal().Release();
  }
}

TEST_F(Durability, NobodyReadsANeighboursWriteBeforeItIsDurable) {
  TestClient& neighbour = server.Connect();
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  EXPECT_EQ(neighbour.Run({"GET", "k"}), "");
  server.journal().ReleaseUpTo(1);
  EXPECT_EQ(neighbour.TakeAll(), "$1\r\nv\r\n");
}

TEST_F(Durability, AReadOfAllKeysWaitsForAnyKey) {
  TestClient& neighbour = server.Connect();
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  EXPECT_EQ(neighbour.Run({"DBSIZE"}), "");
  server.journal().Release();
  EXPECT_EQ(neighbour.TakeAll(), ":1\r\n");
}

TEST_F(Durability, AReadOfAnUntouchedKeyDoesNotWait) {
  TestClient& neighbour = server.Connect();
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  // Keys of one stripe wait for each other, and the hash has another seed in each run.
  const auto stripe_of = [](std::string_view key) {
    return backend::Keyspace::StripeOf(backend::KeyHash(key));
  };
  std::string other = "another key";
  while (stripe_of(other) == stripe_of("k")) other += '+';
  EXPECT_EQ(neighbour.Run({"GET", other}), "$-1\r\n");
}

TEST_F(Durability, AWriteThatChangesNothingWaitsForWhatItSaw) {
  TestClient& neighbour = server.Connect();
  server.journal().Hold();
  client.Run({"SET", "lock", "1"});
  // The answer tells that the lock is taken, which a crash could still undo.
  EXPECT_EQ(neighbour.Run({"SET", "lock", "2", "NX"}), "");
  server.journal().Release();
  EXPECT_EQ(neighbour.TakeAll(), "$-1\r\n");
}

TEST_F(Durability, AWriteAndAReadThatDependOnItEndTogether) {
  TestClient& neighbour = server.Connect();
  server.journal().Hold();
  client.Run({"SET", "a", "1"});
  EXPECT_EQ(neighbour.RunAll({{"GET", "a"}, {"SET", "b", "1"}}), "");
  server.journal().ReleaseUpTo(1);
  EXPECT_EQ(client.TakeAll(), kOk);
  EXPECT_EQ(neighbour.TakeAll(), "") << "its own write is ticket 2";
  server.journal().ReleaseUpTo(2);
  EXPECT_EQ(neighbour.TakeAll(), "$1\r\n1\r\n+OK\r\n");
}

TEST_F(Durability, AnEventWaitsForItsWrite) {
  TestClient& listener = server.Connect();
  listener.Run({"SUBSCRIBE", "__keyevent@0__:set"});
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  EXPECT_EQ(listener.TakeAll(), "");
  server.journal().Release();
  EXPECT_EQ(listener.TakeAll(), "*3\r\n$7\r\nmessage\r\n$18\r\n__keyevent@0__:set\r\n$1\r\nk\r\n");
}

TEST_F(Durability, AMessageWaitsForTheWritesBeforeItInItsPipeline) {
  TestClient& listener = server.Connect();
  listener.Run({"SUBSCRIBE", "news"});
  server.journal().Hold();
  EXPECT_EQ(client.RunAll({{"SET", "k", "v"}, {"PUBLISH", "news", "k is v"}}), "");
  EXPECT_EQ(listener.TakeAll(), "");
  server.journal().Release();
  EXPECT_EQ(client.TakeAll(), "+OK\r\n:1\r\n");
  EXPECT_EQ(listener.TakeAll(), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$6\r\nk is v\r\n");
}

TEST_F(Durability, APlainMessageDoesNotWaitForOthers) {
  TestClient& listener = server.Connect();
  listener.Run({"SUBSCRIBE", "news"});
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  EXPECT_EQ(server.Connect().Run({"PUBLISH", "news", "x"}), ":1\r\n");
  EXPECT_EQ(listener.TakeAll(), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n");
}

TEST_F(Durability, RepliesOfAPipelineKeepTheirOrderOverPendingBatches) {
  server.journal().Hold();
  // SELECT ends the batch: three batches, of which only the first and the last write.
  EXPECT_EQ(client.RunAll({{"SET", "k", "v"}, {"SELECT", "1"}, {"INCR", "n"}, {"PING"}}), "");
  server.journal().ReleaseUpTo(1);
  EXPECT_EQ(client.TakeAll(), "+OK\r\n+OK\r\n") << "INCR waits for ticket 2";
  server.journal().ReleaseUpTo(2);
  EXPECT_EQ(client.TakeAll(), ":1\r\n+PONG\r\n");
}

TEST_F(Durability, InputThatComesWhileABatchWaitsRunsAfterIt) {
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  EXPECT_EQ(client.session().suspension, resp::Suspension::kInFlight);
  EXPECT_EQ(client.Run({"PING"}), "");
  server.journal().Release();
  EXPECT_EQ(client.TakeAll(), "+OK\r\n+PONG\r\n");
  EXPECT_EQ(client.session().suspension, resp::Suspension::kNone);
}

TEST_F(Durability, AClientThatLeavesDoesNotTakeItsEventsAlong) {
  TestClient& listener = server.Connect();
  listener.Run({"SUBSCRIBE", "__keyevent@0__:set"});
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  client.Close();
  server.Settle();
  EXPECT_TRUE(client.closed());
  server.journal().Release();
  EXPECT_NE(listener.TakeAll(), "");
  EXPECT_EQ(server.Connect().Run({"GET", "k"}), "$1\r\nv\r\n");
}

TEST_F(Durability, BatchesOfSeveralClientsEndInTheOrderOfTheirTickets) {
  TestClient& other = server.Connect();
  server.journal().Hold();
  client.Run({"SET", "a", "1"});
  other.Run({"SET", "b", "1"});
  server.journal().ReleaseUpTo(1);
  EXPECT_EQ(client.TakeAll(), kOk);
  EXPECT_EQ(other.TakeAll(), "");
  server.journal().ReleaseUpTo(2);
  EXPECT_EQ(other.TakeAll(), kOk);
}

TEST_F(Durability, ABatchOfAnotherThreadIsToldOnItsOwnThread) {
  TestServer two({.settings = Always(), .threads = 2});
  TestClient& first = two.Connect(0);
  TestClient& second = two.Connect(1);
  two.journal().Hold();
  first.Run({"SET", "k", "v"});
  EXPECT_EQ(second.Run({"GET", "k"}), "");
  two.journal().Release();
  EXPECT_EQ(second.TakeAll(), "$1\r\nv\r\n");
  EXPECT_EQ(first.TakeAll(), kOk);
}

TEST_F(Durability, InfoTellsHowTheLastCheckpointEnded) {
  const auto info_after_bgsave = [&] {
    EXPECT_EQ(client.Run({"BGSAVE"}), "+Background saving started\r\n");
    std::string info;
    do {
      info = client.Run({"INFO", "persistence"});
    } while (info.find("rdb_bgsave_in_progress:1") != std::string::npos);
    return info;
  };
  const auto has = [](const std::string& info, const std::string& line) {
    return info.find(line + "\r\n") != std::string::npos;
  };
  EXPECT_TRUE(has(client.Run({"INFO", "persistence"}), "rdb_last_bgsave_time_sec:-1"));
  client.Run({"SET", "k", "v"});
  server.journal().FailCheckpointsAfter(0);
  const std::string failed = info_after_bgsave();
  EXPECT_TRUE(has(failed, "rdb_last_bgsave_status:err")) << failed;
  EXPECT_TRUE(has(failed, "aof_last_bgrewrite_status:err"));
  server.journal().FailCheckpointsAfter(-1);
  const std::string succeeded = info_after_bgsave();
  EXPECT_TRUE(has(succeeded, "rdb_last_bgsave_status:ok")) << succeeded;
  EXPECT_TRUE(has(succeeded, "aof_last_bgrewrite_status:ok"));
  EXPECT_TRUE(has(succeeded, "rdb_last_bgsave_time_sec:0"));
}

// --- a failing disk

constexpr int64_t kUndecidedAfterMs = 1000;

TEST_F(Durability, WritesAreRefusedAndReadsGoOnWhileTheDiskFails) {
  client.Run({"SET", "k", "v"});
  server.journal().Fail("No space left on device");
  EXPECT_EQ(client.Run({"SET", "k", "w"}),
            "-MISCONF Errors writing to the AOF file: No space left on device\r\n");
  EXPECT_EQ(client.Run({"GET", "k"}), "$1\r\nv\r\n");
  server.journal().Heal();
  EXPECT_EQ(client.Run({"SET", "k", "w"}), kOk);
}

TEST_F(Durability, AClientWhoseWriteWaitsTooLongOnAFailingDiskIsClosed) {
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  server.journal().Fail("No space left on device");
  server.clock().AdvanceMs(kUndecidedAfterMs - 1);
  server.Tick();
  EXPECT_FALSE(client.closed());
  server.clock().AdvanceMs(1);
  server.Tick();
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(client.TakeAll(), "") << "whether the write counts is not known: no reply";
}

TEST_F(Durability, AReadThatWaitedGoesOnWhenTheDiskFails) {
  TestClient& neighbour = server.Connect();
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  EXPECT_EQ(neighbour.Run({"GET", "k"}), "");
  server.journal().Fail("No space left on device");
  server.Tick();
  EXPECT_EQ(neighbour.TakeAll(), "$1\r\nv\r\n");
}

TEST_F(Durability, AWriteThatWaitedShortlyEndsWellWhenTheDiskHeals) {
  server.journal().Hold();
  client.Run({"SET", "k", "v"});
  server.journal().Fail("No space left on device");
  server.clock().AdvanceMs(kUndecidedAfterMs / 2);
  server.Tick();
  server.journal().Heal();
  server.journal().Release();
  EXPECT_EQ(client.TakeAll(), kOk);
}

TEST_F(Durability, WhatAnUndecidedBatchHasToTellIsToldOnceItTurnsOutToCount) {
  TestClient& listener = server.Connect();
  listener.Run({"SUBSCRIBE", "__keyevent@0__:set", "news"});
  server.journal().Hold();
  client.RunAll({{"SET", "k", "v"}, {"PUBLISH", "news", "k is v"}});
  server.journal().Fail("No space left on device");
  server.clock().AdvanceMs(kUndecidedAfterMs);
  server.Tick();
  ASSERT_TRUE(client.closed());
  EXPECT_EQ(listener.TakeAll(), "");
  server.journal().Heal();
  server.journal().Release();
  EXPECT_EQ(listener.TakeAll(),
            "*3\r\n$7\r\nmessage\r\n$18\r\n__keyevent@0__:set\r\n$1\r\nk\r\n"
            "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$6\r\nk is v\r\n");
  // The next client's batch reuses what the undecided one left.
  EXPECT_EQ(server.Connect().Run({"PUBLISH", "news", "later"}), ":1\r\n");
  EXPECT_EQ(listener.TakeAll(), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nlater\r\n");
}

// --- expiry

TEST_F(Durability, AnExpiredEventWaitsUntilTheExpiryIsDurable) {
  TestClient& listener = server.Connect();
  client.Run({"SET", "k", "v", "PX", "10"});
  listener.Run({"SUBSCRIBE", "__keyevent@0__:expired"});
  server.journal().Hold();
  server.clock().AdvanceMs(11);
  server.Tick();
  EXPECT_EQ(listener.TakeAll(), "");
  server.journal().Release();
  server.Tick();
  EXPECT_NE(listener.TakeAll(), "");
}

TEST_F(Durability, EventsOfOneKeyKeepTheirOrderWhenItExpiresAndIsWrittenAgain) {
  TestClient& listener = server.Connect();
  client.Run({"SET", "k", "v", "PX", "10"});
  listener.Run({"SUBSCRIBE", "__keyspace@0__:k"});
  server.journal().Hold();
  server.clock().AdvanceMs(11);
  server.Tick();
  EXPECT_EQ(client.Run({"SET", "k", "w"}), "");
  server.journal().Release();
  EXPECT_EQ(client.TakeAll(), kOk);
  server.Tick();
  const std::string heard = listener.TakeAll();
  EXPECT_LT(heard.find("expired"), heard.find("\r\nset\r\n")) << heard;
}

TEST_F(Durability, AnExpiryThatWaitsIsToldBeforeAWriteThatNeedNotWait) {
  TestClient& listener = server.Connect();
  client.Run({"SET", "k", "v", "PX", "10"});
  listener.Run({"SUBSCRIBE", "__keyspace@0__:k"});
  server.journal().Hold();
  server.clock().AdvanceMs(11);
  server.Tick();
  server.journal().Release();
  EXPECT_EQ(client.Run({"SET", "k", "w"}), kOk);
  server.Tick();
  const std::string heard = listener.TakeAll();
  EXPECT_LT(heard.find("expired"), heard.find("\r\nset\r\n")) << heard;
}

}  // namespace
}  // namespace tideway::test
