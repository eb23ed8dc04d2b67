#include "resp/config/setting_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "resp/config/config_loader.h"
#include "resp/config/config_words.h"
#include "resp/config/rewrite.h"

namespace tideway::resp {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

std::string Set(std::string_view name, std::vector<std::string> words,
                Settings settings = Settings{}) {
  const SettingRow* row = FindSetting(name);
  if (row == nullptr) return "no such setting";
  const Status set = AssignSetting(*row, settings, words);
  return set.ok() ? FormatSetting(*row, settings) : "error: " + set.error().detail;
}

/// Values that this row must accept.
std::vector<std::string> Samples(const SettingRow& row) {
  if (row.only_default) return {DefaultSetting(row)};
  switch (row.kind) {
    case SettingKind::kBool:
      return {"yes", "no", "YES"};
    case SettingKind::kInteger:
      return {std::to_string(row.min), std::to_string(row.max)};
    case SettingKind::kMemory:
      return {std::to_string(row.min), row.max < int64_t{3} << 30 ? "1mb" : "3gb",
              std::to_string(row.max)};
    case SettingKind::kMemoryOrPercent:
      return {"0", "5%", "100%", "7mb", "1000"};
    case SettingKind::kOctal:
      return {"0", "700", "777"};
    case SettingKind::kEnum:
      return {row.words.begin(), row.words.end()};
    case SettingKind::kString:
      return {"", "plain", "with space", "q\"uote\n\xff"};
    case SettingKind::kList:
      break;
  }
  if (row.name == "bind") return {"127.0.0.1", "* -::*", ""};
  if (row.name == "save") return {"", "900 1", "900 1 300 10"};
  if (row.name == "client-output-buffer-limit") return {"pubsub 1gb 5mb 6", ""};
  if (row.name == "notify-keyspace-events") return {"", "AKE", "nKE"};
  if (row.name == "latency-tracking-info-percentiles") return {"", "50 99.99"};
  if (row.name == "oom-score-adj-values") return {"1 2 3"};
  if (row.name == "hz") return {"0", "20", "501"};
  if (row.name.starts_with("shutdown-on-")) return {"save now", "default"};
  ADD_FAILURE() << "no sample for the list " << row.name;
  return {};
}

TEST(SettingTable, NamesAreLowerCaseSortedAndUnique) {
  std::set<std::string_view> names;
  std::string_view last;
  for (const SettingRow* row : AllSettings()) {
    EXPECT_LT(last, row->name);
    last = row->name;
    for (const std::string_view name : {row->name, row->old_name}) {
      if (name.empty()) continue;
      EXPECT_TRUE(names.insert(name).second) << name;
      EXPECT_EQ(name, ToLower(name));
      EXPECT_EQ(FindSetting(name), row) << name;
      EXPECT_EQ(FindDirective(name), nullptr) << name;
    }
  }
}

TEST(SettingTable, EachRowIsComplete) {
  for (const SettingRow* row : AllSettings()) {
    SCOPED_TRACE(row->name);
    EXPECT_EQ(row->help.empty(), row->group == SettingGroup::kHint);
    EXPECT_EQ(row->reason.empty(), !row->only_default);
    EXPECT_LE(row->min, row->max);
    EXPECT_EQ(row->kind == SettingKind::kEnum, !row->words.empty());
    if (row->Has(kNoEffect)) {
      EXPECT_EQ(row->kind == SettingKind::kList, row->canonical != nullptr);
      continue;
    }
    const bool number = row->kind < SettingKind::kString;
    EXPECT_EQ(number, row->number.get != nullptr && row->number.set != nullptr);
    EXPECT_EQ(row->kind == SettingKind::kString, row->text != nullptr);
    EXPECT_EQ(row->kind == SettingKind::kList, row->list.parse != nullptr);
  }
}

TEST(SettingTable, EachDefaultIsAcceptedAndStaysItself) {
  for (const SettingRow* row : AllSettings()) {
    EXPECT_EQ(Set(row->name, {DefaultSetting(*row)}), DefaultSetting(*row)) << row->name;
    EXPECT_TRUE(IsDefault(*row, Settings{})) << row->name;
  }
}

TEST(SettingTable, EachValueSurvivesGetAndSet) {
  for (const SettingRow* row : AllSettings()) {
    for (const std::string& sample : Samples(*row)) {
      Settings settings;
      const Status set = AssignSetting(*row, settings, std::vector{sample});
      ASSERT_TRUE(set.ok()) << row->name << " " << sample << ": " << set.error().detail;
      const std::string shown = FormatSetting(*row, settings);
      EXPECT_EQ(Set(row->name, {shown}), shown) << row->name;
    }
  }
}

TEST(SettingTable, EachValueSurvivesTheFile) {
  for (const SettingRow* row : AllSettings()) {
    for (const std::string& sample : Samples(*row)) {
      Settings settings;
      ASSERT_TRUE(AssignSetting(*row, settings, std::vector{sample}).ok());
      const std::string text = RewriteConfig("", settings);
      ConfigLoader loader;
      const Status loaded = loader.LoadText(text, "a test");
      ASSERT_TRUE(loaded.ok()) << loaded.error().detail;
      EXPECT_EQ(FormatSetting(*row, loader.settings()), FormatSetting(*row, settings)) << text;
      EXPECT_EQ(RewriteConfig(text, loader.settings()), text);
    }
  }
}

TEST(SettingTable, ValuesOutsideTheRangeAreRefused) {
  EXPECT_EQ(Set("port", {"65536"}), "error: argument must be between 0 and 65535 inclusive");
  EXPECT_EQ(Set("port", {"-1"}), "error: argument must be between 0 and 65535 inclusive");
  EXPECT_EQ(Set("unixsocketperm", {"1000"}), "error: argument must be between 0 and 777 inclusive");
  EXPECT_EQ(Set("maxmemory", {"18446744073709551615"}),
            "error: argument must be between 0 and 9223372036854775807 inclusive");
  EXPECT_EQ(Set("databases", {"65537"}), "error: argument must be between 1 and 65536 inclusive");
}

TEST(SettingTable, WhatWouldPromiseTooMuchIsRefusedWithAReason) {
  EXPECT_EQ(Set("maxmemory-policy", {"allkeys-lru"}),
            "error: argument must be 'noeviction': tideway never evicts keys");
  EXPECT_THAT(Set("cluster-enabled", {"yes"}), testing::StartsWith("error: argument must be 'no'"));
  EXPECT_THAT(Set("replicaof", {"host", "6379"}), testing::HasSubstr("does not replicate"));
  EXPECT_EQ(Set("replicaof", {"no", "one"}), "");
  EXPECT_THAT(Set("tls-port", {"6380"}), testing::HasSubstr("TLS is not in this version"));
  EXPECT_THAT(Set("aclfile", {"/x"}), testing::HasSubstr("ACL files are not in this version"));
}

TEST(SettingTable, HintsAreKeptOnlyWhenTheyDiffer) {
  Settings settings;
  const SettingRow& row = *FindSetting("activedefrag");
  ASSERT_TRUE(AssignSetting(row, settings, std::vector<std::string>{"yes"}).ok());
  EXPECT_THAT(settings.hints, Contains(testing::Pair("activedefrag", "yes")));
  ASSERT_TRUE(AssignSetting(row, settings, std::vector<std::string>{"no"}).ok());
  EXPECT_THAT(settings.hints, IsEmpty());
}

TEST(SettingTable, FormerNamesAreTheSameSetting) {
  EXPECT_EQ(FindSetting("hash-max-ziplist-value"), FindSetting("hash-max-listpack-value"));
  EXPECT_EQ(FindSetting("SLAVEOF"), FindSetting("replicaof"));
}

TEST(NearestSetting, HelpsWithMisspeltNames) {
  EXPECT_EQ(NearestSetting("apendfsync"), "appendfsync");
  EXPECT_EQ(NearestSetting("prot"), "port");
  EXPECT_EQ(NearestSetting("MaxClient"), "maxclients");
  EXPECT_EQ(NearestSetting("max_clients"), "maxclients");
  EXPECT_EQ(NearestSetting("tcp_keepalive"), "tcp-keepalive");
  EXPECT_EQ(NearestSetting("requirpass"), "requirepass");
  EXPECT_EQ(NearestSetting("something-else-altogether"), "");
  EXPECT_EQ(NearestSetting(std::string(10000, 'x')), "");
}

TEST(IsJournalled, KeepsWhatRedisWouldKeep) {
  Settings settings;
  EXPECT_TRUE(IsJournalled(settings));
  settings.appendonly = false;
  EXPECT_TRUE(IsJournalled(settings)) << "save points still ask for it";
  settings.save.clear();
  EXPECT_FALSE(IsJournalled(settings));
  settings.appendonly = true;
  EXPECT_TRUE(IsJournalled(settings));
  settings.storage = Storage::kMemory;
  EXPECT_FALSE(IsJournalled(settings));
}

}  // namespace
}  // namespace tideway::resp
