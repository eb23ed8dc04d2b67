#include "resp/protocol/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/resp/protocol/request_events.h"

namespace tideway::resp {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::ElementsAreArray;

std::string Bulks(const std::vector<std::string>& args) {
  std::string request = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string& arg : args) {
    request += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
  }
  return request;
}

std::string ProtocolError(const std::string& text) { return "error: ERR Protocol error: " + text; }

RequestEvents FeedBeforeAuth(std::string_view stream) {
  RequestLimits bounds;
  bounds.authenticated = false;
  return Feed(stream, {}, bounds);
}

// ---- multibulk

TEST(RequestParser, ReadsAMultibulkRequest) {
  EXPECT_THAT(Feed("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"), ElementsAre("<GET><k>", "waiting: 0"));
}

TEST(RequestParser, ReadsAPipeline) {
  EXPECT_THAT(Feed("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n*1\r\n$1"),
              ElementsAre("<PING>", "<GET><k>", "<PING>", "waiting: 6"));
}

TEST(RequestParser, ArgumentsAreBytes) {
  const std::string binary = "\0\r\n*$\"'\xff"s;
  EXPECT_THAT(Feed(Bulks({"SET", "", binary})),
              ElementsAre("<SET><><" + binary + ">", "waiting: 0"));
}

TEST(RequestParser, ArgumentsPointIntoTheInput) {
  const std::string input = Bulks({"SET", "key", std::string(100'000, 'v')});
  RequestParser parser;
  RequestArena arena;
  ASSERT_EQ(parser.Parse(input, RequestLimits(), &arena), ParseStatus::kRequest);
  EXPECT_EQ(parser.consumed(), input.size());
  for (const std::string_view arg : parser.args()) {
    EXPECT_GE(arg.data(), input.data());
    EXPECT_LE(arg.data() + arg.size(), input.data() + input.size());
  }
}

TEST(RequestParser, RequestsOfABatchAreReadableTogether) {
  std::string input;
  constexpr size_t kRequests = 2'000;
  for (size_t i = 0; i < kRequests; ++i) input += Bulks({"GET", "key:" + std::to_string(i)});
  input += "GET \"quoted\\x21\"\r\n";
  RequestParser parser;
  RequestArena arena;
  std::vector<std::span<const std::string_view>> batch;
  for (std::string_view rest = input; !rest.empty(); rest.remove_prefix(parser.consumed())) {
    ASSERT_EQ(parser.Parse(rest, RequestLimits(), &arena), ParseStatus::kRequest);
    batch.push_back(parser.args());
  }
  ASSERT_EQ(batch.size(), kRequests + 1);
  for (size_t i = 0; i < kRequests; ++i) EXPECT_EQ(batch[i][1], "key:" + std::to_string(i));
  EXPECT_EQ(batch.back()[1], "quoted!");
}

TEST(RequestParser, EmptyMultibulksHoldNoRequest) {
  EXPECT_THAT(Feed("*0\r\n*-1\r\n*-9223372036854775808\r\nPING\r\n"),
              ElementsAre("empty", "empty", "empty", "<PING>", "waiting: 0"));
}

TEST(RequestParser, LineEndsAreSkippedUnreadAsInRedis) {
  EXPECT_THAT(Feed("*1\rX$4\r?PING!!PING\n"), ElementsAre("<PING>", "<PING>", "waiting: 0"));
}

TEST(RequestParser, WaitsForTheByteAfterACarriageReturn) {
  EXPECT_THAT(Feed("*1\r"), ElementsAre("waiting: 3"));
  EXPECT_THAT(Feed("*1\r\n$4\r"), ElementsAre("waiting: 7"));
  EXPECT_THAT(Feed("*1\r\n$4\r\nPING\r"), ElementsAre("waiting: 13"));
}

TEST(RequestParser, TellsHowManyBytesOfABulkAreMissing) {
  RequestParser parser;
  RequestArena arena;
  const std::string input = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nabc";
  ASSERT_EQ(parser.Parse(input, RequestLimits(), &arena), ParseStatus::kNeedMore);
  EXPECT_EQ(parser.bytes_missing(), 1'000'002U - 3U);
  EXPECT_TRUE(parser.in_request());
}

TEST(RequestParser, AnnouncedCountsReserveNothing) {
  RequestParser parser;
  RequestArena arena;
  ASSERT_EQ(parser.Parse("*2147483647\r\n$536870912\r\n", RequestLimits(), &arena),
            ParseStatus::kNeedMore);
  EXPECT_EQ(arena.memory_bytes(), 0U);
}

TEST(RequestParser, RefusesBadCounts) {
  const std::string invalid = ProtocolError("invalid multibulk length");
  for (const char* count : {"", "x", "+1", " 1", "1 ", "01", "-0", "-", "1x", "2147483648",
                            "9223372036854775808", "99999999999999999999999999"}) {
    EXPECT_THAT(Feed("*"s + count + "\r\n"), ElementsAre(invalid)) << count;
  }
  EXPECT_THAT(Feed("*2147483647\r\n"), ElementsAre("waiting: 13"));
}

TEST(RequestParser, RefusesBadBulkLengths) {
  const std::string invalid = ProtocolError("invalid bulk length");
  for (const char* length : {"", "x", "+1", " 1", "01", "-0", "-1", "1x", "536870913",
                             "9223372036854775808", "99999999999999999999999999"}) {
    EXPECT_THAT(Feed("*1\r\n$"s + length + "\r\n"), ElementsAre(invalid)) << length;
  }
  EXPECT_THAT(Feed("*1\r\n$536870912\r\n"), ElementsAre("waiting: 16"));
}

TEST(RequestParser, ExpectsADollar) {
  EXPECT_THAT(Feed("*1\r\nfoo\r\n"), ElementsAre(ProtocolError("expected '$', got 'f'")));
  EXPECT_THAT(Feed("*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n"),
              ElementsAre(ProtocolError("expected '$', got 'f'")));
  EXPECT_THAT(Feed("*1\r\n*1\r\n"), ElementsAre(ProtocolError("expected '$', got '*'")));
  EXPECT_THAT(Feed("*1\r\n\r\n"), ElementsAre(ProtocolError("expected '$', got ' '")));
  EXPECT_THAT(Feed("*1\r\n\nx\r\n"), ElementsAre(ProtocolError("expected '$', got ' '")));
  // Not before its line has ended.
  EXPECT_THAT(Feed("*1\r\nfoo\r"), ElementsAre("waiting: 8"));
}

TEST(RequestParser, BulkLengthIsBoundByTheSetting) {
  RequestLimits bounds;
  bounds.bulk_bytes_max = 5;
  EXPECT_THAT(Feed(Bulks({"12345"}), {}, bounds), ElementsAre("<12345>", "waiting: 0"));
  EXPECT_THAT(Feed(Bulks({"123456"}), {}, bounds),
              ElementsAre(ProtocolError("invalid bulk length")));
}

TEST(RequestParser, ALimitLoweredInMidRequestDoesNotTouchWhatWasAccepted) {
  const std::string input = Bulks({"SET", "k", std::string(100, 'v')});
  RequestParser parser;
  RequestArena arena;
  ASSERT_EQ(parser.Parse(std::string_view(input).substr(0, 60), RequestLimits(), &arena),
            ParseStatus::kNeedMore);
  RequestLimits lower;
  lower.bulk_bytes_max = 1;
  lower.authenticated = false;
  ASSERT_EQ(parser.Parse(input, lower, &arena), ParseStatus::kRequest);
  EXPECT_EQ(parser.args()[2].size(), 100U);
}

// ---- before AUTH

TEST(RequestParser, BeforeAuthTenArgumentsAreAllowed) {
  const std::vector<std::string> ten(10, "x");
  EXPECT_EQ(FeedBeforeAuth(Bulks(ten)).size(), 2U);
  EXPECT_THAT(FeedBeforeAuth("*11\r\n"),
              ElementsAre(ProtocolError("unauthenticated multibulk length")));
  EXPECT_THAT(FeedBeforeAuth("*2147483648\r\n"),
              ElementsAre(ProtocolError("invalid multibulk length")));
}

TEST(RequestParser, BeforeAuthBulksAreShort) {
  EXPECT_EQ(FeedBeforeAuth(Bulks({std::string(16'384, 'x')})).size(), 2U);
  EXPECT_THAT(FeedBeforeAuth("*1\r\n$16385\r\n"),
              ElementsAre(ProtocolError("unauthenticated bulk length")));
  EXPECT_THAT(FeedBeforeAuth("*1\r\n$536870913\r\n"),
              ElementsAre(ProtocolError("invalid bulk length")));
}

// ---- inline

TEST(RequestParser, ReadsInlineRequests) {
  EXPECT_THAT(Feed("PING\r\nSET k  v\nGET\tk \r\n"),
              ElementsAre("<PING>", "<SET><k><v>", "<GET><k>", "waiting: 0"));
}

TEST(RequestParser, BlankLinesHoldNoRequest) {
  EXPECT_THAT(Feed("\r\n\n \t\v\f \r\n\r\r\nPING\r\n"),
              ElementsAre("empty", "empty", "empty", "empty", "<PING>", "waiting: 0"));
}

TEST(RequestParser, RefusesUnbalancedQuotes) {
  for (const char* line : {"SET \"k v", "SET 'k v", "GET \"k\"x", "GET 'k'x", "\"\\\""}) {
    EXPECT_THAT(Feed(line + "\r\n"s), ElementsAre(ProtocolError("unbalanced quotes in request")))
        << line;
  }
}

TEST(RequestParser, InlineArgumentsWithoutQuotesAreNotCopied) {
  const std::string input = "GET key\r\n";
  RequestParser parser;
  RequestArena arena;
  ASSERT_EQ(parser.Parse(input, RequestLimits(), &arena), ParseStatus::kRequest);
  EXPECT_EQ(parser.args()[1].data(), input.data() + 4);
}

// ---- lines that do not end

TEST(RequestParser, LinesMayHave64KiBBeforeTheirEnd) {
  const std::string word(limits::kProtocolLineBytesMax, 'x');
  EXPECT_THAT(Feed(word), ElementsAre("waiting: 65536"));
  EXPECT_THAT(Feed(word + "\n"), ElementsAre("<" + word + ">", "waiting: 0"));
  EXPECT_THAT(Feed(word + "y"), ElementsAre(ProtocolError("too big inline request")));
  EXPECT_THAT(Feed(word + "y\n"), ElementsAre(ProtocolError("too big inline request")));
}

TEST(RequestParser, HeadersMayHave64KiBBeforeTheirEnd) {
  const std::string ones(limits::kProtocolLineBytesMax - 1, '1');
  EXPECT_THAT(Feed("*" + ones), ElementsAre("waiting: 65536"));
  EXPECT_THAT(Feed("*" + ones + "\r\n"), ElementsAre(ProtocolError("invalid multibulk length")));
  EXPECT_THAT(Feed("*1" + ones), ElementsAre(ProtocolError("too big mbulk count string")));
  EXPECT_THAT(Feed("*1" + ones + "\r\n"), ElementsAre(ProtocolError("too big mbulk count string")));
  EXPECT_THAT(Feed("*1\r\n$" + ones + "\r\n"), ElementsAre(ProtocolError("invalid bulk length")));
  EXPECT_THAT(Feed("*1\r\n$1" + ones + "\r\n"),
              ElementsAre(ProtocolError("too big bulk count string")));
}

TEST(RequestParser, ANulHidesTheRestOfALine) {
  EXPECT_THAT(Feed("PI\0NG\r\nPING\r\n"s), ElementsAre("waiting: 13"));
  EXPECT_THAT(Feed("*1\0\r\n"s), ElementsAre("waiting: 5"));
  EXPECT_THAT(Feed("*1\r\n$4\0\r\nPING\r\n"s), ElementsAre("waiting: 15"));
  const std::string rest(limits::kProtocolLineBytesMax, '\n');
  EXPECT_THAT(Feed("\0"s + rest), ElementsAre(ProtocolError("too big inline request")));
  EXPECT_THAT(Feed("*\0"s + rest), ElementsAre(ProtocolError("too big mbulk count string")));
  EXPECT_THAT(Feed("*1\r\n$\0"s + rest), ElementsAre(ProtocolError("too big bulk count string")));
}

// ---- state

TEST(RequestParser, ResetForgetsTheRequest) {
  RequestParser parser;
  RequestArena arena;
  ASSERT_EQ(parser.Parse("*2\r\n$3\r\nGET\r\n", RequestLimits(), &arena), ParseStatus::kNeedMore);
  parser.Reset();
  ASSERT_EQ(parser.Parse("PING\r\n", RequestLimits(), &arena), ParseStatus::kRequest);
  EXPECT_THAT(parser.args(), ElementsAre("PING"));
}

TEST(RequestParser, NothingMakesNothing) {
  RequestParser parser;
  RequestArena arena;
  EXPECT_EQ(parser.Parse({}, RequestLimits(), &arena), ParseStatus::kNeedMore);
  EXPECT_EQ(parser.bytes_missing(), 1U);
  EXPECT_FALSE(parser.in_request());
}

TEST(RequestParser, ARequestOfManyArgumentsInSmallPiecesTakesLinearTime) {
  // 1.2 MB a byte at a time: quadratic work would be a matter of hours.
  const std::vector<std::string> args(100'000, "12345");
  const std::string input = Bulks(args);
  RequestParser parser;
  RequestArena arena;
  for (size_t size = 1; size < input.size(); ++size) {
    ASSERT_EQ(parser.Parse({input.data(), size}, RequestLimits(), &arena), ParseStatus::kNeedMore);
  }
  EXPECT_EQ(arena.memory_bytes(), 0U);
  ASSERT_EQ(parser.Parse(input, RequestLimits(), &arena), ParseStatus::kRequest);
  EXPECT_THAT(parser.args(), ElementsAreArray(args));
}

TEST(RequestParser, AConnectionThatWaitsCostsLittle) { EXPECT_LE(sizeof(RequestParser), 96U); }

}  // namespace
}  // namespace tideway::resp
