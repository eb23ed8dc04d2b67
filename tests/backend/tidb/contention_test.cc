// Several nodes over one database: what happens between one's load and its commit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/backend/support/tidb_node.h"
#include "tests/support/shared_tidb.h"
#include "tests/support/sql_client.h"

namespace tideway::backend {
namespace {

using test::TidbNode;
using testing_support::SqlClient;

class Contention : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = testing_support::SharedTidb(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    options_ = {.port = server_->port(), .database = testing_support::FreshDatabase()};
    ASSERT_TRUE(test::MakeTables(options_.port, options_.database));
    a_ = std::make_unique<TidbNode>(options_);
    b_ = std::make_unique<TidbNode>(options_);
  }

  testing_support::TidbServer* server_ = nullptr;
  TidbNode::Options options_;
  std::unique_ptr<TidbNode> a_;
  std::unique_ptr<TidbNode> b_;
};

// Adds one, and lets somebody else do something after the first load.
Outcome AddAround(TidbNode& node, const std::string& key, const std::function<void()>& meanwhile) {
  bool first = true;
  return node.Run({key}, [&](View& view) {
    if (std::exchange(first, false)) meanwhile();
    Key at = view.OpenWrite(key);
    const int old = at.exists() ? std::stoi(std::string(at.String())) : 0;
    at.SetString(std::to_string(old + 1), ExpiryChange::Keep());
  });
}

TEST_F(Contention, AWriteInBetweenMakesTheBatchRunAgain) {
  a_->Set("k", "5");
  EXPECT_EQ(AddAround(*a_, "k", [&] { b_->Add("k"); }), Outcome::kCommitted);
  EXPECT_EQ(a_->attempts(), 2);
  EXPECT_EQ(b_->Get("k"), "7");
}

TEST_F(Contention, AKeyMadeInBetweenIsSeen) {
  EXPECT_EQ(AddAround(*a_, "k", [&] { b_->Set("k", "10"); }), Outcome::kCommitted);
  EXPECT_EQ(b_->Get("k"), "11");
}

TEST_F(Contention, AKeyDeletedInBetweenIsAbsent) {
  a_->Set("k", "10");
  EXPECT_EQ(AddAround(*a_, "k", [&] { b_->Erase("k"); }), Outcome::kCommitted);
  EXPECT_EQ(b_->Get("k"), "1");
}

TEST_F(Contention, AKeyThatWasDeletedAndMadeAgainIsAConflictToo) {
  a_->Set("k", "10");
  EXPECT_EQ(AddAround(*a_, "k",
                      [&] {
                        b_->Erase("k");
                        b_->Set("k", "10");
                      }),
            Outcome::kCommitted);
  EXPECT_EQ(a_->attempts(), 2);
}

// Snapshots alone would let both commit: each reads what the other writes.
TEST_F(Contention, CrossedBatchesDoNotBothCommitOnWhatTheyRead) {
  a_->driver().set_together(true);
  b_->driver().set_together(true);
  const auto write_if_other_is_absent = [](View& view, const std::string& own,
                                           const std::string& other) {
    if (!view.OpenRead(other).exists())
      view.OpenWrite(own).SetString("here", ExpiryChange::Clear());
  };
  bool first = true;
  a_->Run({"x", "y"}, [&](View& view) {
    if (std::exchange(first, false)) {
      b_->Run({"x", "y"}, [&](View& inner) { write_if_other_is_absent(inner, "y", "x"); });
    }
    write_if_other_is_absent(view, "x", "y");
  });
  EXPECT_EQ(a_->attempts(), 2);
  EXPECT_EQ(a_->Get("y"), "here");
  EXPECT_EQ(a_->Get("x"), "-");
}

// WATCH w, MULTI, SET x, EXEC: only x is written, w must be as it was.
TEST_F(Contention, AWatchedKeyThatChangesInBetweenIsSeen) {
  a_->Set("w", "1");
  a_->driver().set_together(true);
  a_->driver().set_wants_revisions(true);
  uint64_t watched = 0;
  a_->Run({"w"}, [&](View& view) { watched = view.WatchRevision(0, "w"); });
  bool first = true;
  bool broken = false;
  a_->Run({"w", "x"}, [&](View& view) {
    if (std::exchange(first, false)) b_->Set("w", "2");
    broken = view.CurrentRevision(0, "w") != watched;
    if (!broken) view.OpenWrite("x").SetString("v", ExpiryChange::Clear());
  });
  EXPECT_TRUE(broken);
  EXPECT_EQ(a_->Get("x"), "-");
}

TEST_F(Contention, AWatchSeesAKeyThatCameAndWentAgain) {
  a_->driver().set_wants_revisions(true);
  uint64_t watched = 0;
  a_->Run({"w"}, [&](View& view) { watched = view.WatchRevision(0, "w"); });
  b_->Set("w", "v");
  b_->Erase("w");
  a_->Run({"w"}, [&](View& view) { EXPECT_NE(view.CurrentRevision(0, "w"), watched); });
}

TEST_F(Contention, AWatchSeesAKeyThatCameAndWasFlushed) {
  a_->driver().set_wants_revisions(true);
  const auto revision = [&](const std::string& key) {
    uint64_t found = 0;
    a_->Run({key}, [&](View& view) { found = view.WatchRevision(0, key); });
    return found;
  };
  const auto flush = [&] {
    b_->driver().set_ranges({{RangeRead::Kind::kFlush, 0}});
    b_->Run({}, [](View& view) { view.Flush(0); });
  };
  b_->Set("there", "v");
  const uint64_t never = revision("never");
  const uint64_t there = revision("there");
  const uint64_t came = revision("came");
  b_->Set("came", "v");
  flush();
  EXPECT_EQ(revision("never"), never);
  EXPECT_NE(revision("there"), there);
  EXPECT_NE(revision("came"), came);
  // What is absent already is not touched by a flush.
  const uint64_t gone = revision("there");
  flush();
  EXPECT_EQ(revision("there"), gone);
}

// SET NX is granted to one of all nodes.
TEST_F(Contention, OfManyWhoWantALockOneGetsIt) {
  constexpr int kNodes = 4;
  constexpr int kLocks = 15;
  std::vector<std::atomic<int>> granted(kLocks);
  std::vector<std::thread> threads;
  for (int i = 0; i < kNodes; ++i) {
    threads.emplace_back([&] {
      TidbNode node(options_);
      for (int lock = 0; lock < kLocks; ++lock) {
        const std::string key = "lock " + std::to_string(lock);
        bool mine = false;
        EXPECT_EQ(node.Run({key},
                           [&](View& view) {
                             Key at = view.OpenWrite(key);
                             mine = !at.exists();
                             if (mine) at.SetString("1", ExpiryChange::Clear());
                           }),
                  Outcome::kCommitted);
        if (mine) ++granted[static_cast<size_t>(lock)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : granted) EXPECT_EQ(count, 1);
}

TEST_F(Contention, OneHotKeyOfSeveralNodesLosesNothingAndFailsNobody) {
  constexpr int kNodes = 3;
  constexpr int kAdds = 30;
  std::vector<std::thread> threads;
  for (int i = 0; i < kNodes; ++i) {
    threads.emplace_back([&] {
      TidbNode node(options_);
      for (int j = 0; j < kAdds; ++j) EXPECT_EQ(node.Add("hot"), Outcome::kCommitted);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(a_->Get("hot"), std::to_string(kNodes * kAdds));
}

// A revision never goes back, or a WATCH could miss a write.
TEST_F(Contention, RevisionsOfAKeyGrow) {
  SqlClient sql(server_->port(), options_.database);
  uint64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    (i % 2 == 0 ? a_ : b_)->Add("k");
    const uint64_t rev = std::stoull(sql.Value("SELECT rev FROM tw_keys WHERE k='k'"));
    EXPECT_GT(rev, last);
    last = rev;
  }
}

// --- what other nodes and readers of the feed find in a row

TEST_F(Contention, ARowTellsTheEventsOfItsWrite) {
  SqlClient sql(server_->port(), options_.database);
  const auto events = [&] { return sql.Value("SELECT events FROM tw_keys WHERE k='k'"); };
  a_->Set("k", "1");
  EXPECT_EQ(events(), "set");
  a_->Add("k");
  EXPECT_EQ(events(), "incrby");
  a_->Erase("k");
  EXPECT_EQ(events(), "del");
  EXPECT_EQ(sql.Value("SELECT type FROM tw_keys WHERE k='k'"), "0");
}

TEST_F(Contention, AWriteOverADueKeyTellsThatItExpired) {
  a_->store().SetActiveExpire(false);
  b_->store().SetActiveExpire(false);
  a_->Set("k", "1", 50);
  std::this_thread::sleep_for(std::chrono::milliseconds(70));
  b_->Set("k", "2");
  EXPECT_THAT(b_->driver().events(), testing::ElementsAre("expired 0 k", "new 0 k", "set 0 k"));
  SqlClient sql(server_->port(), options_.database);
  EXPECT_EQ(sql.Value("SELECT events FROM tw_keys WHERE k='k'"), "expired,set");
}

}  // namespace
}  // namespace tideway::backend
