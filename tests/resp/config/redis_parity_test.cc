// Names, values and error texts, compared with a redis-server of the machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resp/config/config_command.h"
#include "resp/config/config_loader.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_folder.h"

namespace tideway::resp {
namespace {

using testing_support::RedisServer;
using testing_support::TempFolder;

/// A redis-server and a connection to it; or the reason why there is none.
class Redis {
 public:
  Redis() : server_(RedisServer::Start({}, &why_)) {
    if (server_ == nullptr) return;
    connection_.reset(redisConnectUnix(server_->socket_path().c_str()));
    if (connection_ == nullptr || connection_->err != 0) why_ = "redis-server takes no connection";
  }

  const std::string& why() const { return why_; }

  /// CONFIG SET: "OK", or the error text without "ERR ".
  std::string Set(std::string_view name, std::string_view value) {
    return Call({"CONFIG", "SET", name, value});
  }
  std::string Get(std::string_view name) { return Call({"CONFIG", "GET", name}); }

  /// The elements of an array, or the one text of another reply.
  std::vector<std::string> Array(const std::vector<std::string_view>& words) {
    std::vector<const char*> data;
    std::vector<size_t> sizes;
    for (const std::string_view word : words) {
      data.push_back(word.data());
      sizes.push_back(word.size());
    }
    const std::unique_ptr<redisReply, void (*)(void*)> reply(
        static_cast<redisReply*>(redisCommandArgv(connection_.get(), static_cast<int>(data.size()),
                                                  data.data(), sizes.data())),
        &freeReplyObject);
    if (reply == nullptr) return {"connection lost"};
    std::vector<std::string> texts;
    if (reply->type == REDIS_REPLY_ARRAY) {
      for (size_t i = 0; i < reply->elements; ++i) {
        texts.emplace_back(reply->element[i]->str, reply->element[i]->len);
      }
      return texts;
    }
    texts.emplace_back(reply->str, reply->len);
    return texts;
  }

 private:
  std::string Call(const std::vector<std::string_view>& words) {
    const auto texts = Array(words);
    std::string text = texts.empty() ? "nothing" : texts.back();
    return text.starts_with("ERR ") ? text.substr(4) : text;
  }

