#include "backend/tidb/session_settings.h"

#include <array>
#include <charconv>

namespace tideway::backend {
namespace {

// Not among them: tidb_enable_async_commit and tidb_enable_1pc. They make commits faster, not more
// right. TiDB has them on over TiKV; over its own store (unistore) it has them off, and must: there
// a transaction of one phase is not seen by a reader whose timestamp is a little newer, and of two
// increments one is lost.
constexpr std::array kSettings = std::to_array<SessionSetting>({
    // One optimistic transaction at BEGIN … COMMIT, whole, as its statements say.
    {"autocommit", "1", "1"},
    {"tidb_txn_mode", "'optimistic'", "optimistic"},
    {"transaction_isolation", "'REPEATABLE-READ'", "REPEATABLE-READ"},
    {"tidb_disable_txn_auto_retry", "ON", "1"},
    {"tidb_constraint_check_in_place", "OFF", "0"},
    {"tidb_batch_insert", "OFF", "0"},
    {"tidb_batch_delete", "OFF", "0"},
    {"tidb_batch_commit", "OFF", "0"},
    {"tidb_dml_batch_size", "0", "0"},
    {"tidb_dml_type", "'standard'", "standard"},
    // Reads see every commit that ended before they began.
    {"tidb_replica_read", "'leader'", "leader"},
    {"tidb_load_based_replica_read_threshold", "'0s'", "0s"},
    {"tidb_read_staleness", "0", "0"},
    {"tidb_snapshot", "''", ""},
    {"tidb_read_consistency", "'strict'", "strict"},
    {"tidb_enable_external_ts_read", "OFF", "0"},
    {"tidb_low_resolution_tso", "OFF", "0"},
    {"tidb_guarantee_linearizability", "ON", "1"},
    // Statements mean what they say and answer all of it.
    {"sql_mode", "'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'",
     "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES"},
    {"time_zone", "'+00:00'", "+00:00"},
    {"max_execution_time", "0", "0"},
    {"sql_select_limit", "18446744073709551615", "18446744073709551615"},
});

constexpr std::string_view kPacketVariable = "max_allowed_packet";

std::string MakeSetSql() {
  std::string sql = "SET ";
  for (const SessionSetting& setting : kSettings) {
    if (sql.back() != ' ') sql += ',';
    sql += setting.name;
    sql += '=';
    sql += setting.value;
  }
  return sql;
}

std::string MakeCheckSql() {
  std::string sql = "SELECT ";
  for (const SessionSetting& setting : kSettings) {
    sql += "@@";
    sql += setting.name;
    sql += ',';
  }
  return sql + "@@" + std::string(kPacketVariable);
}

Error Unsupported(std::string text) { return {Errc::kUnsupported, "TiDB: " + std::move(text)}; }

std::string Shown(const std::optional<std::string_view>& value) {
  return value ? "'" + std::string(*value) + "'" : "NULL";
}

/// A number at the front of `text`, which moves behind it.
std::optional<uint32_t> TakeNumber(std::string_view& text) {
  uint32_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(stop - text.data()));
  return number;
}

}  // namespace

Status CheckServerVersion(std::string_view version) {
  constexpr std::string_view kMark = "-TiDB-";
  const size_t mark = version.find(kMark);
  if (mark == version.npos)
    return Unsupported("the server is no TiDB but says its version is '" + std::string(version) +
                       "'");
  std::string_view release = version.substr(mark + kMark.size());
  if (release.empty() || release[0] != 'v') return Ok();
  release.remove_prefix(1);
  const std::optional<uint32_t> major = TakeNumber(release);
  if (!major || release.empty() || release[0] != '.') return Ok();
  release.remove_prefix(1);
  const std::optional<uint32_t> minor = TakeNumber(release);
  if (!minor) return Ok();
  if (*major > kTidbVersionMajorMin ||
      (*major == kTidbVersionMajorMin && *minor >= kTidbVersionMinorMin))
    return Ok();
  return Unsupported("version '" + std::string(version) + "' is too old, v" +
                     std::to_string(kTidbVersionMajorMin) + "." +
                     std::to_string(kTidbVersionMinorMin) + " or later is needed");
}

std::span<const SessionSetting> SessionSettings() { return kSettings; }

const std::string& SessionSetSql() {
  static const std::string sql = MakeSetSql();
  return sql;
}

const std::string& SessionCheckSql() {
  static const std::string sql = MakeCheckSql();
  return sql;
}

Result<SessionFacts> CheckSession(std::span<const std::optional<std::string_view>> row) {
  if (row.size() != kSettings.size() + 1)
    return Unsupported("the check of the session answered " + std::to_string(row.size()) +
                       " columns instead of " + std::to_string(kSettings.size() + 1));
  for (size_t i = 0; i < kSettings.size(); ++i) {
    const SessionSetting& setting = kSettings[i];
    if (row[i] != setting.shown)
      return Unsupported(std::string(setting.name) + " is " + Shown(row[i]) +
                         " in this session and must be '" + std::string(setting.shown) + "'");
  }
  SessionFacts facts;
  const std::string_view packet = row.back().value_or("");
  const auto [stop, error] =
      std::from_chars(packet.data(), packet.data() + packet.size(), facts.max_allowed_packet);
  if (packet.empty() || error != std::errc{} || stop != packet.data() + packet.size() ||
      facts.max_allowed_packet < kPacketBytesMin)
    return Unsupported(std::string(kPacketVariable) + " is " + Shown(row.back()) +
                       " and must be at least " + std::to_string(kPacketBytesMin));
  return facts;
}

}  // namespace tideway::backend
