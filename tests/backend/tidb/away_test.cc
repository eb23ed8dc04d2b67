// TiDB that is not there, goes away, stands still, and comes back; tables that are not as they
// should be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "backend/tidb/address.h"
#include "backend/tidb/bootstrap.h"
#include "backend/tidb/schema.h"
#include "tests/backend/support/tidb_node.h"
#include "tests/support/shared_tidb.h"
#include "tests/support/sql_client.h"
#include "tests/support/sql_proxy.h"

#if defined(__has_feature)
#define TIDEWAY_TEST_SANITIZED __has_feature(address_sanitizer)
#else
#define TIDEWAY_TEST_SANITIZED 0
#endif

namespace tideway::backend {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::TidbNode;
using testing::HasSubstr;
using testing::StartsWith;
using testing_support::SqlClient;
using testing_support::SqlProxy;
using testing_support::TidbServer;

TidbAddress AddressOf(uint16_t port, const std::string& database) {
  return ParseTidbAddress("tidb://root@127.0.0.1:" + std::to_string(port) + "/" + database).value();
}

class Tables : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = testing_support::SharedTidb(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    database_ = testing_support::FreshDatabase();
  }
  Status Bootstrap() const {
    return BootstrapTidb(AddressOf(server_->port(), database_), [] { return true; });
  }

  TidbServer* server_ = nullptr;
  std::string database_;
};

TEST_F(Tables, TenNodesMayStartAtOnce) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&] { ready += Bootstrap().ok() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ready, 10);
  SqlClient sql(server_->port(), database_);
  EXPECT_EQ(sql.Value("SELECT version FROM tw_schema"), std::to_string(SchemaVersion()));
  TidbNode node({.port = server_->port(), .database = database_});
  EXPECT_EQ(node.Set("k", "v"), Outcome::kCommitted);
}

TEST_F(Tables, WhatIsThereStays) {
  ASSERT_TRUE(Bootstrap().ok());
  TidbNode node({.port = server_->port(), .database = database_});
  node.Set("k", "v");
  ASSERT_TRUE(Bootstrap().ok());
  EXPECT_EQ(node.Get("k"), "v");
}

TEST_F(Tables, ThoseOfANewerProgramAreRefused) {
  ASSERT_TRUE(Bootstrap().ok());
  SqlClient sql(server_->port(), database_);
  sql.Run("UPDATE tw_schema SET version=" + std::to_string(SchemaVersion() + 1));
  const Status status = Bootstrap();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::kUnsupported);
  EXPECT_THAT(status.error().detail, HasSubstr("newer"));
}

TEST_F(Tables, AWrongPasswordIsToldAtOnce) {
  TidbAddress address = AddressOf(server_->port(), database_);
  address.password = "not the one";
  const Status status = BootstrapTidb(address, [] { return true; });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(status.error().detail, testing::Not(HasSubstr("not the one")));
}

TEST_F(Tables, AStartWaitsForTheDatabaseUntilToldToStop) {
  SqlProxy proxy(server_->port());
  proxy.GoAway();
  int asked = 0;
  const Status stopped =
      BootstrapTidb(AddressOf(proxy.port(), database_), [&] { return ++asked < 4; });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Errc::kUnavailable);
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(500));
    proxy.ComeBack();
  });
  EXPECT_TRUE(BootstrapTidb(AddressOf(proxy.port(), database_), [] { return true; }).ok());
  later.join();
}

class Away : public testing::Test {
 protected:
  static constexpr int64_t kTimeoutMs = 600;
  // What a busy machine adds to it; and a sanitizer, which makes everything a few times slower.
  static constexpr bool kSanitized = TIDEWAY_TEST_SANITIZED;
  static constexpr milliseconds kLateAllowed{kSanitized ? 4'000 : 1'500};
  static constexpr milliseconds kRecoveryAllowed{kSanitized ? 10'000 : 3'000};

