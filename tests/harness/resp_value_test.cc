#include "tests/harness/resp_value.h"

#include <gtest/gtest.h>

namespace tideway::tests {
namespace {

const std::vector<std::string>& Frames() {
  static const std::vector<std::string> frames = {
      "+OK\r\n",
      "-ERR no\r\n",
      ":-12\r\n",
      "_\r\n",
      "#t\r\n",
      ",1.5\r\n",
      "(123456789012345678901234567890\r\n",
      "$-1\r\n",
      "$0\r\n\r\n",
      "$4\r\na\r\nb\r\n",
      "=6\r\ntxt:ab\r\n",
      "*-1\r\n",
      "*0\r\n",
      "*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
      "%1\r\n+k\r\n~2\r\n:1\r\n:2\r\n",
      ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n",
      "|1\r\n+k\r\n+v\r\n:5\r\n",
  };
  return frames;
}

TEST(FrameLength, IsThatOfTheFirstFrameAndNothingBeforeItIsWhole) {
  for (const std::string& frame : Frames()) {
    EXPECT_EQ(FrameLength(frame + "+next\r\n"), static_cast<std::ptrdiff_t>(frame.size())) << frame;
    for (std::size_t cut = 0; cut < frame.size(); ++cut) {
      EXPECT_EQ(FrameLength(frame.substr(0, cut)), 0) << frame << " cut at " << cut;
    }
  }
}

TEST(FrameLength, RefusesWhatIsNoResp) {
  EXPECT_EQ(FrameLength("hello\r\n"), -1);
  EXPECT_EQ(FrameLength("$x\r\n"), -1);
  EXPECT_EQ(FrameLength("$-2\r\n"), -1);
  EXPECT_EQ(FrameLength("$1\r\nabc\r\n"), -1);
}

TEST(ParseFrame, FormatsBackToTheSameBytes) {
  for (const std::string& frame : Frames()) {
    if (frame[0] == '|') continue;  // an attribute is not part of the value behind it
    EXPECT_EQ(FormatFrame(ParseFrame(frame)), frame);
  }
}

TEST(ParseFrame, TellsTypesAndNulls) {
  EXPECT_TRUE(ParseFrame("$-1\r\n").null);
  EXPECT_TRUE(ParseFrame("_\r\n").null);
  EXPECT_NE(ParseFrame("$-1\r\n"), ParseFrame("*-1\r\n"));
  EXPECT_EQ(ParseFrame(":7\r\n").integer(), 7);
  EXPECT_EQ(ParseFrame("$1\r\n7\r\n").integer(), std::nullopt);
  EXPECT_TRUE(ParseFrame("-ERR\r\n").is_error());
  EXPECT_EQ(ParseFrame("%1\r\n+k\r\n+v\r\n").items.size(), 2u);
}

TEST(Printable, EscapesAndCuts) {
  EXPECT_EQ(Printable(std::string_view("a\r\n\0\xff\"", 6)), "a\\r\\n\\x00\\xff\\\"");
  EXPECT_EQ(Printable("abcdef", 3), "abc… (6 bytes)");
}

}  // namespace
}  // namespace tideway::tests
