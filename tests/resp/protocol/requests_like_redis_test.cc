// The same bytes to redis-server and to our parser and writer: the same replies.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "resp/protocol/byte_buffer.h"
#include "resp/protocol/reply_writer.h"
#include "resp/protocol/request_parser.h"
#include "tests/resp/protocol/request_streams.h"
#include "tests/support/redis_server.h"

namespace tideway::resp {
namespace {

using namespace std::string_literals;
using testing_support::RedisServer;

class LikeRedis : public testing::Test {
 protected:
  // Starts redis-server or skips the test.
  void Start(const std::vector<std::string>& settings) {
    std::string why;
    redis_ = RedisServer::Start(settings, &why);
    if (redis_ == nullptr) GTEST_SKIP() << why;
  }

  std::unique_ptr<RedisServer> redis_;
};

// The bytes as C sees them, at most `size` of them.
std::string_view CString(std::string_view bytes, size_t size) {
  return bytes.substr(0, std::min(bytes.find('\0'), size));
}

// What Redis says to a command that it does not know.
std::string UnknownCommand(std::span<const std::string_view> args) {
  std::string shown;
  for (size_t i = 1; i < args.size() && shown.size() < 128; ++i) {
    shown += "'" + std::string(CString(args[i], 128 - shown.size())) + "' ";
  }
  return "ERR unknown command '" + std::string(CString(args[0], 128)) +
         "', with args beginning with: " + shown;
}

// What a server without any command answers to the stream.
std::string Answers(std::string_view stream, const RequestLimits& bounds) {
  ByteBuffer out;
  ReplyWriter writer(&out);
  RequestParser parser;
  RequestArena arena;
  while (!stream.empty()) {
    const ParseStatus status = parser.Parse(stream, bounds, &arena);
    if (status == ParseStatus::kNeedMore) break;
    if (status == ParseStatus::kError) {
      writer.Error(parser.error_text());
      break;
    }
    if (status == ParseStatus::kRequest) writer.Error(UnknownCommand(parser.args()));
    stream.remove_prefix(parser.consumed());
  }
  return std::string(out.view());
}

std::vector<std::string> OddStreams() {
  std::vector<std::string> streams;
  for (const char* count : {"",
                            "0",
                            "-1",
                            "-0",
                            "00",
                            "01",
                            "+1",
                            " 1",
                            "1 ",
                            "x",
                            "1x",
                            "0x1",
                            "-9223372036854775808",
                            "-9223372036854775809",
                            "2147483647",
                            "2147483648",
                            "9223372036854775807",
                            "9223372036854775808",
                            "000000000000000000000000000001",
                            "10",
                            "11"}) {
    streams.push_back("*"s + count + "\r\n$2\r\nzz\r\n");
    streams.push_back("*1\r\n$"s + count + "\r\n\r\nzz\r\n");
    streams.push_back("*1\r\n$2\r\nzz\r\n*"s + count + "\r\nzz\r\n");
  }
  for (const char* length : {"536870912", "536870913", "16384", "16385", "1048576", "1048577"}) {
    streams.push_back("*1\r\n$"s + length + "\r\n");
  }
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    streams.push_back("*1\r\n"s + c + "2\r\nzz\r\n");
    streams.push_back("*1"s + c + "\n$2\r\nzz\r\n");
    streams.push_back("*1\r"s + c + "$2\r"s + c + "zz" + c + c + "zz\r\n");
    streams.push_back("zz a"s + c + "b " + c + "c" + c + "\r\nzz\n");
    streams.push_back("zz \"a"s + c + "b\" '" + c + "' \"\\" + c + "41\" \"\\x4" + c +
                      "\"\r\nzz\n");
    streams.push_back("zz 'a"s + c + "b\\" + c + "'\r\nzz\n");
    streams.push_back("zz \"a\""s + c + "b\r\nzz\n");
  }
  const std::string line(70'000, 'x');
  for (const char* head : {"", "*", "$", "*1\r\n", "*1\r\n$", "*\0", "zz \"", "zz '"}) {
    streams.push_back(head + line);
  }
  streams.push_back("\0"s + line);
  streams.push_back("*\0"s + line);
  streams.push_back("*1\r\n$\0"s + line);
  streams.push_back("*1\r\n$2\r\nzz\r\n\r\n\r\n  \r\n*0\r\nzz\r\n");
  streams.push_back("zz " + std::string(60'000, 'y') + " z\r\n");
  return streams;
}

TEST_F(LikeRedis, OddRequests) {
  Start({});
  if (IsSkipped()) return;
  for (const std::string& stream : OddStreams()) {
    ASSERT_EQ(Answers(stream, RequestLimits()), redis_->Exchange(stream)) << stream.substr(0, 200);
  }
}

TEST_F(LikeRedis, RandomRequests) {
  Start({});
  if (IsSkipped()) return;
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 3'000; ++i) {
    const std::string stream = RandomStream(&random);
    ASSERT_EQ(Answers(stream, RequestLimits()), redis_->Exchange(stream)) << stream;
  }
}

TEST_F(LikeRedis, RequestsBeforeAuth) {
  Start({"--requirepass", "secret"});
  if (IsSkipped()) return;
  RequestLimits bounds;
  bounds.authenticated = false;
  for (const std::string& stream : OddStreams()) {
    ASSERT_EQ(Answers(stream, bounds), redis_->Exchange(stream)) << stream.substr(0, 200);
  }
}

TEST_F(LikeRedis, RequestsUnderASmallBulkLimit) {
  Start({"--proto-max-bulk-len", "1048576"});
  if (IsSkipped()) return;
  RequestLimits bounds;
  bounds.bulk_bytes_max = 1'048'576;
  for (const std::string& stream : OddStreams()) {
    ASSERT_EQ(Answers(stream, bounds), redis_->Exchange(stream)) << stream.substr(0, 200);
  }
}

// DEBUG PROTOCOL replies one value of each type.
void WriteDebugValue(std::string_view type, ReplyWriter* w) {
  if (type == "string") w->Bulk("Hello World");
  if (type == "integer") w->Integer(12345);
  if (type == "double") w->Double(3.141);
  if (type == "bignum") w->BigNumber("1234567999999999999999999999999999999");
  if (type == "null") w->Null();
  if (type == "true") w->Bool(true);
  if (type == "false") w->Bool(false);
  if (type == "verbatim") w->Verbatim("txt", "This is a verbatim\nstring");
  if (type == "array" || type == "set") {
    type == "array" ? w->Array(3) : w->Set(3);
    for (int i = 0; i < 3; ++i) w->Integer(i);
  }
  if (type == "map") {
    w->Map(3);
    for (int i = 0; i < 3; ++i) {
      w->Integer(i);
      w->Bool(i == 1);
    }
  }
  if (type == "attrib") {
    if (w->resp3()) {
      w->Attribute(1);
      w->Bulk("key-popularity");
      w->Array(2);
      w->Bulk("key:123");
      w->Integer(90);
    }
    w->Bulk("Some real reply following the attribute");
  }
  if (type == "push") {
    if (!w->resp3()) return w->Error("ERR RESP2 is not supported by this command");
    w->Push(2);
    w->Bulk("server-cpu-usage");
    w->Integer(42);
    w->Bulk("Some real reply following the push reply");
  }
}

TEST_F(LikeRedis, RepliesOfEveryTypeInBothVersions) {
  Start({"--enable-debug-command", "yes"});
  if (IsSkipped()) return;
  for (const char* type : {"string", "integer", "double", "bignum", "null", "array", "set", "map",
                           "attrib", "push", "true", "false", "verbatim"}) {
    const std::string request = "DEBUG PROTOCOL "s + type + "\r\n";
    ByteBuffer out;
    ReplyWriter writer(&out);
    WriteDebugValue(type, &writer);
    EXPECT_EQ(out.view(), redis_->Exchange(request)) << type;

    const std::string hello = redis_->Exchange("HELLO 3\r\n");
    out.Clear();
    writer.Redirect(&out, RespVersion::k3);
    WriteDebugValue(type, &writer);
    const std::string both = redis_->Exchange("HELLO 3\r\n" + request);
    // The reply to HELLO differs in the client's id only, whose digits may grow by one.
    ASSERT_GE(both.size(), out.size());
    EXPECT_NEAR(static_cast<double>(both.size() - out.size()), static_cast<double>(hello.size()), 1)
        << type;
    EXPECT_EQ(out.view(), both.substr(both.size() - out.size())) << type;
  }
}

}  // namespace
}  // namespace tideway::resp
