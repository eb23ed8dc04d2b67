// How TiDB is reached: several addresses, a user with few rights, TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "backend/tidb/address.h"
#include "backend/tidb/bootstrap.h"
#include "tests/backend/support/tidb_node.h"
#include "tests/support/shared_tidb.h"
#include "tests/support/sql_client.h"
#include "tests/support/sql_proxy.h"
#include "tests/support/temp_folder.h"

namespace tideway::backend {
namespace {

using test::TidbNode;
using testing_support::SqlClient;
using testing_support::SqlProxy;
using testing_support::TempFolder;
using testing_support::TidbServer;

std::string At(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

Status Bootstrap(const std::string& uri) {
  int attempts = 0;
  return BootstrapTidb(ParseTidbAddress(uri).value(), [&] { return ++attempts <= 20; });
}

class Reach : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    server_ = testing_support::SharedTidb(&why);
    if (server_ == nullptr) GTEST_SKIP() << why;
    database_ = testing_support::FreshDatabase();
  }
  TidbServer* server_ = nullptr;
  std::string database_;
};

TEST_F(Reach, WhenOneAddressIsGoneTheOthersServe) {
  SqlProxy first(server_->port());
  SqlProxy second(server_->port());
  const std::string uri = "tidb://root@" + At(first.port()) + "," + At(second.port()) + "/" +
                          database_ + "?connections=2";
  first.GoAway();
  ASSERT_TRUE(Bootstrap(uri).ok());
  TidbNode node({.uri = uri});
  EXPECT_EQ(node.Set("k", "1"), Outcome::kCommitted);
  first.ComeBack();
  second.GoAway();
  EXPECT_EQ(node.Add("k"), Outcome::kCommitted);
  EXPECT_EQ(node.Get("k"), "2");
}

// A name can have addresses where nobody listens, as ::1 here.
TEST_F(Reach, AllAddressesOfANameAreTried) {
  const std::string uri = "tidb://root@localhost:" + std::to_string(server_->port()) + "/" +
                          database_ + "?tls=off&connections=3";
  ASSERT_TRUE(Bootstrap(uri).ok());
  TidbNode node({.uri = uri});
  EXPECT_EQ(node.Set("k", "1"), Outcome::kCommitted);
}

// Those that README names.
TEST_F(Reach, AUserNeedsNoMoreThanTheGrantsThatAreDocumented) {
  SqlClient root(server_->port());
  const auto execute = [&](const std::string& statement) {
    root.Run(statement);
    ASSERT_TRUE(root.error().ok()) << statement << ": " << root.error().text;
  };
  execute("CREATE DATABASE `" + database_ + "`");
  execute("CREATE USER 'few'@'%' IDENTIFIED BY 'p@ss'");
  execute("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON `" + database_ + "`.* TO 'few'@'%'");
  const std::string uri =
      "tidb://few:p%40ss@" + At(server_->port()) + "/" + database_ + "?connections=2";
  const Status made = Bootstrap(uri);
  ASSERT_TRUE(made.ok()) << made.error().detail;
  TidbNode node({.uri = uri});
  EXPECT_EQ(node.Set("k", "1"), Outcome::kCommitted);
  EXPECT_EQ(node.Set("large", std::string(100'000, 'v')), Outcome::kCommitted);
  EXPECT_EQ(node.Add("k"), Outcome::kCommitted);
  EXPECT_EQ(node.Erase("k"), Outcome::kCommitted);
  EXPECT_EQ(node.Get("k"), "-");
  EXPECT_EQ(node.Get("large"), std::string(100'000, 'v'));
}

class ReachByTls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempFolder>();
    const std::string name = folder_->path().string() + "/tidb";
    const std::string command =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
        "subjectAltName=DNS:localhost -keyout " +
        name + ".key -out " + name + ".pem 2>/dev/null";
    if (std::system(command.c_str()) != 0) {
      why_ = "openssl cannot make a certificate";
      return;
    }
    server_ = TidbServer::Start(
        &why_, "[security]\nssl-cert = \"" + name + ".pem\"\nssl-key = \"" + name + ".key\"\n");
  }
  static void TearDownTestSuite() {
    server_.reset();
    folder_.reset();
  }
  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << why_;
  }
  static std::string Uri(const std::string& host, const std::string& options) {
    return "tidb://root@" + host + ":" + std::to_string(server_->port()) + "/test?" + options;
  }
  static std::string Ca() { return "ca=" + folder_->path().string() + "/tidb.pem"; }

  static inline std::unique_ptr<TempFolder> folder_;
  static inline std::unique_ptr<TidbServer> server_;
  static inline std::string why_;
};

TEST_F(ReachByTls, WithACertificateOfATrustedAuthority) {
  const std::string uri = Uri("localhost", "tls=verify&" + Ca());
  const Status made = Bootstrap(uri);
  ASSERT_TRUE(made.ok()) << made.error().detail;
  TidbNode node({.uri = uri});
  EXPECT_EQ(node.Set("k", "v"), Outcome::kCommitted);
  EXPECT_EQ(node.Get("k"), "v");
}

TEST_F(ReachByTls, WhoeverTheServerIs) {
  const std::string uri = Uri("127.0.0.1", "tls=on");
  ASSERT_TRUE(Bootstrap(uri).ok());
  TidbNode node({.uri = uri});
  EXPECT_EQ(node.Set("k", "v"), Outcome::kCommitted);
}

TEST_F(ReachByTls, NotWithACertificateThatNobodyVouchesFor) {
  EXPECT_FALSE(Bootstrap(Uri("localhost", "tls=verify")).ok());
}

TEST_F(ReachByTls, NotWithACertificateOfAnotherHost) {
  EXPECT_FALSE(Bootstrap(Uri("127.0.0.1", "tls=verify&" + Ca())).ok());
}

}  // namespace
}  // namespace tideway::backend
