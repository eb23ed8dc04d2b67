#include "resp/config/commandline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "backend/version.h"
#include "resp/config/setting_table.h"
#include "tests/support/temp_folder.h"

namespace tideway::resp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::TempFolder;

Result<StartOptions> Parse(const std::vector<std::string>& args, const std::string& input = "") {
  std::istringstream standard_input(input);
  return ParseCommandLine(args, standard_input);
}

StartOptions Good(const std::vector<std::string>& args, const std::string& input = "") {
  auto options = Parse(args, input);
  EXPECT_TRUE(options.ok()) << options.error().detail;
  return options.ok() ? std::move(options).value() : StartOptions{};
}

std::string Bad(const std::vector<std::string>& args) {
  const auto options = Parse(args);
  return options.ok() ? "no error" : options.error().detail;
}

TEST(CommandLine, NothingGivesTheDefaults) {
  const StartOptions options = Good({});
  EXPECT_EQ(options.action, StartAction::kServe);
  EXPECT_EQ(options.settings.port, 6379);
  EXPECT_EQ(options.config_file, "");
}

TEST(CommandLine, EverySettingIsAnOption) {
  const Settings settings =
      Good({"--port", "6380", "--appendfsync", "always", "--client-output-buffer-limit", "pubsub",
            "32mb", "8mb", "60", "--bind", "127.0.0.1", "::1", "--save", ""})
          .settings;
  EXPECT_EQ(settings.port, 6380);
  EXPECT_EQ(settings.appendfsync, AppendFsync::kAlways);
  EXPECT_EQ(settings.pubsub_output.hard_bytes, 32 << 20);
  EXPECT_THAT(settings.bind, ElementsAre("127.0.0.1", "::1"));
  EXPECT_TRUE(settings.save.empty());
}

TEST(CommandLine, NameAndValueMayBeOneArgument) {
  EXPECT_EQ(Good({"--port 6380", "--timeout", "3"}).settings.port, 6380);
  EXPECT_EQ(Good({"--port=6380", "--timeout=3"}).settings.port, 6380);
  EXPECT_EQ(Good({"--requirepass=a=b"}).settings.requirepass, "a=b");
  EXPECT_EQ(Good({"--slowlog-log-slower-than", "-1"}).settings.slowlog_log_slower_than.count(), -1);
}

TEST(CommandLine, SaveMayStandWithoutAValue) {
  EXPECT_TRUE(Good({"--save"}).settings.save.empty());
  const Settings settings = Good({"--save", "--timeout", "3"}).settings;
  EXPECT_TRUE(settings.save.empty());
  EXPECT_EQ(settings.timeout.count(), 3);
  EXPECT_EQ(Good({"--save", "900", "1", "--save", "300 10"}).settings.save.size(), 2u);
}

TEST(CommandLine, FileThenInputThenOptions) {
  const TempFolder folder;
  const std::string path = folder.Write("a.conf", "port 1\ntimeout 1\ntcp-backlog 1\n");
  const StartOptions options = Good({path, "--tcp-backlog", "3", "-"}, "timeout 2\ntcp-backlog 2");
  EXPECT_EQ(options.settings.port, 1);
  EXPECT_EQ(options.settings.timeout.count(), 2);
  EXPECT_EQ(options.settings.tcp_backlog, 3);
  EXPECT_EQ(options.config_file, path);
  EXPECT_EQ(Good({"-"}, "port 7").settings.port, 7);
  EXPECT_EQ(Good({"--timeout", "3", "--config", path}).settings.timeout.count(), 3);
  EXPECT_EQ(Good({"--config=" + path}).config_file, path);
}

TEST(CommandLine, ActionsAreRecognised) {
  EXPECT_EQ(Good({"--help"}).action, StartAction::kHelp);
  EXPECT_EQ(Good({"-h"}).action, StartAction::kHelp);
  EXPECT_EQ(Good({"--version"}).action, StartAction::kVersion);
  EXPECT_EQ(Good({"-v"}).action, StartAction::kVersion);
  EXPECT_EQ(Good({"--print-commands-markdown"}).action, StartAction::kPrintCommands);
  EXPECT_EQ(Good({"--port", "1", "--check-config"}).action, StartAction::kCheckConfig);
  EXPECT_THAT(Bad({"--check-config", "--port", "x"}), HasSubstr("parsed into an integer"));
}

