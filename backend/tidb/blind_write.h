// Writes that need no load: one packet, one round trip.
//
//   BEGIN OPTIMISTIC; SELECT what is there; INSERT … ON DUPLICATE KEY UPDATE …; UPDATE …; marker;
//   COMMIT
//
// The statements decide by themselves, so that the answer of the SELECT is not needed to write; the
// handlers run on it afterwards and find out the same. A statement a kind, whatever the number of
// keys: statements cost, rows hardly do.
#pragma once

#include <span>

#include "backend/store.h"
#include "backend/tidb/flush_times.h"
#include "backend/tidb/sql_text.h"

namespace tideway::backend {

/// Whether the engine can do it so: key and value fit into a row.
bool FitsBlind(const BlindWrite& write);

/// All statements that write `writes`, each ended by a semicolon. Each key once.
void AppendBlindWrites(SqlText& sql, std::span<const BlindWrite* const> writes,
                       const FlushTimes& flushes);

}  // namespace tideway::backend
