// The result of parsing does not depend on how the bytes were split.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/resp/protocol/request_events.h"
#include "tests/resp/protocol/request_streams.h"

namespace tideway::resp {
namespace {

using namespace std::string_literals;

const std::vector<std::string>& ShortStreams() {
  static const std::vector<std::string> streams = {
      "*1\r\n$4\r\nPING\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n",
      "*2\r\n$3\r\nGET\r\n$10\r\n0123456789\r\n",
      "*0\r\n*-1\r\nPING\r\n\r\n*1\r\n$1\r\nx\r\n",
      "SET \"a\\x41\" 'b\\'c' d\r\n",
      "SET \"a\r\nPING\r\n",
      "*1\r\n$4\r\nPING\r\nPING\n",
      "*1\r\n\r\n",
      "*1\r\n+OK\r\n",
      "*x\r\n",
      "*2\r\n$-1\r\n",
      "*2\r\n$1\r\nx\r\n$01\r\n",
      "*1\r?$1\r?x??*",
      "PI\0NG\r\n"s,
      "*1\r\n$\0001\r\nx\r\n"s,
      "*11\r\n$1\r\nx\r\n",
      "*1\r\n$20000\r\n",
      "\r\n \r\n*1\r\n$2\r\n\r\n\r\n",
  };
  return streams;
}

std::vector<RequestLimits> Bounds() {
  RequestLimits unauthenticated;
  unauthenticated.authenticated = false;
  RequestLimits small;
  small.bulk_bytes_max = 9;
  small.args_max = 2;
  return {RequestLimits(), unauthenticated, small};
}

TEST(RequestSplit, EverySplitOfAShortStreamInThree) {
  for (const RequestLimits& bounds : Bounds()) {
    for (const std::string& stream : ShortStreams()) {
      const RequestEvents whole = Feed(stream, {}, bounds);
      for (size_t first = 0; first <= stream.size(); ++first) {
        for (size_t second = first; second <= stream.size(); ++second) {
          ASSERT_EQ(Feed(stream, {first, second}, bounds), whole)
              << stream << " split at " << first << " and " << second;
        }
      }
    }
  }
}

TEST(RequestSplit, EverySubsetOfCutsOfATinyStream) {
  for (const std::string& stream :
       {"*1\r\n$2\r\nab\r\n"s, "\"a\\x41\"\r\n*1\r\n"s, "*1\r\nx\r\n"s}) {
    const RequestEvents whole = Feed(stream);
    for (uint32_t mask = 0; mask < (1U << (stream.size() - 1)); ++mask) {
      std::vector<size_t> cuts;
      for (size_t i = 1; i < stream.size(); ++i) {
        if ((mask >> (i - 1)) & 1U) cuts.push_back(i);
      }
      ASSERT_EQ(Feed(stream, cuts, RequestLimits()), whole) << stream << " mask " << mask;
    }
  }
}

TEST(RequestSplit, ByteByByte) {
  for (const std::string& stream : ShortStreams()) {
    std::vector<size_t> cuts(stream.size());
    for (size_t i = 0; i < cuts.size(); ++i) cuts[i] = i;
    EXPECT_EQ(Feed(stream, cuts, RequestLimits()), Feed(stream)) << stream;
  }
}

TEST(RequestSplit, LongLinesAreRefusedAlikeInEverySplit) {
  const std::string digits(limits::kProtocolLineBytesMax, '1');
  for (const std::string& stream :
       {"*" + digits + "\r\n", "*1\r\n$" + digits + "\r\n", "x" + digits + "\n", digits + "\n",
        "*1\r\n" + digits + "\r\n", "*1\r\nx" + digits + "\r\n"}) {
    const RequestEvents whole = Feed(stream);
    for (size_t cut = stream.size() - 20; cut <= stream.size(); ++cut) {
      ASSERT_EQ(Feed(stream, {cut}, RequestLimits()), whole) << "split at " << cut;
    }
  }
}

TEST(RequestSplit, RandomStreamsInRandomPieces) {
  const auto seed = std::random_device()();
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int round = 0; round < 3'000; ++round) {
    const std::string stream = RandomStream(&random);
    const RequestLimits bounds = Bounds()[random() % 3];
    std::vector<size_t> cuts(random() % 12);
    for (size_t& cut : cuts) cut = random() % (stream.size() + 1);
    std::sort(cuts.begin(), cuts.end());
    ASSERT_EQ(Feed(stream, cuts, bounds), Feed(stream, {}, bounds)) << stream;
  }
}

}  // namespace
}  // namespace tideway::resp
