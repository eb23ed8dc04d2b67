// The tables in TiDB, and how they are made and migrated when several nodes start at once.
//
// tw_keys        (db, k) → a key. The only table of the change feed.
//   type         0: a tombstone; else ValueType's number. 1, a string, if somebody else inserts.
//   expire_at    Unix ms, NULL: never. Of a tombstone: when it may be collected. So one index,
//                (shard, expire_at), finds both duties in the order of their times.
//   rev          start_ts of the transaction that wrote the row; NULL: written by another program
//   v            the value (backend/tidb/value_codec.h), NULL when it lies in tw_parts
//   incarnation  of the parts, NULL when there are none
//   events       names of the events of the write that made this revision, in order, by commas
//   shard        ExpiryShard(k). 0 if somebody else inserts: any shard will do.
// tw_parts       (incarnation, part) → a field, a member or a piece of what is too large for a row.
//   part         128 bits: a hash of the field or member, or a piece's number, big-endian
//   f, v         field and value; member and NULL; NULL and the bytes of a piece
// tw_incarnations  incarnation → the key that owns it: how orphans are found
//   Rows of db 65535 are no keys but databases (backend/tidb/flush_times.h): k is a database's
//                number in decimal, type 255. rev: keys with a smaller one are absent; incarnation:
//                start_ts of a FLUSHDB that has begun, else NULL; nobody writes meanwhile. In the
//                change feed such a row is a FLUSHDB when its rev grew, and no event otherwise
// tw_markers     connection → number: fences transactions whose outcome is unknown. `connection` is
//                a random number of ours (TiDB gives its own again), start_ts is the transaction's,
//                fenced that of whoever last made sure that nothing comes after it
// tw_leases      name → owner: who expires keys and collects; number grows with each new owner
// tw_cursors     id → where a SCAN goes on; touched_at in Unix seconds
// tw_settings    name → a setting that holds on all nodes; rev is start_ts of who set it
// tw_schema      one row: the version of all this
//
// Everything that is bytes is VARBINARY or BLOB: no collation may fold cases or cut trailing
// spaces. All primary keys are clustered: a point read is one lookup.
//
// Many nodes at once. Each node loops: read the version (SchemaVersionSql), take the next step
// (NextSchemaStep), run its statements in autocommit, one by one; until kDone or kRefuse.
// - Statements are idempotent (IF NOT EXISTS). TiDB runs DDL one at a time, so of ten nodes one
//   creates a table and nine find it there.
// - A migration's last statement writes its version, so that version n stands only where all of n
//   is there; DDL that returned is known to every TiDB server. A node that dies midway leaves the
//   old version, and whoever comes next runs the whole migration again.
// - That row is made by INSERT IGNORE and raised by UPDATE … WHERE version = n-1: it never goes
//   back, whoever is late. Affected rows are not looked at; the re-read decides. A definite error
//   (a write conflict with another node) also just means: re-read.
// - A node that reads a higher version than it knows, even from a step that it began itself, stops.
// Nodes of the version before may still run while a new one migrates, so a migration only adds.
// Version 1 is final with the first release.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tideway::backend {

/// Longest key in bytes: a clustered primary key may have 3,072, the database takes two.
inline constexpr size_t kTidbKeyBytesMax = 3070;
/// Databases have numbers below this one, at which their flushes lie (flush_times.h).
inline constexpr uint32_t kTidbDatabasesMax = 65535;
/// Longest text of `events` in bytes; room for some 2,000 writes of one key in one transaction.
inline constexpr size_t kTidbEventsBytesMax = 16384;
/// Values of `shard`: keys that expire together are spread over so many places of the index.
inline constexpr uint32_t kExpiryShards = 16;

/// Where a key stands in the expiry index. Stored, so the same in every process for ever.
uint8_t ExpiryShard(std::string_view key);

/// The statements that lead from `version` - 1 to `version`; each idempotent.
struct SchemaMigration {
  uint32_t version;
  std::span<const std::string_view> statements;
};

/// All of them, from version 1 on without gaps.
std::span<const SchemaMigration> SchemaMigrations();
/// What this build reads and writes.
uint32_t SchemaVersion();

/// `CREATE DATABASE IF NOT EXISTS …`. Precondition: a name that ParseTidbAddress accepted. Only to
/// be run when the database is unknown (error 1049): it needs a grant that the rest does not.
std::string CreateDatabaseSql(std::string_view database);

/// Selects one number in at most one row. No row, or error 1146 (no such table): no version.
std::string_view SchemaVersionSql();

struct SchemaStep {
  enum class Action : uint8_t {
    kRun,     // run `statements` one after another, then read the version again
    kDone,    // the schema is what this build needs
    kRefuse,  // do not touch it; `refusal` says why
  };
  Action action;
  std::vector<std::string> statements;
  std::string refusal;
};

/// What to do about the version that was found. Pure. Each kRun is one migration, so the loop ends
/// after as many as there are; if the version did not change after one without an error, the
/// database does not do what it says.
SchemaStep NextSchemaStep(std::optional<uint32_t> found,
                          std::span<const SchemaMigration> migrations = SchemaMigrations());

}  // namespace tideway::backend
