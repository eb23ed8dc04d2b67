// Keys of all nodes are expired by one of them, told once, and by another when that one is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "tests/backend/support/tidb_node.h"
#include "tests/support/shared_tidb.h"
#include "tests/support/sql_client.h"

namespace tideway::backend {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::BatchDriver;
using test::TidbNode;
using testing_support::SqlClient;

class Expiry : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = testing_support::SharedTidb(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    options_ = {.port = server_->port(), .database = testing_support::FreshDatabase()};
    ASSERT_TRUE(test::MakeTables(options_.port, options_.database));
    a_ = std::make_unique<TidbNode>(options_);
    b_ = std::make_unique<TidbNode>(options_);
    // One of them has the duty from now on.
    for (int i = 0; i < 100; ++i) WorkBoth();
  }
  void WorkBoth() {
    a_->Work();
    b_->Work();
  }
  size_t Told() const { return a_->told().size() + b_->told().size(); }
  // How long it took.
  milliseconds WorkUntilTold(size_t keys, milliseconds limit = milliseconds(30'000)) {
    const auto begin = steady_clock::now();
    while (Told() < keys && steady_clock::now() - begin < limit) WorkBoth();
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  }

  testing_support::TidbServer* server_ = nullptr;
  TidbNode::Options options_;
  std::unique_ptr<TidbNode> a_;
  std::unique_ptr<TidbNode> b_;
};

TEST_F(Expiry, EachOfManyKeysThatAreDueAtOnceIsToldOnceByOneNode) {
  constexpr size_t kKeys = 10'000;
  std::set<std::string> expected;
  BatchDriver::Keys keys;
  for (size_t i = 0; i < kKeys; ++i) {
    keys.push_back("key " + std::to_string(i));
    expected.insert("expired 0 " + keys.back());
  }
  ASSERT_EQ(b_->Run(keys,
                    [&](View& view) {
                      for (const std::string& key : keys)
                        view.OpenWrite(key).SetString("v", ExpiryChange::At(view.now_ms() + 500));
                    }),
            Outcome::kCommitted)
      << b_->driver().detail();
  std::this_thread::sleep_for(milliseconds(520));
  EXPECT_EQ(a_->Get("key 77"), "-") << "absent at once, whenever it is told";
  WorkUntilTold(kKeys - 1);
  for (int i = 0; i < 100; ++i) WorkBoth();  // would a second one come?
  std::multiset<std::string> told(a_->told().begin(), a_->told().end());
  told.insert(b_->told().begin(), b_->told().end());
  told.insert("expired 0 key 77");  // perhaps told by the batch that read it
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()), expected);
  EXPECT_LE(told.size(), kKeys + 1);
  EXPECT_TRUE(a_->told().empty() || b_->told().empty());
}

TEST_F(Expiry, ADueKeyIsToldWithinASecond) {
  a_->Set("k", "v", 100);
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_LT(WorkUntilTold(1), milliseconds(1500));
  SqlClient sql(server_->port(), options_.database);
  EXPECT_EQ(sql.Value("SELECT CONCAT(type,events) FROM tw_keys WHERE k='k'"), "0expired");
}

TEST_F(Expiry, AKeyThatWasWrittenAgainIsNotExpired) {
  a_->Set("k", "v", 100);
  b_->Set("k", "w");
  EXPECT_EQ(Told(), 0u);
  WorkUntilTold(1, milliseconds(700));
  EXPECT_EQ(Told(), 0u);
  EXPECT_EQ(a_->Get("k"), "w");
}

TEST_F(Expiry, AnotherNodeTakesOverWhenTheOneOnDutyDies) {
  a_->Set("first", "v", 1);
  WorkUntilTold(1);
  auto& dead = a_->told().empty() ? b_ : a_;
  auto& alive = a_->told().empty() ? a_ : b_;
  // As a kill would: it says no goodbye.
  dead.reset();
  alive->Set("second", "v", 1);
  const auto begin = steady_clock::now();
  while (alive->told().empty() && steady_clock::now() - begin < milliseconds(20'000)) {
    alive->Work();
  }
  EXPECT_THAT(alive->told(), testing::ElementsAre("expired 0 second"));
  EXPECT_LT(steady_clock::now() - begin, milliseconds(10'000));
}

}  // namespace
}  // namespace tideway::backend
