#include "backend/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "backend/limits.h"

namespace tideway::log {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::MatchesRegex;

// 2026-11-22 23:48:11.123 UTC.
constexpr std::chrono::system_clock::time_point kTime{milliseconds(1795391291123)};

Record At(Level level, std::string_view message) { return {level, kTime, 12345, message}; }

class UtcTime : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

using TextLineTest = UtcTime;

TEST_F(TextLineTest, LooksLikeRedis) {
  EXPECT_EQ(TextLine(At(Level::kNotice, "message")),
            "12345:M 22 Nov 2026 23:48:11.123 * message\n");
}

TEST_F(TextLineTest, MarksEachLevel) {
  EXPECT_THAT(TextLine(At(Level::kDebug, "m")), HasSubstr(".123 . m"));
  EXPECT_THAT(TextLine(At(Level::kVerbose, "m")), HasSubstr(".123 - m"));
  EXPECT_THAT(TextLine(At(Level::kWarning, "m")), HasSubstr(".123 # m"));
}

TEST_F(TextLineTest, ClientBytesCannotForgeALine) {
  EXPECT_THAT(TextLine(At(Level::kNotice, "a\r\n1:M forged\x1b[31m")),
              HasSubstr("* a\\r\\n1:M forged\\x1b[31m\n"));
}

TEST_F(TextLineTest, LongMessageIsCutAndSaysSo) {
  const std::string message(limits::kLogMessageBytesMax + 7, 'x');
  const std::string line = TextLine(At(Level::kNotice, message));
  EXPECT_THAT(line, HasSubstr("xxx... (7 more bytes)\n"));
}

TEST(JsonLineTest, IsOneObject) {
  EXPECT_EQ(JsonLine(At(Level::kNotice, "hi")),
            "{\"time\":\"2026-11-22T23:48:11.123Z\",\"level\":\"notice\",\"pid\":12345,"
            "\"message\":\"hi\"}\n");
}

TEST(JsonLineTest, AnyBytesGiveValidJson) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  all += "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a \xed\xa0\x80 \xc0\x80 \xf4\x90\x80\x80 \xe2\x82";
  const auto parsed = nlohmann::json::parse(JsonLine(At(Level::kWarning, all)));
  const auto message = parsed["message"].get<std::string>();
  EXPECT_THAT(message, HasSubstr("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a "));
  EXPECT_THAT(message, HasSubstr("\xef\xbf\xbd"));
  EXPECT_EQ(parsed["level"], "warning");
}

class LogFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tideway-log-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = (folder_ / "server.log").string();
  }
  void TearDown() override {
    ASSERT_TRUE(Configure({}).ok());
    std::filesystem::remove_all(folder_);
  }
  static std::string Read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(LogFileTest, WritesFormattedLines) {
  ASSERT_TRUE(Configure({Level::kNotice, Format::kText, path_}).ok());
  Notice("{} and {}", 1, "two");
  Warning("{{}}");
  EXPECT_THAT(Read(path_), MatchesRegex("[0-9]+:M .* \\* 1 and two\n[0-9]+:M .* # \\{\\}\n"));
}

TEST_F(LogFileTest, LevelThatIsOffIsNotFormatted) {
  ASSERT_TRUE(Configure({Level::kWarning, Format::kText, path_}).ok());
  EXPECT_FALSE(Enabled(Level::kNotice));
  Notice("{}", "quiet");
  Message(Level::kVerbose, "quiet");
  EXPECT_EQ(Read(path_), "");
  SetLevel(Level::kDebug);
  Debug("{}", "heard");
  Verbose("{}", "heard");
  EXPECT_THAT(Read(path_), MatchesRegex(".* \\. heard\n.* - heard\n"));
}

TEST_F(LogFileTest, JsonOnRequest) {
  ASSERT_TRUE(Configure({Level::kNotice, Format::kJson, path_}).ok());
  Notice("a \"quoted\" word");
  const auto parsed = nlohmann::json::parse(Read(path_));
  EXPECT_EQ(parsed["message"], "a \"quoted\" word");
  EXPECT_EQ(parsed["pid"], getpid());
}

TEST_F(LogFileTest, UnusableFileIsAnErrorAndChangesNothing) {
  ASSERT_TRUE(Configure({Level::kNotice, Format::kText, path_}).ok());
  const auto bad = Configure({Level::kDebug, Format::kText, (folder_ / "no/such").string()});
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, Errc::kIo);
  EXPECT_THAT(bad.error().detail, HasSubstr("No such file or directory"));
  EXPECT_FALSE(Enabled(Level::kDebug));
  Notice("still here");
  EXPECT_THAT(Read(path_), HasSubstr("still here"));
}

TEST_F(LogFileTest, FollowsARotatedFile) {
  ASSERT_TRUE(Configure({Level::kNotice, Format::kText, path_}).ok());
  Notice("before");
  std::filesystem::rename(path_, path_ + ".1");
  Notice("after");
  EXPECT_THAT(Read(path_ + ".1"), HasSubstr("before"));
  EXPECT_THAT(Read(path_), HasSubstr("after"));
}

TEST_F(LogFileTest, LinesOfManyThreadsStayWhole) {
  ASSERT_TRUE(Configure({Level::kNotice, Format::kText, path_}).ok());
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) Notice("thread {} says {}", t, std::string(100, 'x'));
    });
  }
  for (auto& thread : threads) thread.join();
  std::ifstream in(path_);
  std::string line;
  int lines = 0;
  while (std::getline(in, line)) {
    EXPECT_THAT(line, MatchesRegex("[0-9]+:M .* \\* thread [0-3] says x+"));
    ++lines;
  }
  EXPECT_EQ(lines, 800);
}

}  // namespace
}  // namespace tideway::log
