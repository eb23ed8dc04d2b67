#include "resp/protocol/reply_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

namespace tideway::resp {
namespace {

using namespace std::string_literals;

std::string Encode(RespVersion version, const std::function<void(ReplyWriter&)>& write) {
  ByteBuffer out;
  ReplyWriter writer(&out, version);
  write(writer);
  return std::string(out.view());
}

// Expects the two forms of one reply.
void ExpectReply(const std::function<void(ReplyWriter&)>& write, const std::string& resp2,
                 const std::string& resp3) {
  EXPECT_EQ(Encode(RespVersion::k2, write), resp2);
  EXPECT_EQ(Encode(RespVersion::k3, write), resp3);
}

void ExpectSame(const std::function<void(ReplyWriter&)>& write, const std::string& both) {
  ExpectReply(write, both, both);
}

// ---- values

TEST(ReplyWriter, SimpleStrings) {
  ExpectSame([](auto& w) { w.Ok(); }, "+OK\r\n");
  ExpectSame([](auto& w) { w.Pong(); }, "+PONG\r\n");
  ExpectSame([](auto& w) { w.Queued(); }, "+QUEUED\r\n");
  ExpectSame([](auto& w) { w.Simple("string"); }, "+string\r\n");
  ExpectSame([](auto& w) { w.Simple("two\r\nlines"); }, "+two  lines\r\n");
}

TEST(ReplyWriter, ErrorsCannotBreakTheProtocol) {
  ExpectSame([](auto& w) { w.Error("ERR syntax error"); }, "-ERR syntax error\r\n");
  ExpectSame([](auto& w) { w.Error("ERR unknown command 'a\r\n+OK\r\n'"); },
             "-ERR unknown command 'a  +OK  '\r\n");
  ExpectSame([](auto& w) { w.Error(""); }, "-\r\n");
}

TEST(ReplyWriter, Integers) {
  ExpectSame([](auto& w) { w.Integer(0); }, ":0\r\n");
  ExpectSame([](auto& w) { w.Integer(9); }, ":9\r\n");
  ExpectSame([](auto& w) { w.Integer(10); }, ":10\r\n");
  ExpectSame([](auto& w) { w.Integer(-1); }, ":-1\r\n");
  ExpectSame([](auto& w) { w.Integer(std::numeric_limits<int64_t>::min()); },
             ":-9223372036854775808\r\n");
  ExpectSame([](auto& w) { w.Integer(std::numeric_limits<int64_t>::max()); },
             ":9223372036854775807\r\n");
}

TEST(ReplyWriter, Bulks) {
  ExpectSame([](auto& w) { w.Bulk(""); }, "$0\r\n\r\n");
  ExpectSame([](auto& w) { w.Bulk({}); }, "$0\r\n\r\n");
  ExpectSame([](auto& w) { w.Bulk("a\r\n\0b"s); }, "$5\r\na\r\n\0b\r\n"s);
  const std::string large(100'000, 'x');
  ExpectSame([&](auto& w) { w.Bulk(large); }, "$100000\r\n" + large + "\r\n");
  ExpectSame([](auto& w) { w.BulkInteger(-42); }, "$3\r\n-42\r\n");
  ExpectSame([](auto& w) { w.BulkInteger(std::numeric_limits<int64_t>::min()); },
             "$20\r\n-9223372036854775808\r\n");
}

TEST(ReplyWriter, NullsAndBooleans) {
  ExpectReply([](auto& w) { w.Null(); }, "$-1\r\n", "_\r\n");
  ExpectReply([](auto& w) { w.NullArray(); }, "*-1\r\n", "_\r\n");
  ExpectReply([](auto& w) { w.Bool(true); }, ":1\r\n", "#t\r\n");
  ExpectReply([](auto& w) { w.Bool(false); }, ":0\r\n", "#f\r\n");
}

TEST(ReplyWriter, Doubles) {
  ExpectReply([](auto& w) { w.Double(3.141); }, "$5\r\n3.141\r\n", ",3.141\r\n");
  ExpectReply([](auto& w) { w.Double(5); }, "$1\r\n5\r\n", ",5\r\n");
  ExpectReply([](auto& w) { w.Double(INFINITY); }, "$3\r\ninf\r\n", ",inf\r\n");
  ExpectReply([](auto& w) { w.Double(-INFINITY); }, "$4\r\n-inf\r\n", ",-inf\r\n");
}

TEST(ReplyWriter, VerbatimAndBigNumbers) {
  ExpectReply([](auto& w) { w.Verbatim("txt", "Some text"); }, "$9\r\nSome text\r\n",
              "=13\r\ntxt:Some text\r\n");
  ExpectReply([](auto& w) { w.Verbatim("t", ""); }, "$0\r\n\r\n", "=4\r\nt  :\r\n");
  ExpectReply([](auto& w) { w.BigNumber("1234567999"); }, "$10\r\n1234567999\r\n",
              "(1234567999\r\n");
}

TEST(ReplyWriter, Aggregates) {
  ExpectSame([](auto& w) { w.Array(0); }, "*0\r\n");
  ExpectSame([](auto& w) { w.Array(12); }, "*12\r\n");
  ExpectReply([](auto& w) { w.Map(3); }, "*6\r\n", "%3\r\n");
  ExpectReply([](auto& w) { w.Set(3); }, "*3\r\n", "~3\r\n");
  ExpectReply([](auto& w) { w.Push(3); }, "*3\r\n", ">3\r\n");
  EXPECT_EQ(Encode(RespVersion::k3, [](auto& w) { w.Attribute(1); }), "|1\r\n");
}

// ---- deferred headers

TEST(ReplyWriter, DeferredHeadersOfEveryWidth) {
  for (const size_t expected : {0U, 9U, 10U, 1'000U, 123'456U}) {
    for (const size_t count : {0U, 9U, 10U, 99U, 100U, 12'345U}) {
      std::string elements;
      for (size_t i = 0; i < count; ++i) elements += ":1\r\n";
      const auto write = [&](ReplyWriter& w) {
        w.Ok();
        const auto header = w.DeferArray(expected);
        for (size_t i = 0; i < count; ++i) w.Integer(1);
        w.Finish(header, count);
        w.Ok();
      };
      ExpectSame(write, "+OK\r\n*" + std::to_string(count) + "\r\n" + elements + "+OK\r\n");
    }
  }
}

TEST(ReplyWriter, DeferredKinds) {
  ExpectReply([](auto& w) { w.Finish(w.DeferMap(), 50); }, "*100\r\n", "%50\r\n");
  ExpectReply([](auto& w) { w.Finish(w.DeferSet(), 50); }, "*50\r\n", "~50\r\n");
  ExpectReply([](auto& w) { w.Finish(w.DeferPush(), 50); }, "*50\r\n", ">50\r\n");
}

TEST(ReplyWriter, DeferredHeadersNest) {
  const auto write = [](ReplyWriter& w) {
    const auto outer = w.DeferArray();
    for (int i = 0; i < 11; ++i) {
      const auto inner = w.DeferArray();
      for (int j = 0; j < i; ++j) w.Integer(j);
      w.Finish(inner, static_cast<size_t>(i));
    }
    w.Finish(outer, 11);
  };
  std::string expected = "*11\r\n";
  for (int i = 0; i < 11; ++i) {
    expected += "*" + std::to_string(i) + "\r\n";
    for (int j = 0; j < i; ++j) expected += ":" + std::to_string(j) + "\r\n";
  }
  ExpectSame(write, expected);
}

// ---- errors, marks, limits

TEST(ReplyWriter, CountsErrorsAndKeepsTheFirstCode) {
  ByteBuffer out;
  ReplyWriter writer(&out);
  EXPECT_EQ(writer.errors(), 0U);
  EXPECT_EQ(writer.first_error_code(), "");
  writer.Error("WRONGTYPE Operation against a key");
  writer.Error("ERR other");
  EXPECT_EQ(writer.errors(), 2U);
  EXPECT_EQ(writer.first_error_code(), "WRONGTYPE");
  writer.ClearErrors();
  writer.Error("nospacehere");
  EXPECT_EQ(writer.first_error_code(), "ERR");
  writer.StartReply();
  EXPECT_EQ(writer.errors(), 0U);
  // As Redis: no code longer than 30 bytes.
  writer.Error(std::string(30, 'A') + " x");
  EXPECT_EQ(writer.first_error_code(), std::string(30, 'A'));
  writer.StartReply();
  writer.Error(std::string(31, 'A') + " x");
  EXPECT_EQ(writer.first_error_code(), "ERR");
}

TEST(ReplyWriter, RollbackTakesBackBytesAndErrors) {
  ByteBuffer out;
  ReplyWriter writer(&out);
  writer.Ok();
  const auto mark = writer.mark();
  writer.Array(2);
  writer.Error("ERR no");
  writer.Rollback(mark);
  EXPECT_EQ(out.view(), "+OK\r\n");
  EXPECT_EQ(writer.errors(), 0U);
  EXPECT_EQ(writer.first_error_code(), "");
  writer.Error("BUSY x");
  EXPECT_EQ(writer.first_error_code(), "BUSY");
}

TEST(ReplyWriter, AReplyAtItsLimitIsWholeAndBeyondItOverflows) {
  for (size_t size = 0; size < 40; ++size) {
    ByteBuffer out;
    out.Append("earlier replies are not counted");
    ReplyWriter writer(&out);
    writer.set_bytes_max(20);
    writer.StartReply();
    writer.Bulk(std::string(size, 'x'));
    const size_t encoded = size + 5 + std::to_string(size).size();
    EXPECT_EQ(writer.overflowed(), encoded > 20) << size;
    writer.ReplaceReply("ERR too long");
    EXPECT_FALSE(writer.overflowed());
    EXPECT_EQ(out.view(), "earlier replies are not counted-ERR too long\r\n");
    EXPECT_EQ(writer.errors(), 1U);
    EXPECT_EQ(writer.first_error_code(), "ERR");
  }
}

TEST(ReplyWriter, TheOutputsBoundCountsEarlierReplies) {
  ByteBuffer out;
  ReplyWriter writer(&out);
  writer.set_bytes_max(1'000);
  writer.set_output_bytes_max(2'000);
  for (const size_t earlier : {0u, 991u, 992u, 1'500u, 3'000u}) {
    out.Clear();
    out.Append(std::string(earlier, 'x'));
    writer.StartReply();
    writer.Bulk(std::string(1'100, 'y'));  // 1108 bytes encoded
    EXPECT_TRUE(writer.overflowed()) << earlier;
    EXPECT_EQ(writer.over_output_limit(), earlier >= 1'000) << earlier;
    writer.StartReply();
    writer.Bulk(std::string(500, 'y'));
    EXPECT_EQ(writer.over_output_limit(), earlier >= 1'500) << earlier;
  }
  writer.set_output_bytes_max(ReplyWriter::kUnlimited);
  writer.StartReply();
  writer.Bulk(std::string(2'000, 'y'));
  EXPECT_TRUE(writer.overflowed());
  EXPECT_FALSE(writer.over_output_limit());
}

TEST(ReplyWriter, AnOverflowedReplyStopsGrowing) {
  ByteBuffer out;
  ReplyWriter writer(&out, RespVersion::k3);
  writer.set_bytes_max(1'000);
  writer.StartReply();
  const auto header = writer.DeferMap();
  const auto mark = writer.mark();
  for (int i = 0; i < 10'000; ++i) {
    writer.Bulk("0123456789");
    writer.Integer(i);
    writer.Error("ERR e");
    writer.Verbatim("txt", "v");
    writer.Double(1.5);
  }
  writer.Finish(header, 10'000);
  EXPECT_TRUE(writer.overflowed());
  EXPECT_LT(out.size(), 1'100U);
  writer.Bulk(std::string(1'000'000, 'x'));
  EXPECT_LT(out.capacity(), 10'000U);
  // Coming back to before the overflow is possible too.
  writer.Rollback(mark);
  EXPECT_FALSE(writer.overflowed());
  writer.Bulk("k");
  writer.Bulk("v");
  writer.Finish(header, 1);
  EXPECT_EQ(out.view(), "%1\r\n$1\r\nk\r\n$1\r\nv\r\n");
  EXPECT_EQ(writer.reply_bytes(), out.size());
}

TEST(ReplyWriter, ServesAnotherClientAfterRedirect) {
  ByteBuffer first;
  ByteBuffer second;
  ReplyWriter writer(&first);
  writer.Null();
  writer.Error("ERR x");
  writer.Redirect(&second, RespVersion::k3);
  EXPECT_EQ(writer.errors(), 0U);
  writer.Null();
  writer.Raw(":1\r\n");
  writer.Raw("");
  EXPECT_EQ(first.view(), "$-1\r\n-ERR x\r\n");
  EXPECT_EQ(second.view(), "_\r\n:1\r\n");
}

}  // namespace
}  // namespace tideway::resp
