// Writes that go out before anything was read: what they found is told all the same, and each is
// applied once whatever is lost on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/backend/support/tidb_node.h"
#include "tests/support/shared_tidb.h"
#include "tests/support/sql_client.h"
#include "tests/support/sql_proxy.h"

namespace tideway::backend {
namespace {

using test::TidbNode;
using testing::ElementsAre;
using testing_support::SqlClient;
using testing_support::SqlProxy;
using Lose = SqlProxy::Lose;
using Kind = BlindWrite::Kind;

class BlindWrites : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = testing_support::SharedTidb(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    database_ = testing_support::FreshDatabase();
    ASSERT_TRUE(test::MakeTables(server_->port(), database_));
    proxy_ = std::make_unique<SqlProxy>(server_->port());
    node_ = std::make_unique<TidbNode>(
        TidbNode::Options{.port = proxy_->port(), .database = database_});
    other_ = std::make_unique<TidbNode>(
        TidbNode::Options{.port = server_->port(), .database = database_});
    sql_ = std::make_unique<SqlClient>(server_->port(), database_);
    ASSERT_EQ(node_->Get("nothing"), "-");  // it is connected
  }
  // As SET key value [NX] [PX ttl] does; tells whether it was set.
  bool Put(Kind kind, const std::string& key, const std::string& value, int64_t ttl_ms = 0) {
    bool set = false;
    node_->driver().set_blind({{kind, 0, key, value, ttl_ms}});
    outcome_ = node_->Run({key}, [&](View& view) {
      Key at = view.OpenWrite(key);
      set = kind == Kind::kPut || !at.exists();
      if (!set) return;
      at.SetString(value,
                   ttl_ms == 0 ? ExpiryChange::Clear() : ExpiryChange::At(view.now_ms() + ttl_ms));
      view.Note(Event::kSet, at);
    });
    EXPECT_EQ(outcome_, Outcome::kCommitted) << node_->driver().detail();
    return set;
  }
  // As DEL key does; tells whether it was there.
  bool Erase(const std::string& key) {
    bool there = false;
    node_->driver().set_blind({{Kind::kErase, 0, key, {}}});
    outcome_ = node_->Run({key}, [&](View& view) {
      Key at = view.OpenWrite(key);
      there = at.exists();
      if (!there) return;
      at.Erase();
      view.Note(Event::kDel, 0, key);
    });
    EXPECT_EQ(outcome_, Outcome::kCommitted) << node_->driver().detail();
    return there;
  }
  std::string Events(const std::string& key) {
    return sql_->Value("SELECT events FROM tw_keys WHERE k='" + key + "'");
  }

