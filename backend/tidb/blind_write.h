// Writes that need no load: one packet, one round trip.
//
//   BEGIN OPTIMISTIC; SELECT what is there; no flush since?; INSERT … ON DUPLICATE KEY UPDATE …;
//   UPDATE …; marker; COMMIT
//
// The statements decide by themselves, so that the answer of the SELECT is not needed to write; the
// handlers run on it afterwards and find out the same. A plain SET does not care what is there, but
// for keys that were due, whose `expired` is told: a variable collects them. A statement
// a kind, whatever the number of keys: statements cost, rows hardly do.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "backend/store.h"
#include "backend/tidb/flush_times.h"
#include "backend/tidb/sql_text.h"

namespace tideway::backend {

/// Whether the engine can do it so: key and value fit into a row.
bool FitsBlind(const BlindWrite& write);

/// Of the session: the due keys that plain SETs met, as `number:db.HEX,db.HEX,` with the number of
/// the transaction. With another number, or NULL, there were none.
inline constexpr std::string_view kDueKeys = "@tw_due";
/// fn(key) for each of them; the key dies with the call.
void ForEachDueKey(std::string_view due, uint64_t number,
                   const std::function<void(const SqlKey&)>& fn);

/// All statements that write `writes`, each ended by a semicolon. Each key once. They fail
/// (kRefusedByRow) when one of the databases was flushed later than `flushes` say, or is being
/// flushed. `number`: over 0, of this transaction on its connection.
void AppendBlindWrites(SqlText& sql, std::span<const BlindWrite* const> writes,
                       const FlushTimes& flushes, uint64_t number);

}  // namespace tideway::backend
