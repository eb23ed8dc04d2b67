// reply-bytes-max: a reply that would be larger is an error, and what would have changed is not.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/resp/support/test_server.h"

namespace tideway::test {
namespace {

std::string TooLarge(const std::string& command) {
  return "-ERR reply of '" + command + "' is larger than 1000 bytes (reply-bytes-max)\r\n";
}

class ReplyLimit : public testing::Test {
 protected:
  ReplyLimit() {
    client.Run({"SET", "s", std::string(2000, 'x')});
    client.Run({"SADD", "one", std::string(2000, 'x')});
    client.Run({"SADD", "two", std::string(600, 'x'), std::string(600, 'y')});
    server.Set([](resp::Settings& settings) { settings.reply_bytes_max = 1000; });
  }
  TestServer server;
  TestClient& client = server.Connect();
};

TEST_F(ReplyLimit, AStringThatCannotBeToldIsNotReplaced) {
  EXPECT_EQ(client.Run({"GETDEL", "s"}), TooLarge("getdel"));
  EXPECT_EQ(client.Run({"GETSET", "s", "new"}), TooLarge("getset"));
  EXPECT_EQ(client.Run({"SET", "s", "new", "GET"}), TooLarge("set"));
  EXPECT_EQ(client.Run({"GETEX", "s", "EX", "100"}), TooLarge("getex"));
  EXPECT_EQ(client.Run({"STRLEN", "s"}), ":2000\r\n");
  EXPECT_EQ(client.Run({"TTL", "s"}), ":-1\r\n");
}

TEST_F(ReplyLimit, MembersThatCannotBeToldStay) {
  EXPECT_EQ(client.Run({"SPOP", "one"}), TooLarge("spop"));
  EXPECT_EQ(client.Run({"SPOP", "two", "2"}), TooLarge("spop"));
  EXPECT_EQ(client.Run({"SCARD", "one"}), ":1\r\n");
  EXPECT_EQ(client.Run({"SCARD", "two"}), ":2\r\n");
  EXPECT_EQ(client.Run({"SPOP", "two", "1"}).substr(0, 9), "*1\r\n$600\r");
}

TEST_F(ReplyLimit, ExecReplacesOnlyTheElementThatIsTooLarge) {
  client.RunAll({{"MULTI"}, {"SET", "a", "1"}, {"GET", "s"}, {"GETDEL", "s"}, {"GET", "a"}});
  EXPECT_EQ(client.Run({"EXEC"}),
            "*4\r\n+OK\r\n" + TooLarge("get") + TooLarge("getdel") + "$1\r\n1\r\n");
  EXPECT_EQ(client.Run({"EXISTS", "s"}), ":1\r\n");
}

TEST_F(ReplyLimit, ExecMayBeLargerThanEachOfItsElements) {
  client.Run({"SET", "half", std::string(600, 'x')});
  client.RunAll({{"MULTI"}, {"GET", "half"}, {"GET", "half"}});
  EXPECT_EQ(client.Run({"EXEC"}).size(), 4 + 2 * (6 + 600 + 2));
}

TEST_F(ReplyLimit, ASampleThatCannotFitIsRefusedBeforeItIsDrawn) {
  server.Set([](resp::Settings& settings) { settings.reply_bytes_max = 512 << 20; });
  client.RunAll({{"SADD", "st", "m"}, {"HSET", "h", "f", "v"}});
  const auto begin = std::chrono::steady_clock::now();
  for (const Words& command :
       {Words{"SRANDMEMBER", "st", "-9223372036854775807"}, Words{"SRANDMEMBER", "st", "-90000000"},
        Words{"HRANDFIELD", "h", "-4611686018427387903", "WITHVALUES"},
        Words{"HRANDFIELD", "h", "-45000000", "WITHVALUES"}}) {
    EXPECT_EQ(client.Run(command).substr(0, 14), "-ERR reply of ") << command[2];
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_EQ(client.Run({"SRANDMEMBER", "st", "-2"}), "*2\r\n$1\r\nm\r\n$1\r\nm\r\n");
}

}  // namespace
}  // namespace tideway::test
