#include "backend/tidb/host_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>

#include "backend/tidb/sql_connection.h"
#include "tests/support/manual_port.h"

namespace tideway::backend {
namespace {

using test::ManualPort;
using testing::ElementsAre;
using testing::HasSubstr;
using Addresses = std::vector<std::string>;

void RunNext(ManualPort& port) {
  for (const auto& job : port.WaitAndTake()) job();
}

TEST(HostName, KnowsAddresses) {
  for (const char* host : {"127.0.0.1", "::1", "fd00::3"}) EXPECT_TRUE(IsNumericHost(host)) << host;
  for (const char* host : {"localhost", "db-1", "1.2.3", "127.0.0.1.example", ""}) {
    EXPECT_FALSE(IsNumericHost(host)) << host;
  }
}

TEST(HostName, TheSystemKnowsThisMachine) {
  ManualPort port;
  const auto name = std::make_shared<HostName>("localhost");
  std::vector<std::string> addresses;
  const auto ticket =
      name->Find(port, [&](const Addresses& found, const std::string&) { addresses = found; });
  RunNext(port);
  EXPECT_THAT(addresses, testing::Contains(testing::AnyOf("127.0.0.1", "::1")));
}

TEST(HostName, AnUnknownOneIsAnErrorThatNamesIt) {
  ManualPort port;
  const auto name = std::make_shared<HostName>("nobody.invalid");
  Addresses addresses = {"none yet"};
  std::string error;
  const auto ticket = name->Find(port, [&](const Addresses& found, const std::string& why) {
    addresses = found;
    error = why;
  });
  RunNext(port);
  EXPECT_THAT(addresses, testing::IsEmpty());
  EXPECT_THAT(error, HasSubstr("unknown host 'nobody.invalid'"));
}

// A resolver that answers when the test says so. Its thread may end after the test.
struct SlowResolver {
  std::promise<void> go;
  std::shared_ptr<std::atomic<int>> calls = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<HostName> Name() {
    return std::make_shared<HostName>(
        "db",
        [calls = calls, answer = go.get_future().share()](const std::string&) -> HostName::Found {
          ++*calls;
          answer.wait();
          return {{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, ""};
        });
  }
};

TEST(HostName, AsksOnceForAllWhoWaitAndTakesTurns) {
  ManualPort port;
  SlowResolver resolver;
  const auto name = resolver.Name();
  std::vector<Addresses> found;
  const auto take = [&](const Addresses& addresses, const std::string&) {
    found.push_back(addresses);
  };
  const auto first = name->Find(port, take);
  auto second = name->Find(port, take);
  const auto third = name->Find(port, take);
  second.reset();  // it waits no more
  resolver.go.set_value();
  while (found.size() < 2) RunNext(port);
  EXPECT_THAT(found, ElementsAre(ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3"),
                                 ElementsAre("10.0.0.3", "10.0.0.1", "10.0.0.2")));
  EXPECT_EQ(*resolver.calls, 1);
}

TEST(HostName, WhoHasGoneIsNotCalled) {
  SlowResolver resolver;
  const auto name = resolver.Name();
  bool called = false;
  {
    ManualPort port;
    auto ticket = name->Find(port, [&](const Addresses&, const std::string&) { called = true; });
    ticket.reset();
  }
  resolver.go.set_value();
  ManualPort port;
  bool answered = false;
  const auto ticket =
      name->Find(port, [&](const Addresses&, const std::string&) { answered = true; });
  RunNext(port);
  EXPECT_TRUE(answered);
  EXPECT_FALSE(called);
}

TEST(HostName, AConnectionWhoseHostIsNotFoundInTimeSaysSo) {
  ManualPort port;
  SlowResolver resolver;
  SqlEndpoint endpoint;
  endpoint.host = "db";
  endpoint.name = resolver.Name();
  endpoint.connect_timeout_ms = 100;
  SqlConnection connection(port, endpoint);
  std::string error;
  const auto begin = std::chrono::steady_clock::now();
  connection.Connect([&](const SqlError& why) { error = why.text; });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(90));
  while (error.empty()) RunNext(port);
  EXPECT_EQ(error, "no address of host 'db' in time");
  resolver.go.set_value();
}

}  // namespace
}  // namespace tideway::backend
