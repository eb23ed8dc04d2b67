#include "backend/tidb/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/support/seed.h"

namespace tideway::backend {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TidbAddress Parsed(std::string_view uri) {
  Result<TidbAddress> address = ParseTidbAddress(uri);
  EXPECT_TRUE(address.ok()) << uri << ": " << (address.ok() ? "" : address.error().detail);
  return address.ok() ? std::move(address).value() : TidbAddress{};
}

std::string Refusal(std::string_view uri) {
  const Result<TidbAddress> address = ParseTidbAddress(uri);
  EXPECT_FALSE(address.ok()) << uri;
  if (address.ok()) return "";
  EXPECT_EQ(address.error().code, Errc::kInvalidArgument);
  return address.error().detail;
}

TEST(TidbAddress, TakesEveryPart) {
  const TidbAddress address = Parsed(
      "tidb://app:secret@db-1:4001,10.0.0.2,[fd00::3]:4003,[fd00::4]/rooms"
      "?tls=on&connections=64&connect-timeout=150&connection-lifetime=60");
  EXPECT_THAT(address.hosts, ElementsAre(TidbHost{"db-1", 4001}, TidbHost{"10.0.0.2", 4000},
                                         TidbHost{"fd00::3", 4003}, TidbHost{"fd00::4", 4000}));
  EXPECT_EQ(address.user, "app");
  EXPECT_EQ(address.password, "secret");
  EXPECT_EQ(address.database, "rooms");
  EXPECT_EQ(address.tls, TidbTls::kOn);
  EXPECT_EQ(address.ca_file, "");
  EXPECT_EQ(address.connections, 64u);
  EXPECT_EQ(address.connect_timeout, std::chrono::milliseconds(150));
  EXPECT_EQ(address.connection_lifetime, std::chrono::seconds(60));
}

TEST(TidbAddress, HasDefaults) {
  for (const char* uri : {"tidb://db", "tidb://db/", "tidb://db/?", "tidb://db?", "tidb://@db"}) {
    const TidbAddress address = Parsed(uri);
    EXPECT_THAT(address.hosts, ElementsAre(TidbHost{"db", 4000}));
    EXPECT_EQ(address.user, "root");
    EXPECT_EQ(address.password, "");
    EXPECT_EQ(address.database, "tideway");
    EXPECT_EQ(address.connections, 4u);
    EXPECT_EQ(address.connect_timeout, std::chrono::milliseconds(2000));
    EXPECT_EQ(address.connection_lifetime, std::chrono::minutes(30));
  }
}

TEST(TidbAddress, DecodesPercents) {
  const TidbAddress address =
      Parsed("tidb://a%3ab:%40%2F%3f%25%C3%A9@db/my%2Ddb?ca=%2Fetc%2Fa%26b.pem");
  EXPECT_EQ(address.user, "a:b");
  EXPECT_EQ(address.password, "@/?%\xC3\xA9");
  EXPECT_EQ(address.database, "my-db");
  EXPECT_EQ(address.ca_file, "/etc/a&b.pem");
}

TEST(TidbAddress, TakesBareSignsInAPasswordWhereTheyAreClear) {
  const TidbAddress address = Parsed("tidb://app:p:a@s,s#[w]@db:4001/x");
  EXPECT_EQ(address.user, "app");
  EXPECT_EQ(address.password, "p:a@s,s#[w]");
  EXPECT_THAT(address.hosts, ElementsAre(TidbHost{"db", 4001}));
}

TEST(TidbAddress, EncryptsAndVerifiesUnlessEveryHostIsLoopback) {
  EXPECT_EQ(Parsed("tidb://127.0.0.1:4000").tls, TidbTls::kOff);
  EXPECT_EQ(Parsed("tidb://localhost,127.9.9.9,[::1],[0:0:0:0:0:0:0:1]").tls, TidbTls::kOff);
  EXPECT_EQ(Parsed("tidb://127.0.0.1,db").tls, TidbTls::kVerify);
  EXPECT_EQ(Parsed("tidb://127.evil.example").tls, TidbTls::kVerify);
  EXPECT_EQ(Parsed("tidb://localhost.example").tls, TidbTls::kVerify);
  EXPECT_EQ(Parsed("tidb://db").tls, TidbTls::kVerify);
  EXPECT_EQ(Parsed("tidb://db?tls=off").tls, TidbTls::kOff);
  EXPECT_EQ(Parsed("tidb://db?tls=on").tls, TidbTls::kOn);
  EXPECT_EQ(Parsed("tidb://[::1]?tls=verify").tls, TidbTls::kVerify);
}

TEST(TidbAddress, AnAuthorityToTrustMeansVerify) {
  const TidbAddress address = Parsed("tidb://127.0.0.1?ca=ca.pem");
  EXPECT_EQ(address.tls, TidbTls::kVerify);
  EXPECT_EQ(address.ca_file, "ca.pem");
  EXPECT_THAT(Refusal("tidb://db?ca=ca.pem&tls=on"), HasSubstr("tls=verify only"));
  EXPECT_THAT(Refusal("tidb://db?tls=off&ca=ca.pem"), HasSubstr("tls=verify only"));
}

TEST(TidbAddress, NamesWhatIsWrong) {
  EXPECT_THAT(Refusal("mysql://db"), HasSubstr("tidb://"));
  EXPECT_THAT(Refusal(""), HasSubstr("tidb://"));
  EXPECT_THAT(Refusal("tidb://"), HasSubstr("a host is missing"));
  EXPECT_THAT(Refusal("tidb://u:p@"), HasSubstr("a host is missing"));
  EXPECT_THAT(Refusal("tidb://a,,b"), HasSubstr("a host is missing"));
  EXPECT_THAT(Refusal("tidb://u@a b"), HasSubstr("'a b'"));
  EXPECT_THAT(Refusal("tidb://u@db:0"), HasSubstr("port '0' of host 'db'"));
  EXPECT_THAT(Refusal("tidb://u@db:65536"), HasSubstr("'65536'"));
  EXPECT_THAT(Refusal("tidb://u@db:"), HasSubstr("port ''"));
  EXPECT_THAT(Refusal("tidb://u@[::g]:4000"), HasSubstr("IPv6"));
  EXPECT_THAT(Refusal("tidb://u@[::1"), HasSubstr("IPv6"));
  EXPECT_THAT(Refusal("tidb://u@[::1]4000"), HasSubstr("IPv6"));
  EXPECT_THAT(Refusal("tidb://u@::1"), HasSubstr("a host is missing"));
  EXPECT_THAT(Refusal("tidb://db/a`b"), HasSubstr("'a`b'"));
  EXPECT_THAT(Refusal("tidb://db/" + std::string(65, 'a')), HasSubstr("1 to 64"));
  EXPECT_THAT(Refusal("tidb://u%2@db"), HasSubstr("'u%2'"));
  EXPECT_THAT(Refusal("tidb://" + std::string(33, 'u') + "@db"), HasSubstr("32"));
}

TEST(TidbAddress, NamesTheWrongOption) {
  EXPECT_THAT(Refusal("tidb://db?tls=maybe"), HasSubstr("tls=maybe"));
  EXPECT_THAT(Refusal("tidb://db?connections=0"), HasSubstr("connections=0"));
  EXPECT_THAT(Refusal("tidb://db?connections=65"), HasSubstr("1 to 64"));
  EXPECT_THAT(Refusal("tidb://db?connections"), HasSubstr("connections="));
  EXPECT_THAT(Refusal("tidb://db?connect-timeout=99"), HasSubstr("100 to 60000"));
  EXPECT_THAT(Refusal("tidb://db?ca="), HasSubstr("ca="));
  EXPECT_THAT(Refusal("tidb://db?ca=%zz"), HasSubstr("%XX"));
  EXPECT_THAT(Refusal("tidb://db?tls=on&tls=off"), HasSubstr("'tls' is given twice"));
}

TEST(TidbAddress, SuggestsTheNearestOption) {
  EXPECT_THAT(Refusal("tidb://db?conections=4"), HasSubstr("did you mean 'connections'?"));
  EXPECT_THAT(Refusal("tidb://db?connect_timeout=4"), HasSubstr("did you mean 'connect-timeout'?"));
  EXPECT_THAT(Refusal("tidb://db?ssl=on"), HasSubstr("did you mean 'tls'?"));
  EXPECT_THAT(Refusal("tidb://db?cafile=x"), HasSubstr("did you mean 'ca'?"));
}

TEST(TidbAddress, RefusesTooManyHosts) {
  std::string uri = "tidb://a";
  for (size_t i = 1; i < TidbAddress::kHostsMax; ++i) uri += ",a";
  EXPECT_EQ(Parsed(uri).hosts.size(), TidbAddress::kHostsMax);
  EXPECT_THAT(Refusal(uri + ",a"), HasSubstr("17 hosts, at most 16"));
}

TEST(TidbAddress, NoErrorTellsThePassword) {
  for (const char* uri : {"tidb://root:hunter2",
                          "tidb://root:hunter2/db",
                          "tidb://root:hunter2@",
                          "tidb://root:hunter2@a b",
                          "tidb://root:hunter2@db:x",
                          "tidb://root:hunter2@db/a b",
                          "tidb://root:hunter2%@db",
                          "tidb://root:hunter2%00@db",
                          "tidb://root:hunter2%zz@db",
                          "tidb://root:a/hunter2@db",
                          "tidb://root:4000/hunter2@db",
                          "tidb://root:a?hunter2@db/x",
                          "tidb://root:a@b/hunter2@db",
                          "tidb://root:a@b?hunter2@db",
                          "tidb://root:hunter2@db?x=y",
                          "tidb://root:hunter2@db?connections=0",
                          "root:hunter2@db",
                          "mysql://root:hunter2@db",
                          "tidb://[hunter2",
                          "tidb://[root:hunter2]"}) {
    EXPECT_THAT(Refusal(uri), Not(HasSubstr("hunter2"))) << uri;
  }
}

TEST(TidbAddress, RedactedSaysEverythingElse) {
  EXPECT_EQ(Parsed("tidb://a%3Ab:hunter2@db,[::2]:1/x?ca=/a%20b").Redacted(),
            "tidb://a%3Ab:***@db:4000,[::2]:1/x"
            "?tls=verify&ca=/a%20b&connections=4&connect-timeout=2000&connection-lifetime=1800");
  EXPECT_EQ(Parsed("tidb://127.0.0.1").Redacted(),
            "tidb://root@127.0.0.1:4000/tideway"
            "?tls=off&connections=4&connect-timeout=2000&connection-lifetime=1800");
}

TEST(TidbAddress, IsTotalAndRedactedTextParsesToTheSame) {
  std::mt19937_64 random(test::Seed());
  constexpr std::string_view kPieces[] = {
      "tidb://", "@",   ":",  "/",           "?",      "&", "=",
      ",",       "[",   "]",  "%",           "%41",    "a", "::1",
      "4000",    "tls", "ca", "connections", "verify", "7", std::string_view("\0", 1),
      "\xff"};
  for (int i = 0; i < 20'000; ++i) {
    std::string uri = "tidb://";
    for (size_t pieces = random() % 12; pieces > 0; --pieces)
      uri += kPieces[random() % std::size(kPieces)];
    const Result<TidbAddress> address = ParseTidbAddress(uri);
    if (!address.ok()) continue;
    const std::string redacted = address.value().Redacted();
    EXPECT_EQ(Parsed(redacted).Redacted(), redacted) << uri;
  }
}

}  // namespace
}  // namespace tideway::backend
