// Passwords stay out of MONITOR and SLOWLOG; local clients and others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/resp/support/test_server.h"

namespace tideway::resp {
namespace {

using test::TestClient;
using test::TestServer;
using test::TestSettings;
using test::Words;
using testing::HasSubstr;
using testing::Not;

// Each holds the word "hunter2" where a password stands.
const std::vector<Words> kLogins = {
    {"AUTH", "hunter2"},
    {"AUTH", "default", "hunter2"},
    {"HELLO", "3", "AUTH", "default", "hunter2"},
    {"HELLO", "2", "SETNAME", "auth", "AUTH", "default", "hunter2"},
    {"CONFIG", "SET", "timeout", "0", "requirepass", "hunter2"},
    {"CONFIG", "SET", "nosuch", "0", "masterauth", "hunter2"},
};

TEST(Secrets, AreNotInSlowlog) {
  TestServer server;
  server.Set([](Settings& s) { s.slowlog_log_slower_than = std::chrono::microseconds(0); });
  TestClient& client = server.Connect();
  for (const Words& login : kLogins) {
    client.Run({"SLOWLOG", "RESET"});
    client.Run(login);
    const std::string log = client.Run({"SLOWLOG", "GET"});
    EXPECT_THAT(log, HasSubstr("(redacted)")) << login[0];
    EXPECT_THAT(log, Not(HasSubstr("hunter2"))) << login[0];
  }
}

TEST(Secrets, AreNotToldToMonitors) {
  TestServer server;
  TestClient& monitor = server.Connect();
  monitor.Run({"MONITOR"});
  TestClient& client = server.Connect();
  client.RunAll({{"MULTI"}, {"AUTH", "default", "hunter2"}, {"EXEC"}});
  EXPECT_THAT(monitor.TakeAll(), HasSubstr("\"AUTH\" \"(redacted)\" \"(redacted)\"\r\n"));
  for (const Words& login : kLogins) {
    client.Run(login);
    EXPECT_THAT(monitor.TakeAll(), Not(HasSubstr("hunter2"))) << login[0];
  }
}

TEST(Secrets, OtherArgumentsAreShown) {
  TestServer server;
  server.Set([](Settings& s) { s.slowlog_log_slower_than = std::chrono::microseconds(0); });
  TestClient& client = server.Connect();
  client.Run({"SET", "auth", "shown"});
  client.Run({"CONFIG", "SET", "timeout", "17"});
  const std::string log = client.Run({"SLOWLOG", "GET"});
  EXPECT_THAT(log, HasSubstr("shown"));
  EXPECT_THAT(log, HasSubstr("17"));
}

}  // namespace
}  // namespace tideway::resp
