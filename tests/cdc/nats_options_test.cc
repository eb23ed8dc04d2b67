#include "cdc/nats_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace tideway::cdc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// What the settings give beside the address.
NatsOptions With(NatsTls tls, std::string ca_file = {}, std::string cert_file = {}) {
  NatsOptions given;
  given.tls = tls;
  given.tls_ca_file = std::move(ca_file);
  given.tls_cert_file = std::move(cert_file);
  return given;
}

NatsOptions Parsed(std::string_view address, NatsOptions given = {}) {
  const auto options = ParseNatsOptions(address, std::move(given));
  EXPECT_TRUE(options.ok()) << options.error().detail;
  return options.ok() ? options.value() : NatsOptions{};
}
std::string Why(std::string_view address, NatsOptions given = {}) {
  const auto options = ParseNatsOptions(address, std::move(given));
  return options.ok() ? "" : options.error().detail;
}

TEST(NatsOptions, ServersHavePortsAndBrackets) {
  EXPECT_THAT(
      Parsed("nats://a,b:4333,[fd00::3],[::1]:99/").servers,
      ElementsAre("nats://a:4222", "nats://b:4333", "nats://[fd00::3]:4222", "nats://[::1]:99"));
  EXPECT_EQ(Parsed("nats://a").tls, NatsTls::kOff);
}

TEST(NatsOptions, UserPasswordAndToken) {
  const NatsOptions options = Parsed("nats://me:p%40%2c%3as@a,b");
  EXPECT_EQ(options.user, "me");
  EXPECT_EQ(options.password, "p@,:s");
  EXPECT_EQ(Parsed("nats://t0ken@a").token, "t0ken");
}

TEST(NatsOptions, TlsFollowsTheSchemeAndTheFiles) {
  EXPECT_EQ(Parsed("tls://a").tls, NatsTls::kVerify);
  EXPECT_EQ(Parsed("tls://a", With(NatsTls::kOn)).tls, NatsTls::kOn);
  EXPECT_EQ(Parsed("nats://a", With(NatsTls::kAuto, "/ca")).tls, NatsTls::kVerify);
  EXPECT_THAT(Why("tls://a", With(NatsTls::kOff)), HasSubstr("tls://"));
  EXPECT_THAT(Why("nats://a", With(NatsTls::kOff, "/ca")), HasSubstr("files"));
  EXPECT_THAT(Why("nats://a", With(NatsTls::kOn, "/ca")), HasSubstr("verify"));
  EXPECT_THAT(Why("nats://a", With(NatsTls::kAuto, "", "/c")), HasSubstr("go together"));
}

TEST(NatsOptions, SaysWhatIsWrongWithoutTheSecret) {
  for (const char* address :
       {"redis://me:hunter2@a", "nats://me:hunter2@", "nats://me:hunter2@a:0", "nats://a:hunter2x",
        "nats://me:hunter2@a,,b", "nats://me:%zzhunter2@a", "nats://me:hunter2@[::1",
        "nats://me:hunter2@a,me:hunter2@b", "nats://me:hunter2@[::1]hunter2", "nats://",
        "nats://me:hunter2@a:99999", "nats://:hunter2@a", "nats://me:hunter2@a b"}) {
    EXPECT_NE(Why(address), "") << address;
    EXPECT_THAT(Why(address), Not(HasSubstr("hunter2"))) << address;
  }
}

TEST(NatsOptions, OneWayToLogIn) {
  NatsOptions given;
  given.credentials_file = "/c";
  EXPECT_THAT(Why("nats://me:x@a", given), HasSubstr("only one"));
  given = {};
  given.nkey = "U";
  EXPECT_THAT(Why("nats://a", given), HasSubstr("go together"));
  given.nkey_seed_file = "/s";
  EXPECT_EQ(Why("nats://a", given), "");
}

}  // namespace
}  // namespace tideway::cdc
