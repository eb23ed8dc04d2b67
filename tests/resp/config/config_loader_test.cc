#include "resp/config/config_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "backend/event.h"
#include "backend/version.h"
#include "tests/support/temp_folder.h"

namespace tideway::resp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_support::TempFolder;

/// The settings of a text; the test fails when it is refused.
Settings Load(std::string_view text) {
  ConfigLoader loader;
  const Status loaded = loader.LoadText(text, "a test");
  EXPECT_TRUE(loaded.ok()) << loaded.error().detail;
  return loader.settings();
}

std::string LoadError(std::string_view text) {
  ConfigLoader loader;
  const Status loaded = loader.LoadText(text, "the configuration file 'x'");
  return loaded.ok() ? "no error" : loaded.error().detail;
}

/// The last line of the error: what is wrong.
std::string Why(std::string_view text) {
  std::string error = LoadError(text);
  if (error.ends_with('\n')) error.pop_back();
  return error.substr(error.rfind('\n') + 1);
}

LoadedConfig Finish(std::string_view text) {
  ConfigLoader loader;
  EXPECT_TRUE(loader.LoadText(text, "a test").ok());
  auto finished = loader.Finish();
  EXPECT_TRUE(finished.ok()) << finished.error().detail;
  return finished.ok() ? std::move(finished).value() : LoadedConfig{};
}

TEST(ConfigLoader, ReadsRedisConfSyntax) {
  const Settings settings = Load(
      "# a comment\n"
      "\n"
      "  Port 6380  \r\n"
      "\tbind 127.0.0.1 -::1\n"
      "requirepass \"a \\\"b\\\"\"\n"
      "maxmemory 1gb\n"
      "APPENDFSYNC Always\n"
      "unixsocketperm 700\n"
      "client-output-buffer-limit normal 0 0 0 slave 256mb 64mb 60 pubsub 1mb 2k 3\n"
      "notify-keyspace-events KEA\n"
      "timeout 5");
  EXPECT_EQ(settings.port, 6380);
  EXPECT_THAT(settings.bind, ElementsAre("127.0.0.1", "-::1"));
  EXPECT_EQ(settings.requirepass, "a \"b\"");
  EXPECT_EQ(settings.maxmemory, 1 << 30);
  EXPECT_EQ(settings.appendfsync, AppendFsync::kAlways);
  EXPECT_EQ(settings.unixsocketperm, 0700);
  EXPECT_EQ(settings.pubsub_output, (OutputBufferLimit{1 << 20, 2000, std::chrono::seconds(3)}));
  EXPECT_EQ(settings.notify_keyspace_events,
            backend::kNotifyAll | backend::kNotifyKeyspace | backend::kNotifyKeyevent);
  EXPECT_EQ(settings.timeout, std::chrono::seconds(5));
}

TEST(ConfigLoader, LastValueCounts) {
  EXPECT_EQ(Load("port 1\nport 2\n").port, 2);
  EXPECT_EQ(
      Load("hash-max-listpack-entries 1\nhash-max-ziplist-entries 2\n").hash_max_listpack_entries,
      2);
}

TEST(ConfigLoader, SaveLinesReplaceTheDefaultAndAddUp) {
  const auto points = [](std::string_view text) {
    return FormatSetting(*FindSetting("save"), Load(text));
  };
  EXPECT_EQ(points(""), "3600 1 300 100 60 10000");
  EXPECT_EQ(points("save 900 1\nsave 300 10\n"), "900 1 300 10");
  EXPECT_EQ(points("save \"900 1 300 10\"\n"), "900 1 300 10");
  EXPECT_EQ(points("save \"\"\n"), "");
  EXPECT_EQ(points("save 900 1\nsave \"\"\nsave 1 2\n"), "1 2");
}

TEST(ConfigLoader, ErrorsNameFileLineAndSetting) {
  EXPECT_EQ(LoadError("# one\nport 1\napendfsync always\n"),
            "\n*** FATAL CONFIG FILE ERROR (tideway " + std::string(Version()) +
                ") ***\n"
                "Reading the configuration file 'x', at line 3\n"
                ">>> 'apendfsync always'\n"
                "Bad directive or wrong number of arguments, did you mean 'appendfsync'?\n");
}

