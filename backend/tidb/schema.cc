#include "backend/tidb/schema.h"

#include <xxhash.h>

#include <array>

namespace tideway::backend {
namespace {

constexpr std::array<std::string_view, 8> kVersion1 = {
    // 3070 is kTidbKeyBytesMax, 16384 kTidbEventsBytesMax.
    "CREATE TABLE IF NOT EXISTS tw_keys ("
    "db SMALLINT UNSIGNED NOT NULL DEFAULT 0,"
    "k VARBINARY(3070) NOT NULL,"
    "type TINYINT UNSIGNED NOT NULL DEFAULT 1,"
    "expire_at BIGINT NULL,"
    "rev BIGINT UNSIGNED NULL,"
    "v MEDIUMBLOB NULL,"
    "incarnation BIGINT UNSIGNED NULL,"
    "events VARBINARY(16384) NOT NULL DEFAULT '',"
    "shard TINYINT UNSIGNED NOT NULL DEFAULT 0,"
    "PRIMARY KEY (db,k) CLUSTERED,"
    "KEY due (shard,expire_at))",

    "CREATE TABLE IF NOT EXISTS tw_parts ("
    "incarnation BIGINT UNSIGNED NOT NULL,"
    "part VARBINARY(16) NOT NULL,"
    "f MEDIUMBLOB NULL,"
    "v MEDIUMBLOB NULL,"
    "PRIMARY KEY (incarnation,part) CLUSTERED)",

    "CREATE TABLE IF NOT EXISTS tw_incarnations ("
    "incarnation BIGINT UNSIGNED NOT NULL,"
    "db SMALLINT UNSIGNED NOT NULL,"
    "k VARBINARY(3070) NOT NULL,"
    "PRIMARY KEY (incarnation) CLUSTERED)",

    "CREATE TABLE IF NOT EXISTS tw_markers ("
    "connection BIGINT UNSIGNED NOT NULL,"
    "number BIGINT UNSIGNED NOT NULL,"
    "start_ts BIGINT UNSIGNED NOT NULL,"
    "fenced BIGINT UNSIGNED NOT NULL DEFAULT 0,"
    "PRIMARY KEY (connection) CLUSTERED)",

    "CREATE TABLE IF NOT EXISTS tw_leases ("
    "name VARBINARY(64) NOT NULL,"
    "owner VARBINARY(255) NOT NULL,"
    "number BIGINT UNSIGNED NOT NULL,"
    "until_at BIGINT NOT NULL,"
    "PRIMARY KEY (name) CLUSTERED)",

    "CREATE TABLE IF NOT EXISTS tw_cursors ("
    "id BIGINT UNSIGNED NOT NULL,"
    "db SMALLINT UNSIGNED NOT NULL,"
    "position VARBINARY(3070) NOT NULL,"
    "touched_at BIGINT NOT NULL,"
    "PRIMARY KEY (id) CLUSTERED)",

    "CREATE TABLE IF NOT EXISTS tw_settings ("
    "name VARBINARY(64) NOT NULL,"
    "value VARBINARY(1024) NOT NULL,"
    "rev BIGINT UNSIGNED NOT NULL,"
    "PRIMARY KEY (name) CLUSTERED)",

    "CREATE TABLE IF NOT EXISTS tw_schema ("
    "one TINYINT NOT NULL,"
    "version INT UNSIGNED NOT NULL,"
    "PRIMARY KEY (one) CLUSTERED)"};

constexpr std::array<SchemaMigration, 1> kMigrations = {{{1, kVersion1}}};

/// The statement that ends a migration.
std::string VersionStatement(std::optional<uint32_t> from, uint32_t to) {
  if (!from)
    return "INSERT IGNORE INTO tw_schema (one,version) VALUES (1," + std::to_string(to) + ")";
  return "UPDATE tw_schema SET version=" + std::to_string(to) +
         " WHERE one=1 AND version=" + std::to_string(*from);
}

}  // namespace

uint8_t ExpiryShard(std::string_view key) {
  return static_cast<uint8_t>(XXH3_64bits(key.data(), key.size()) % kExpiryShards);
}

std::span<const SchemaMigration> SchemaMigrations() { return kMigrations; }
uint32_t SchemaVersion() { return kMigrations.back().version; }

std::string CreateDatabaseSql(std::string_view database) {
  return "CREATE DATABASE IF NOT EXISTS `" + std::string(database) + "`";
}

std::string_view SchemaVersionSql() { return "SELECT version FROM tw_schema WHERE one=1"; }

SchemaStep NextSchemaStep(std::optional<uint32_t> found,
                          std::span<const SchemaMigration> migrations) {
  const uint32_t newest = migrations.back().version;
  const uint32_t have = found.value_or(0);
  if (have == newest) return {SchemaStep::Action::kDone, {}, {}};
  if (have > newest)
    return {SchemaStep::Action::kRefuse,
            {},
            "the tables in TiDB have schema version " + std::to_string(have) +
                ", written by a newer tideway; this one knows version " + std::to_string(newest) +
                " at most. Start the newer program"};
  const SchemaMigration& next = migrations[have];
  SchemaStep step{SchemaStep::Action::kRun, {}, {}};
  step.statements.assign(next.statements.begin(), next.statements.end());
  step.statements.push_back(VersionStatement(found, next.version));
  return step;
}

}  // namespace tideway::backend
