#include "backend/tidb/session_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace tideway::backend {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Row = std::vector<std::optional<std::string_view>>;

Row GoodRow() {
  Row row;
  for (const SessionSetting& setting : SessionSettings()) row.emplace_back(setting.shown);
  row.emplace_back("67108864");
  return row;
}

std::string Refusal(const Row& row) {
  const Result<SessionFacts> facts = CheckSession(row);
  if (facts.ok()) return "";
  EXPECT_EQ(facts.error().code, Errc::kUnsupported);
  return facts.error().detail;
}

TEST(SessionSettings, OneStatementEach) {
  EXPECT_THAT(SessionSetSql(), StartsWith("SET autocommit=1,tidb_txn_mode='optimistic',"));
  EXPECT_THAT(SessionCheckSql(), StartsWith("SELECT @@autocommit,@@tidb_txn_mode,"));
  for (const SessionSetting& setting : SessionSettings()) {
    const std::string name(setting.name);
    EXPECT_THAT(SessionSetSql(), HasSubstr(name + "=" + std::string(setting.value)));
    EXPECT_THAT(SessionCheckSql(), HasSubstr("@@" + name + ","));
  }
}

TEST(SessionSettings, AcceptsWhatWasSet) {
  const Result<SessionFacts> facts = CheckSession(GoodRow());
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts.value().max_allowed_packet, size_t{64} << 20);
}

TEST(SessionSettings, NamesTheVariableThatIsNotSo) {
  for (size_t i = 0; i < SessionSettings().size(); ++i) {
    const std::string name(SessionSettings()[i].name);
    Row row = GoodRow();
    row[i] = "other";
    EXPECT_THAT(Refusal(row), HasSubstr(name + " is 'other'"));
    EXPECT_THAT(Refusal(row), HasSubstr("must be '" + std::string(SessionSettings()[i].shown)));
    row[i] = std::nullopt;
    EXPECT_THAT(Refusal(row), HasSubstr(name + " is NULL"));
  }
}

TEST(SessionSettings, NeedsRoomInAPacket) {
  for (const char* packet : {"1048575", "", "-1", "1e9", "99999999999999999999999"}) {
    Row row = GoodRow();
    row.back() = packet;
    EXPECT_THAT(Refusal(row), HasSubstr("max_allowed_packet is '" + std::string(packet) + "'"));
  }
  Row row = GoodRow();
  row.back() = std::nullopt;
  EXPECT_THAT(Refusal(row), HasSubstr("max_allowed_packet is NULL"));
}

TEST(SessionSettings, RefusesAnotherNumberOfColumns) {
  Row row = GoodRow();
  row.pop_back();
  EXPECT_THAT(Refusal(row), HasSubstr("columns"));
  EXPECT_THAT(Refusal({}), HasSubstr("0 columns"));
}

TEST(ServerVersion, MustBeTidbAndNotTooOld) {
  for (const char* good : {"8.0.11-TiDB-v8.5.4", "8.0.11-TiDB-v8.1.0", "5.7.25-TiDB-v10.0.0-alpha",
                           "8.0.11-TiDB-v9.0.0-beta.2-pre", "8.0.11-TiDB-None", "8.0.11-TiDB-"})
    EXPECT_TRUE(CheckServerVersion(good).ok()) << good;
  for (const char* old : {"8.0.11-TiDB-v8.0.9", "5.7.25-TiDB-v6.5.12", "8.0.11-TiDB-v7.9.0"}) {
    const Status status = CheckServerVersion(old);
    ASSERT_FALSE(status.ok()) << old;
    EXPECT_THAT(status.error().detail, HasSubstr(old));
    EXPECT_THAT(status.error().detail, HasSubstr("v8.1 or later"));
  }
  for (const char* other : {"8.0.36", "10.11.6-MariaDB-0+deb12u1", ""}) {
    const Status status = CheckServerVersion(other);
    ASSERT_FALSE(status.ok()) << other;
    EXPECT_THAT(status.error().detail, HasSubstr("no TiDB"));
  }
}

}  // namespace
}  // namespace tideway::backend