TEST(ConfigLoader, ErrorTextsAreRedis) {
  const std::pair<const char*, const char*> kCases[] = {
      {"port", "wrong number of arguments"},
      {"port 1 2", "wrong number of arguments"},
      {"port abc", "argument couldn't be parsed into an integer"},
      {"port 99999", "argument must be between 0 and 65535 inclusive"},
      {"appendfsync bogus", "argument(s) must be one of the following: everysec, always, no"},
      {"appendonly 1", "argument must be 'yes' or 'no'"},
      {"save 1", "Invalid save parameters"},
      {"save 0 1", "Invalid save parameters"},
      {"port \"123", "Unbalanced quotes in configuration line"},
      {"include", "Bad directive or wrong number of arguments"},
      {"client-output-buffer-limit normal 0 0",
       "Wrong number of arguments in buffer limit configuration."},
      {"client-output-buffer-limit foo 0 0 0",
       "Invalid client class specified in buffer limit configuration."},
      {"client-output-buffer-limit normal 0 0 -1",
       "Error in hard, soft or soft_seconds setting in buffer limit configuration."},
      {"notify-keyspace-events q", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."},
      {"requirepass", "wrong number of arguments"},
      {"unixsocketperm 999", "argument couldn't be parsed as an octal number"},
      {"unixsocketperm 1000", "argument must be between 0 and 777 inclusive"},
      {"maxmemory 1zb", "argument must be a memory value"},
      {"maxmemory-clients 101%", "percentage argument must be less or equal to 100"},
      {"maxclients 0", "argument must be between 1 and 4294967295 inclusive"},
      {"io-threads 0", "argument must be between 1 and 128 inclusive"},
      {"oom-score-adj-values 1", "wrong number of arguments"},
      {"loglevel x", "argument(s) must be one of the following: debug, verbose, notice, warning"},
      {"timeout \"\"", "argument couldn't be parsed into an integer"},
      {"supervised foo", "argument(s) must be one of the following: upstart, systemd, auto, no"},
      {"replicaof a", "wrong number of arguments"},
  };
  for (const auto& [line, why] : kCases) EXPECT_THAT(Why(line), HasSubstr(why)) << line;
}

TEST(ConfigLoader, DirectivesThatWouldChangeMeaningAreRefused) {
  EXPECT_THAT(Why("rename-command FLUSHALL \"\""), HasSubstr("commands cannot be renamed"));
  EXPECT_THAT(Why("loadmodule /x.so"), HasSubstr("no modules"));
  EXPECT_THAT(Why("user alice on >pw ~* +@all"), HasSubstr("use requirepass"));
  EXPECT_THAT(Why("cdc-listen 0.0.0.0:9092"), HasSubstr("not in this version"));
}

TEST(ConfigLoader, SecretsAreNotShown) {
  EXPECT_THAT(LoadError("requirepass hunter2 x"),
              testing::AllOf(HasSubstr(">>> 'requirepass (redacted)'"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(LoadError("requirpass hunter2"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(LoadError("user bob >hunter2"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(LoadError("masterauth \"hunter2"), Not(HasSubstr("hunter2")));
}

TEST(ConfigLoader, DefaultUserOfARewrittenRedisFileIsAccepted) {
  Load("user default on nopass sanitize-payload ~* &* +@all\n");
  EXPECT_THAT(Why("user default on >pw ~* +@all"), HasSubstr("use requirepass"));
  Finish("requirepass x\nuser default on #2d711642b7 ~* &* +@all\n");
  ConfigLoader hash_only;
  ASSERT_TRUE(hash_only.LoadText("user default on #2d711642b7 ~* &* +@all", "a test").ok());
  EXPECT_THAT(hash_only.Finish().error().detail, HasSubstr("set requirepass"));
}

TEST(ConfigLoader, IncludesFilesAndGlobs) {
  const TempFolder folder;
  folder.Write("1.inc", "port 1\ntimeout 1\n");
  folder.Write("2.inc", "port 2\n");
  const std::string path =
      folder.Write("main.conf", "port 9\ninclude " + folder / "*.inc" + "\ninclude " +
                                    folder / "none*.inc" + "\ntcp-backlog 7\n");
  ConfigLoader loader;
  ASSERT_TRUE(loader.LoadFile(path).ok());
  EXPECT_EQ(loader.settings().port, 2);
  EXPECT_EQ(loader.settings().timeout, std::chrono::seconds(1));
  EXPECT_EQ(loader.settings().tcp_backlog, 7);
}

TEST(ConfigLoader, ErrorInAnIncludedFileNamesThatFile) {
  const TempFolder folder;
  const std::string bad = folder.Write("bad.inc", "\nport x\n");
  ConfigLoader loader;
  const Status loaded = loader.LoadFile(folder.Write("main.conf", "include " + bad + "\n"));
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().detail, HasSubstr("'" + bad + "', at line 2"));
}

TEST(ConfigLoader, CircleOfIncludesEnds) {
  const TempFolder folder;
  const std::string path = folder / "a.conf";
  folder.Write("a.conf", "include " + path + "\n");
  ConfigLoader loader;
  const Status loaded = loader.LoadFile(path);
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().detail, HasSubstr("is it a circle?"));
}

TEST(ConfigLoader, FilesThatCannotBeReadAreNamed) {
  const TempFolder folder;
  ConfigLoader loader;
  const Status missing = loader.LoadFile(folder / "no.conf");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Errc::kIo);
  EXPECT_EQ(missing.error().detail, "Fatal error, can't open config file '" + folder / "no.conf" +
                                        "': No such file or directory\n");
  const Status directory = loader.LoadFile(folder.path().string());
  ASSERT_FALSE(directory.ok());
  EXPECT_THAT(directory.error().detail, HasSubstr("Is a directory"));
  EXPECT_THAT(loader.LoadFile("/dev/zero").error().detail, HasSubstr("more than 16777216 bytes"));
}

TEST(ConfigLoaderFinish, PathsBecomeAbsolute) {
  const std::string here = std::filesystem::current_path().string();
  const Settings without_dir = Finish("logfile a.log\n").settings;
  EXPECT_EQ(without_dir.dir, here + "/tideway-data");
  EXPECT_EQ(without_dir.logfile, here + "/a.log");
  EXPECT_EQ(without_dir.pidfile, "");
  const Settings with_dir = Finish("logfile a.log\nunixsocket ../s\ndir /var/lib/x\n").settings;
  EXPECT_EQ(with_dir.logfile, "/var/lib/x/a.log");
  EXPECT_EQ(with_dir.unixsocket, "/var/lib/s");
}

/// Why the text is refused once all of it is read; empty when it is not.
std::string WhyAtTheEnd(std::string_view text) {
  ConfigLoader loader;
  EXPECT_TRUE(loader.LoadText(text, "a test").ok());
  const auto finished = loader.Finish();
  return finished.ok() ? "" : finished.error().detail;
}

TEST(ConfigLoaderFinish, TheBusIsCheckedAtTheStart) {
  EXPECT_THAT(WhyAtTheEnd("bus redis://:hunter2@localhost"),
              testing::AllOf(HasSubstr("bus: the address must begin with nats://"),
                             Not(HasSubstr("hunter2"))));
  EXPECT_THAT(WhyAtTheEnd("bus nats://localhost\nbus-nkey UABC"), HasSubstr("go together"));
  EXPECT_THAT(WhyAtTheEnd("bus nats://localhost\nbus-subject-prefix a.b"),
              HasSubstr("bus-subject-prefix"));
  EXPECT_EQ(WhyAtTheEnd("bus nats://u:p%40@localhost,[::1]:4223"), "");
}

TEST(ConfigLoaderFinish, RefusesABackendThatIsNone) {
  ConfigLoader loader;
  ASSERT_TRUE(loader.LoadText("backend redis://:hunter2@localhost", "a test").ok());
  const std::string why = loader.Finish().error().detail;
  EXPECT_THAT(why, HasSubstr("backend: "));
  EXPECT_THAT(why, Not(HasSubstr("hunter2")));
}

TEST(ConfigLoaderFinish, RefusesToListenNowhere) {
  ConfigLoader loader;
  ASSERT_TRUE(loader.LoadText("port 0", "a test").ok());
  EXPECT_THAT(loader.Finish().error().detail, HasSubstr("Configured to not listen anywhere"));
  Finish("port 0\nunixsocket /tmp/x\n");
}

TEST(ConfigLoaderFinish, RefusesSocketPathsThatTheSystemCannotHold) {
  ConfigLoader loader;
  ASSERT_TRUE(loader.LoadText("unixsocket /" + std::string(107, 'x'), "a test").ok());
  EXPECT_THAT(loader.Finish().error().detail, HasSubstr("108 bytes, and the system allows 107"));
}

TEST(ConfigLoaderFinish, AppendOnlyTellsTheTruth) {
  EXPECT_TRUE(Finish("").settings.appendonly);
  EXPECT_FALSE(Finish("storage memory\n").settings.appendonly);
  EXPECT_FALSE(Finish("appendonly no\nsave \"\"\n").settings.appendonly);
  const LoadedConfig kept = Finish("appendonly no\n");
  EXPECT_TRUE(kept.settings.appendonly);
  EXPECT_THAT(kept.notices, ElementsAre(HasSubstr("the journal stays on")));
}

TEST(ConfigLoaderFinish, NamesWhatHasNoEffect) {
  EXPECT_THAT(Finish("rdbcompression no\nactivedefrag yes\nlfu-decay-time 1\n").notices,
              ElementsAre("These settings are accepted for Redis's sake and have no effect: "
                          "activedefrag, rdbcompression (and 1 more, left at their defaults)"));
  EXPECT_THAT(Finish("lfu-decay-time 1\n").notices, IsEmpty());
}

TEST(ConfigLoaderFinish, DistributionsFileLoads) {
  // The settings of Debian's redis.conf.
  const LoadedConfig loaded = Finish(R"(
bind 127.0.0.1 -::1
protected-mode yes
port 6379
tcp-backlog 511
timeout 0
tcp-keepalive 300
daemonize yes
pidfile /run/redis/redis-server.pid
loglevel notice
logfile /var/log/redis/redis-server.log
databases 16
always-show-logo no
set-proc-title yes
proc-title-template "{title} {listen-addr} {server-mode}"
stop-writes-on-bgsave-error yes
rdbcompression yes
dbfilename dump.rdb
dir /var/lib/redis
replica-serve-stale-data yes
repl-diskless-sync yes
acllog-max-len 128
lazyfree-lazy-eviction no
oom-score-adj no
oom-score-adj-values 0 200 800
disable-thp yes
appendonly no
appendfilename "appendonly.aof"
appenddirname "appendonlydir"
appendfsync everysec
no-appendfsync-on-rewrite no
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
slowlog-log-slower-than 10000
notify-keyspace-events ""
hash-max-listpack-entries 512
list-max-listpack-size -2
zset-max-listpack-entries 128
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 256mb 64mb 60
client-output-buffer-limit pubsub 32mb 8mb 60
hz 10
dynamic-hz yes
jemalloc-bg-thread yes
)");
  EXPECT_TRUE(loaded.settings.daemonize);
  EXPECT_EQ(loaded.settings.dir, "/var/lib/redis");
  EXPECT_TRUE(loaded.settings.appendonly) << "Redis would have kept its data";
  EXPECT_THAT(loaded.settings.hints, IsEmpty());
  EXPECT_THAT(loaded.notices, ElementsAre(HasSubstr("the journal stays on")));
}

TEST(ConfigLoaderFinish, InstalledRedisConfLoads) {
  const std::string path = "/etc/redis/redis.conf";
  ConfigLoader loader;
  const Status loaded = loader.LoadFile(path);
  if (!loaded.ok() && loaded.error().code == Errc::kIo) {
    GTEST_SKIP() << "no readable " << path << " on this machine";
  }
  ASSERT_TRUE(loaded.ok()) << loaded.error().detail;
  EXPECT_TRUE(loader.Finish().ok());
}

}  // namespace
}  // namespace tideway::resp
