// What TiDB's error numbers say about a transaction.
#pragma once

#include "backend/tidb/marker.h"
#include "backend/tidb/sql_connection.h"

namespace tideway::backend {

/// It surely did not happen and may run again.
inline bool IsConflict(unsigned code) {
  switch (code) {
    case 9007:  // write conflict
    case 1205:  // lock wait timeout
    case 1213:  // deadlock
    case 8022:  // retryable
    case 8027:  // the schema known here is outdated
    case 8028:  // the schema changed meanwhile
    case kRefusedByRow:
      return true;
    default:
      return false;
  }
}

/// The database has trouble of its own, which passes. Said by a statement before COMMIT: nothing
/// happened, it may run again.
inline bool IsTrouble(unsigned code) {
  switch (code) {
    case 1053:  // the server shuts down
    case 1105:  // unknown: TiDB's name for most of what goes wrong inside
    case 1317:  // interrupted, as by a restart
    case 8141:  // the data changed under a check
    case 9001:  // PD does not answer
    case 9002:  // TiKV does not answer
    case 9003:  // TiKV is busy
    case 9004:  // a lock could not be resolved in time
    case 9005:  // a region is not available
    case 9006:  // what is read was collected
    case 9010:  // TiKV's raft log is behind
    case 9011:  // TiKV is busy with disk
      return true;
    default:
      return IsConflict(code);
  }
}

/// COMMIT itself refused before it did anything, and would again.
inline bool IsRefusedCommit(unsigned code) {
  return code == 8004      // the transaction is too large
         || code == 8025   // a row is
         || code == 1062;  // a row is there twice
}

/// Nobody knows whether a COMMIT that ended so was applied, the database included.
inline bool IsUndetermined(const SqlError& error) {
  constexpr unsigned kResultUndetermined = 8501;
  return error.connection_lost() || error.code == kResultUndetermined;
}

}  // namespace tideway::backend
