#include "resp/config/config_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tideway::resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

using Args = std::vector<std::string_view>;

auto Get(const Args& patterns) { return ConfigGet(Settings{}, patterns); }

std::string SetError(const Args& args, const Settings& settings = {}) {
  const bool protected_too = settings.enable_protected_configs == Allowed::kYes;
  const auto result = ConfigSet(settings, args, protected_too);
  return result.ok() ? "no error" : result.error().detail;
}

TEST(ConfigGet, MatchesNamesAndGlobsOfAnyCase) {
  EXPECT_THAT(Get({"port"}), ElementsAre(Pair("port", "6379")));
  EXPECT_THAT(Get({"PORT"}), ElementsAre(Pair("PORT", "6379")));
  EXPECT_THAT(Get({"POR?"}), ElementsAre(Pair("port", "6379")));
  EXPECT_THAT(Get({"tcp-*"}),
              ElementsAre(Pair("tcp-backlog", "511"), Pair("tcp-keepalive", "300")));
  EXPECT_THAT(Get({"nosuch", "no*such"}), IsEmpty());
}

TEST(ConfigGet, TellsEachSettingOnce) {
  EXPECT_THAT(Get({"port", "PORT", "p?rt", "port"}), ElementsAre(Pair("port", "6379")));
}

TEST(ConfigGet, FormerNamesAreEntriesOfTheirOwn) {
  EXPECT_THAT(Get({"hash-max-z*", "hash-max-listpack-value"}),
              UnorderedElementsAre(Pair("hash-max-ziplist-entries", "512"),
                                   Pair("hash-max-ziplist-value", "64"),
                                   Pair("hash-max-listpack-value", "64")));
}

TEST(ConfigGet, ShowsListsAsRedis) {
  EXPECT_THAT(
      Get({"client-output-buffer-limit", "save", "bind", "notify-keyspace-events"}),
      ElementsAre(Pair("client-output-buffer-limit",
                       "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
                  Pair("save", "3600 1 300 100 60 10000"), Pair("bind", "* -::*"),
                  Pair("notify-keyspace-events", "")));
}

TEST(ConfigSet, SetsSeveralAndTellsWhichChanged) {
  const auto result = ConfigSet({}, Args{"timeout", "5", "maxclients", "10000", "hz", "20"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().settings.timeout.count(), 5);
  EXPECT_THAT(result.value().changed, ElementsAre(FindSetting("timeout"), FindSetting("hz")));
}

TEST(ConfigSet, IsAllOrNone) {
  EXPECT_EQ(SetError({"timeout", "5", "maxclients", "0"}),
            "CONFIG SET failed (possibly related to argument 'maxclients') - argument must be "
            "between 1 and 4294967295 inclusive");
}

TEST(ConfigSet, RefusesLikeRedis) {
  const auto failed = [](std::string_view name, std::string_view why) {
    return "CONFIG SET failed (possibly related to argument '" + std::string(name) + "') - " +
           std::string(why);
  };
  EXPECT_EQ(SetError({"a", "b", "c"}), "syntax error");
  EXPECT_EQ(SetError({"Nosuch", "1", "port", "abc"}),
            "Unknown option or number of arguments for CONFIG SET - 'Nosuch'");
  EXPECT_EQ(SetError({"databases", "1", "nosuch", "2"}),
            failed("databases", "can't set immutable config"));
  EXPECT_EQ(SetError({"nosuch", "2", "databases", "1"}),
            "Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  EXPECT_EQ(SetError({"maxclients", "1", "MAXCLIENTS", "nn"}),
            failed("MAXCLIENTS", "duplicate parameter"));
  EXPECT_EQ(SetError({"dir", "/x"}), failed("dir", "can't set protected config"));
  EXPECT_EQ(
      SetError({"appendfsync", "no yes"}),
      failed("appendfsync", "argument(s) must be one of the following: everysec, always, no"));
  EXPECT_EQ(SetError({"maxmemory-policy", "allkeys-lru"}),
            failed("maxmemory-policy", "argument must be 'noeviction': tideway never evicts keys"));
}

TEST(ConfigSet, BothNamesOfASettingMayStandTogether) {
  const auto result =
      ConfigSet({}, Args{"hash-max-listpack-entries", "10", "hash-max-ziplist-entries", "11"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().settings.hash_max_listpack_entries, 11);
  EXPECT_THAT(result.value().changed, ElementsAre(FindSetting("hash-max-listpack-entries")));
}

TEST(ConfigSet, ListsAreOneArgument) {
  const auto result = ConfigSet(
      {}, Args{"save", "100 1 200 2", "client-output-buffer-limit", "pubsub 1 2 3 normal 4 5 6"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().settings.save.size(), 2u);
  EXPECT_EQ(result.value().settings.pubsub_output.hard_bytes, 1);
  EXPECT_EQ(result.value().settings.normal_output.hard_bytes, 4);
}

TEST(ConfigSet, WhatNeedsARestartAcceptsOnlyThePresentValue) {
  EXPECT_EQ(SetError({"appendonly", "yes", "storage", "rocksdb"}), "no error");
  EXPECT_THAT(SetError({"storage", "memory"}),
              testing::HasSubstr("takes effect at a restart only"));
  Settings open;
  open.enable_protected_configs = Allowed::kYes;
  EXPECT_EQ(SetError({"dir", open.dir}, open), "no error");
  EXPECT_THAT(SetError({"dir", "/x"}, open), testing::HasSubstr("restart only"));
  EXPECT_EQ(SetError({"dbfilename", "x"}, open), "no error") << "it has no effect anyway";
}

TEST(ConfigSet, ProtectedSettingsNeedTheRight) {
  for (const std::string_view name : {"dir", "dbfilename"}) {
    EXPECT_EQ(SetError({name, "x"}), "CONFIG SET failed (possibly related to argument '" +
                                         std::string(name) + "') - can't set protected config");
  }
}

TEST(ConfigGet, HiddenSettingsMustBeNamed) {
  EXPECT_THAT(Get({"key-load-delay"}), ElementsAre(Pair("key-load-delay", "0")));
  EXPECT_THAT(Get({"key-load-*"}), IsEmpty());
}

TEST(ConfigSet, EverySettingTakesItsOwnValueOrIsImmutable) {
  const Settings settings;
  for (const auto& [name, value] : ConfigGet(settings, Args{"*"})) {
    const SettingRow& row = *FindSetting(name);
    if (row.Has(kImmutable) || row.Has(kProtected)) continue;
    const auto result = ConfigSet(settings, Args{name, value});
    ASSERT_TRUE(result.ok()) << name << ": " << result.error().detail;
    EXPECT_EQ(result.value().settings, settings) << name;
    EXPECT_THAT(result.value().changed, IsEmpty()) << name;
  }
}

TEST(Secrets, AreNotForLogs) {
  Settings settings;
  settings.requirepass = "hunter2";
  EXPECT_EQ(FormatForLog(*FindSetting("requirepass"), settings), "(redacted)");
  EXPECT_EQ(FormatForLog(*FindSetting("port"), settings), "6379");
  const Args args = {"timeout", "1", "requirepass", "hunter2"};
  EXPECT_FALSE(IsSecretArgument(args, 1));
  EXPECT_FALSE(IsSecretArgument(args, 2));
  EXPECT_TRUE(IsSecretArgument(args, 3));
  EXPECT_FALSE(IsSecretArgument(args, 5));
}

}  // namespace
}  // namespace tideway::resp