  testing_support::TidbServer* server_ = nullptr;
  std::string database_;
  std::unique_ptr<SqlProxy> proxy_;
  std::unique_ptr<TidbNode> node_;
  std::unique_ptr<TidbNode> other_;
  std::unique_ptr<SqlClient> sql_;
  Outcome outcome_ = Outcome::kCommitted;
};

TEST_F(BlindWrites, TellWhatTheyFound) {
  EXPECT_TRUE(Put(Kind::kPut, "k", "1"));
  EXPECT_EQ(other_->Get("k"), "1");
  EXPECT_FALSE(Put(Kind::kPutIfAbsent, "k", "2"));
  EXPECT_EQ(other_->Get("k"), "1");
  EXPECT_TRUE(Erase("k"));
  EXPECT_EQ(Events("k"), "del");
  EXPECT_FALSE(Erase("k"));
  EXPECT_TRUE(Put(Kind::kPutIfAbsent, "k", "3", 60'000));
  EXPECT_EQ(other_->Get("k"), "3");
  EXPECT_EQ(Events("k"), "set,expire");
}

TEST_F(BlindWrites, GoInOneRoundTrip) {
  // What is there matters to a lock, and not to a plain SET.
  proxy_->LoseNext("BEGIN OPTIMISTIC;UPDATE tw_keys SET type=", Lose::kAnswer);
  Put(Kind::kPut, "k", "1");
  EXPECT_EQ(proxy_->lost(), 1) << "it did not go blind";
  proxy_->LoseNext("BEGIN OPTIMISTIC;SELECT db,k,type,expire_at,rev,incarnation FROM",
                   Lose::kAnswer);
  Put(Kind::kPutIfAbsent, "lock", "1");
  EXPECT_EQ(proxy_->lost(), 2) << "it did not go blind";
}

TEST_F(BlindWrites, OverADueKeyTellThatItExpired) {
  other_->Set("k", "old", 1);
  other_->Set("gone", "old", 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(Put(Kind::kPutIfAbsent, "k", "new"));
  EXPECT_THAT(node_->driver().events(), testing::Contains("expired 0 k"));
  EXPECT_EQ(Events("k"), "expired,set");
  EXPECT_FALSE(Erase("gone"));
}

TEST_F(BlindWrites, OfAnyValueTellThatADueKeyExpired) {
  other_->Set("due", "old", 1);
  other_->Set("alive", "old", 60'000);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(Put(Kind::kPut, "due", "new", 60'000));
  EXPECT_THAT(node_->driver().events(), testing::Contains("expired 0 due"));
  EXPECT_EQ(Events("due"), "expired,set,expire");
  EXPECT_TRUE(Put(Kind::kPut, "alive", "new"));
  EXPECT_TRUE(Put(Kind::kPut, "alive", "newer", 60'000));
  EXPECT_TRUE(Put(Kind::kPut, "alive", "newest"));
  EXPECT_THAT(node_->driver().events(), testing::Not(testing::Contains("expired 0 alive")));
}

TEST_F(BlindWrites, TellOfEachKeyThatWasDueAlsoWhenTheAnswerIsLost) {
  for (const bool lost : {false, true}) {
    for (const char* key : {"a", "b,c", "d"}) other_->Set(key, "old", key[0] == 'd' ? 60'000 : 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (lost) proxy_->LoseNext("COMMIT", Lose::kAnswer);
    node_->driver().set_blind({{Kind::kPut, 0, "a", "1"},
                               {Kind::kPut, 0, "b,c", "1"},
                               {Kind::kPut, 0, "d", "1"},
                               {Kind::kPut, 0, "e", "1"}});
    node_->Run({"a", "b,c", "d", "e"}, [&](View& view) {
      for (const char* key : {"a", "b,c", "d", "e"}) {
        view.OpenWrite(key).SetString("1", ExpiryChange::Clear());
      }
    });
    // (`new` is told of all: who wants that does not go blind.)
    std::vector<std::string> expired = node_->driver().events();
    std::erase_if(expired, [](const std::string& event) { return event.starts_with("new "); });
    EXPECT_THAT(expired, testing::UnorderedElementsAre("expired 0 a", "expired 0 b,c")) << lost;
  }
  EXPECT_EQ(proxy_->lost(), 1);
}

TEST_F(BlindWrites, OfLocksAndDeletesTellThatAKeyExpiredAlsoWhenTheAnswerIsLost) {
  other_->Set("lock", "old", 1);
  other_->Set("gone", "old", 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  EXPECT_TRUE(Put(Kind::kPutIfAbsent, "lock", "new"));
  EXPECT_THAT(node_->driver().events(), testing::Contains("expired 0 lock"));
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  EXPECT_FALSE(Erase("gone"));
  EXPECT_THAT(node_->driver().events(), testing::Contains("expired 0 gone"));
  EXPECT_EQ(proxy_->lost(), 2);
}

TEST_F(BlindWrites, AreAppliedOnceWhateverIsLost) {
  for (const Lose lose : {Lose::kRequest, Lose::kAnswer, Lose::kContact}) {
    proxy_->LoseNext("COMMIT", lose);
    EXPECT_TRUE(Put(Kind::kPut, "k", "mine"));
    // Somebody else's later write stays.
    EXPECT_EQ(other_->Set("k", "theirs"), Outcome::kCommitted);
    if (lose == Lose::kContact) proxy_->DeliverLate();
    EXPECT_EQ(other_->Get("k"), "theirs");
  }
  EXPECT_EQ(proxy_->lost(), 3);
}

TEST_F(BlindWrites, ALockWhoseAnswerIsLostIsHeldByWhoTookIt) {
  for (const Lose lose : {Lose::kRequest, Lose::kAnswer, Lose::kContact}) {
    proxy_->LoseNext("COMMIT", lose);
    EXPECT_TRUE(Put(Kind::kPutIfAbsent, "lock", "mine", 60'000));
    if (lose == Lose::kContact) proxy_->DeliverLate();
    EXPECT_EQ(other_->Get("lock"), "mine");
    EXPECT_FALSE(Put(Kind::kPutIfAbsent, "lock", "again", 60'000));
    EXPECT_TRUE(Erase("lock"));
  }
}

TEST_F(BlindWrites, ALockThatWasOverBeforeItsFateWasKnownIsNotHeld) {
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  EXPECT_FALSE(Put(Kind::kPutIfAbsent, "lock", "mine", 1));
}

// After conflicts, or beside others who want the key, it takes the way of all other writes.
TEST_F(BlindWrites, ALateLockIsNotHeldOnTheLongWayEither) {
  bool set = false;
  int runs = 0;
  const std::string value(100'000, 'v');  // too large to go blind
  proxy_->LoseNext("COMMIT", Lose::kAnswer);
  node_->driver().set_blind({{Kind::kPutIfAbsent, 0, "lock", value, 1}});
  EXPECT_EQ(node_->Run({"lock"},
                       [&](View& view) {
                         ++runs;
                         Key at = view.OpenWrite("lock");
                         set = !at.exists();
                         if (set) at.SetString(value, ExpiryChange::At(view.now_ms() + 1));
                       }),
            Outcome::kCommitted);
  EXPECT_EQ(runs, 2);
  EXPECT_FALSE(set);
}

TEST_F(BlindWrites, OfASetAreSeenTogether) {
  node_->driver().set_blind({{Kind::kPut, 0, "a", "1"}, {Kind::kPut, 0, "b", "2"}});
  EXPECT_EQ(node_->Run({"a", "b"},
                       [](View& view) {
                         view.OpenWrite("a").SetString("1", ExpiryChange::Clear());
                         view.OpenWrite("b").SetString("2", ExpiryChange::Clear());
                       }),
            Outcome::kCommitted);
  EXPECT_EQ(other_->Get("a") + other_->Get("b"), "12");
}

}  // namespace
}  // namespace tideway::backend