  void SetUp() override {
    std::string why;
    server_ = TidbServer::Start(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    ASSERT_TRUE(test::MakeTables(server_->port(), "test"));
    node_ = std::make_unique<TidbNode>(TidbNode::Options{.port = server_->port(),
                                                         .database = "test",
                                                         .backend_timeout_ms = kTimeoutMs,
                                                         .connections = 2});
    Recover();
    ASSERT_EQ(node_->Set("k", "1"), Outcome::kCommitted);
  }
  // How long it takes until a write goes through.
  milliseconds Recover() {
    const auto begin = steady_clock::now();
    while (node_->Set("probe", "v") != Outcome::kCommitted) {
      if (steady_clock::now() - begin > std::chrono::seconds(30)) break;
    }
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  }
  // The outcome of a read or an INCR, which must come in time.
  Outcome InTime(const std::function<Outcome()>& run) {
    const auto begin = steady_clock::now();
    const Outcome outcome = run();
    EXPECT_LT(steady_clock::now() - begin, milliseconds(kTimeoutMs) + kLateAllowed);
    return outcome;
  }

  std::unique_ptr<TidbServer> server_;
  std::unique_ptr<TidbNode> node_;
};

TEST_F(Away, WhileItIsAwayClientsAreToldToTryAgainAndItComesBackByItself) {
  server_->Kill();
  EXPECT_EQ(InTime([&] { return node_->Add("k"); }), Outcome::kNotApplied);
  EXPECT_THAT(node_->driver().detail(), StartsWith("TRYAGAIN "));
  EXPECT_EQ(InTime([&] {
              node_->Get("k");
              return node_->driver().outcome();
            }),
            Outcome::kNotApplied);
  std::this_thread::sleep_for(milliseconds(1500));  // the pauses between attempts grow
  ASSERT_TRUE(server_->Restart());
  EXPECT_LT(Recover(), kRecoveryAllowed);
  EXPECT_EQ(node_->Get("k"), "1");
}

TEST_F(Away, WhenItStandsStillNobodyWaitsLongerThanAllowed) {
  server_->Freeze();
  EXPECT_EQ(InTime([&] { return node_->Add("k"); }), Outcome::kNotApplied);
  EXPECT_THAT(node_->driver().detail(), StartsWith("TRYAGAIN "));
  server_->Thaw();
  EXPECT_LT(Recover(), kRecoveryAllowed);
  EXPECT_EQ(node_->Get("k"), "1");
}

TEST_F(Away, WhenItStandsStillInTheMiddleOfABatchTheOutcomeIsUndecidedAndAppliedAtMostOnce) {
  bool first = true;
  const Outcome outcome = InTime([&] {
    return node_->Run({"k"}, [&](View& view) {
      if (std::exchange(first, false)) server_->Freeze();
      Key at = view.OpenWrite("k");
      at.SetString(std::to_string(std::stoi(std::string(at.String())) + 1), ExpiryChange::Keep());
    });
  });
  EXPECT_EQ(outcome, Outcome::kUndecided);
  server_->Thaw();
  EXPECT_LT(Recover(), kRecoveryAllowed);
  EXPECT_THAT(node_->Get("k"), testing::AnyOf("1", "2"));
}

TEST_F(Away, WhatWasAcknowledgedSurvivesAKill) {
  for (int i = 0; i < 20; ++i) ASSERT_EQ(node_->Add("n"), Outcome::kCommitted);
  server_->Kill();
  ASSERT_TRUE(server_->Restart());
  Recover();
  EXPECT_EQ(node_->Get("n"), "20");
}

TEST_F(Away, AKillInTheMiddleOfABatchIsOutwaited) {
  TidbNode patient({.port = server_->port(), .database = "test"});
  bool first = true;
  std::thread restart;
  EXPECT_EQ(patient.Run({"k"},
                        [&](View& view) {
                          if (std::exchange(first, false)) {
                            server_->Kill();
                            restart = std::thread([&] { EXPECT_TRUE(server_->Restart()); });
                          }
                          Key at = view.OpenWrite("k");
                          at.SetString("2", ExpiryChange::Keep());
                        }),
            Outcome::kCommitted);
  restart.join();
  EXPECT_EQ(patient.Get("k"), "2");
}

}  // namespace
}  // namespace tideway::backend