TEST(CommandLine, ErrorsSayWhatAndWhere) {
  EXPECT_EQ(Bad({"--prt", "1"}),
            "\n*** FATAL CONFIG FILE ERROR (tideway " + std::string(Version()) +
                ") ***\nReading the command line\n>>> 'prt \"1\"'\n"
                "Bad directive or wrong number of arguments, did you mean 'port'?\n");
  EXPECT_THAT(Bad({"--port"}), HasSubstr("wrong number of arguments"));
  EXPECT_THAT(Bad({"--port", "1", "2"}), HasSubstr(">>> 'port \"1\" \"2\"'"));
  EXPECT_THAT(Bad({"--timeout", "--port"}), HasSubstr(">>> 'timeout \"--port\"'"));
  EXPECT_THAT(Bad({"--requirepass", "hunter2", "x"}), HasSubstr("requirepass (redacted)"));
  EXPECT_THAT(Bad({"-x"}), HasSubstr("Unexpected argument '-x'"));
  EXPECT_THAT(Bad({"--check-config", "-x"}), HasSubstr("Unexpected argument '-x'"));
  EXPECT_THAT(Bad({"--check-config", "/no/such.conf"}), HasSubstr("'/no/such.conf'"));
  EXPECT_THAT(Bad({"/no/such.conf"}), HasSubstr("can't open config file '/no/such.conf'"));
  EXPECT_THAT(Bad({"a.conf", "--config", "b.conf"}), HasSubstr("Two configuration files"));
  EXPECT_THAT(Bad({"--config"}), HasSubstr("--config needs a file"));
}

Result<StartOptions> ParseWith(const std::vector<std::string>& environment,
                               const std::vector<std::string>& args = {}) {
  std::istringstream nothing;
  return ParseCommandLine(args, nothing, environment);
}

TEST(CommandLine, EnvironmentIsStrongerThanTheFileAndWeakerThanOptions) {
  const TempFolder folder;
  const std::string file = folder.Write("t.conf", "port 1\ntimeout 1\nsave 60 1\n");
  const auto options = ParseWith(
      {"TIDEWAY_PORT=2", "TIDEWAY_TIMEOUT=2", "TIDEWAY_TCP_BACKLOG=2",
       "TIDEWAY_SAVE=", "TIDEWAY_REQUIREPASS=two words", "TIDEWAY_BIND=127.0.0.1 -::1", "PORT=3"},
      {file, "--timeout", "3"});
  ASSERT_TRUE(options.ok()) << options.error().detail;
  const Settings& settings = options.value().settings;
  EXPECT_EQ(settings.port, 2);
  EXPECT_EQ(settings.timeout.count(), 3);
  EXPECT_EQ(settings.tcp_backlog, 2);
  EXPECT_TRUE(settings.save.empty());
  EXPECT_EQ(settings.requirepass, "two words");
  EXPECT_THAT(settings.bind, ElementsAre("127.0.0.1", "-::1"));
}

TEST(CommandLine, EnvironmentOfOthersIsLeftAlone) {
  const auto options = ParseWith({"TIDEWAY_PORT=tcp://10.0.0.1:6379", "TIDEWAY_SERVICE_HOST=x",
                                  "TIDEWAY_TIMEOUT=", "TIDEWAY_", "TIDEWAY_BIN=/x", "=C:=x"});
  ASSERT_TRUE(options.ok()) << options.error().detail;
  EXPECT_EQ(options.value().settings, Good({}).settings);
}

TEST(CommandLine, BehindTheFileANameNeedsNoDashes) {
  const TempFolder folder;
  const std::string file = folder.Write("t.conf", "port 1\n");
  const Settings settings =
      Good({file, "loglevel", "verbose", "--timeout '7'", "--hz", "20"}).settings;
  EXPECT_EQ(settings.port, 1);
  EXPECT_EQ(settings.loglevel, log::Level::kVerbose);
  EXPECT_EQ(settings.timeout.count(), 7);
  EXPECT_EQ(settings.hz, 20);
}

TEST(CommandLine, WrongVariablesAreNamed) {
  EXPECT_THAT(ParseWith({"TIDEWAY_PORT=x"}).error().detail,
              HasSubstr("Reading the environment variable TIDEWAY_PORT\n"));
}

TEST(HelpText, NamesEverySettingOnceAndFitsATerminal) {
  const std::string help = HelpText();
  for (const SettingRow* row : AllSettings()) {
    if (row->Has(kHidden)) continue;
    EXPECT_THAT(help, HasSubstr(" " + std::string(row->name))) << row->name;
  }
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 120u) << line;
}

TEST(VersionText, IsOneLine) {
  EXPECT_EQ(VersionText(), "tideway " + std::string(Version()) + "\n");
}

}  // namespace
}  // namespace tideway::resp