  std::string why_;
  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<redisContext, void (*)(redisContext*)> connection_{nullptr, &redisFree};
};

class RedisParity : public testing::Test {
 protected:
  void SetUp() override {
    if (!redis_.why().empty()) GTEST_SKIP() << redis_.why();
  }
  Redis redis_;
};

std::string SetHere(std::string_view name, std::string_view value, Settings& settings) {
  auto result = ConfigSet(settings, std::vector<std::string_view>{name, value});
  if (!result.ok()) return result.error().detail;
  settings = std::move(result.value().settings);
  return "OK";
}

/// Settings whose values differ on purpose.
bool DiffersOnPurpose(const SettingRow& row) {
  static const std::set<std::string_view> names = {
      // This would move the server that the test talks to.
      "port", "bind",
      // Where Redis was started, or how this test starts it.
      "dir", "save", "appendonly", "unixsocket", "logfile",
      // Redis counts databases without a bound, and 2^64-1 bytes of memory.
      // And it believes that it can hold 2^63-1 bytes in one value.
      "proto-max-bulk-len", "databases", "maxmemory", "maxmemory-clients",
      "cluster-link-sendbuf-limit",
      // Here the template is only kept.
      "proc-title-template", "cluster-announce-hostname",
      // Redis would load them.
      "tls-ca-cert-dir", "tls-ca-cert-file", "tls-cert-file", "tls-key-file",
      // A password would end this connection's rights.
      "requirepass",
      // Redis needs its own allocator; Redis rounds up.
      "activedefrag", "repl-backlog-size",
      // The system may refuse it to Redis.
      "maxclients", "oom-score-adj", "oom-score-adj-values"};
  return row.only_default || names.contains(row.name);
}

/// Tried with every setting: what some accept and others refuse.
constexpr const char* kValues[] = {"",
                                   "yes",
                                   "no",
                                   "YES",
                                   "0",
                                   "1",
                                   "-1",
                                   "-2",
                                   "5",
                                   "010",
                                   "+1",
                                   " 1",
                                   "1.5",
                                   "0x10",
                                   "99",
                                   "100",
                                   "101",
                                   "1001",
                                   "65535",
                                   "65536",
                                   "2mb",
                                   "1gb",
                                   "3k",
                                   "1 kb",
                                   "1xb",
                                   "5%",
                                   "101%",
                                   "-5%",
                                   "local",
                                   "notice",
                                   "DEBUG",
                                   "bogus",
                                   "KEA",
                                   "q",
                                   "50 99",
                                   "1 2 3",
                                   "save now",
                                   "nosave save",
                                   "ip",
                                   "swapdb",
                                   "clients",
                                   "panic",
                                   "always",
                                   "optional",
                                   "normal 1 2 3",
                                   "normal 1 2",
                                   "foo 1 2 3",
                                   "replica 1mb 2 3 pubsub 4 5 6",
                                   "normal 0 0 -1",
                                   "2147483647",
                                   "2147483648",
                                   "4294967296",
                                   "9223372036854775807",
                                   "9223372036854775808",
                                   "allkeys-lru x"};

TEST_F(RedisParity, NamesAreThoseOfRedis) {
  const auto theirs = redis_.Array({"CONFIG", "GET", "*"});
  std::set<std::string> missing;
  for (size_t i = 0; i < theirs.size(); i += 2) missing.insert(theirs[i]);
  std::set<std::string> ours_alone;
  for (const auto& [name, value] : ConfigGet(Settings{}, std::vector<std::string_view>{"*"})) {
    if (missing.erase(name) == 0) ours_alone.insert(name);
    EXPECT_EQ(ours_alone.contains(name), FindSetting(name)->Has(kOurs)) << name;
  }
  EXPECT_THAT(missing, testing::IsEmpty());
}

TEST_F(RedisParity, DefaultsAreThoseOfRedis) {
  for (const SettingRow* row : AllSettings()) {
    if (row->Has(kOurs) || DiffersOnPurpose(*row)) continue;
    EXPECT_EQ(DefaultSetting(*row), redis_.Get(row->name)) << row->name;
  }
}

TEST_F(RedisParity, ValuesAndErrorsAreThoseOfRedis) {
  Settings settings;
  for (const SettingRow* row : AllSettings()) {
    if (row->Has(kOurs) || DiffersOnPurpose(*row)) continue;
    for (const std::string value : kValues) {
      // Memory: Redis takes an empty value for 0.
      if (value.empty() && row->kind == SettingKind::kMemory) continue;
      const std::string ours = SetHere(row->name, value, settings);
      EXPECT_EQ(ours, redis_.Set(row->name, value)) << row->name << " '" << value << "'";
      EXPECT_EQ(FormatSetting(*row, settings), redis_.Get(row->name))
          << row->name << " '" << value << "'";
    }
    ASSERT_EQ(redis_.Set(row->name, DefaultSetting(*row)) == "OK",
              SetHere(row->name, DefaultSetting(*row), settings) == "OK")
        << row->name;
  }
}

TEST_F(RedisParity, ErrorsOfTheCommandAreThoseOfRedis) {
  const std::vector<std::vector<std::string_view>> cases = {
      {"a", "b", "c"},
      {"nosuch", "1"},
      {"Nosuch", "1", "port", "abc"},
      {"databases", "1", "nosuch", "2"},
      {"nosuch", "2", "databases", "1"},
      {"hz", "10", "HZ", "nn"},
      {"dir", "/x"},
      {"dbfilename", "x"},
      {"timeout", "5", "hz", "x"},
      {"save", "900"},
      {"save", "0 1"},
      {"save", "1 -1"},
      {"maxmemory", "1zb"},
      {"maxmemory", "-1"},
      {"maxclients", "0"},
      {"maxclients", "x"},
      {"port", "65536"},
      {"appendonly", "1"},
  };
  for (const auto& args : cases) {
    std::vector<std::string_view> command = {"CONFIG", "SET"};
    command.insert(command.end(), args.begin(), args.end());
    const auto ours = ConfigSet(Settings{}, args);
    ASSERT_FALSE(ours.ok());
    EXPECT_EQ("ERR " + ours.error().detail, redis_.Array(command).back());
  }
}

/// What redis-server says is wrong with a configuration file of this line.
std::string WhyRedisRefuses(const std::string& line, const TempFolder& folder) {
  const std::string path = folder.Write("redis.conf", line + "\n");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> output(
      // With nothing to listen to it ends by itself if it accepts the line.
      popen(("redis-server " + path + " --port 0 --daemonize no 2>&1").c_str(), "r"), &pclose);
  std::string text;
  std::array<char, 4096> block;
  while (const size_t got = std::fread(block.data(), 1, block.size(), output.get())) {
    text.append(block.data(), got);
  }
  const size_t shown = text.find(">>> '");
  if (shown == std::string::npos) return "";
  const size_t why = text.find('\n', shown) + 1;
  return text.substr(why, text.find('\n', why) - why);
}

TEST_F(RedisParity, ErrorsOfTheFileAreThoseOfRedis) {
  const TempFolder folder;
  for (const std::string line : {"no-such-setting-at-all 1",
                                 "port",
                                 "port 1 2",
                                 "port abc",
                                 "port 99999",
                                 "appendonly 1",
                                 "save 1",
                                 "save 0 1",
                                 "save \"100 1\"",
                                 "port \"123",
                                 "port \"12\"3",
                                 "port '6380'",
                                 "include",
                                 "bind",
                                 "client-output-buffer-limit normal 0 0",
                                 "client-output-buffer-limit \"pubsub 1 2 3\"",
                                 "notify-keyspace-events q",
                                 "requirepass",
                                 "requirepass a b",
                                 "unixsocketperm 999",
                                 "unixsocketperm 1000",

                                 "cluster-enabled maybe",
                                 "replicaof a",
                                 "replicaof no one",
                                 "maxmemory 1zb",
                                 "maxclients 0",
                                 "io-threads 0",
                                 "oom-score-adj-values 1",
                                 "timeout \"\"",
                                 "supervised foo",
                                 "daemonize maybe",
                                 "syslog-facility foo",
                                 "enable-debug-command maybe",
                                 "slaveof no one",
                                 "hash-max-ziplist-entries x",
                                 "list-max-ziplist-entries 5",
                                 "shutdown-on-sigterm save force",
                                 "latency-tracking-info-percentiles 50 101"}) {
    ConfigLoader loader;
    const Status loaded = loader.LoadText(line, "x");
    std::string why = loaded.ok() ? "" : loaded.error().detail;
    if (!why.empty()) {
      why.pop_back();
      why = why.substr(why.rfind('\n') + 1);
    }
    EXPECT_EQ(why, WhyRedisRefuses(line, folder)) << line;
  }
}

}  // namespace
}  // namespace tideway::resp
