// What a node knows of tw_databases: which rows a FLUSHDB has made absent.
//
// A row belongs to the time before a flush when its rev, the start_ts of the transaction that wrote
// it, is smaller than the flush's. A transaction that began after the flush but before its commit
// would carry values of before it beyond it; so a flush takes two transactions: the first says
// `flushing`, the second, which begins when that is committed, raises flush_rev. Whoever begins in
// between sees `flushing` and runs again a moment later. A flush that was left half done by a node
// that died is taken back after a while, which makes its second transaction fail.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tideway::backend {

/// By database. Confined to an I/O thread, which learns it with each transaction.
struct FlushTimes {
  explicit FlushTimes(uint32_t databases) : flushed(databases, 0), flushing(databases, 0) {}

  std::vector<uint64_t> flushed;   // flush_rev
  std::vector<uint64_t> flushing;  // start_ts of an unfinished flush, else 0
  void Clear() {
    std::fill(flushed.begin(), flushed.end(), 0);
    std::fill(flushing.begin(), flushing.end(), 0);
  }
  void Learn(uint64_t db, uint64_t flush_rev, uint64_t flushing_since) {
    if (db >= flushed.size()) return;
    flushed[db] = flush_rev;
    flushing[db] = flushing_since;
  }
  /// Takes over what is newer there: answers cross, but what is known never goes back.
  void Keep(const FlushTimes& seen) {
    for (size_t db = 0; db < flushed.size(); ++db) {
      flushed[db] = std::max(flushed[db], seen.flushed[db]);
    }
  }
  /// Whether a row of `rev` is of before the last flush. 0, a row of another SQL program, never is.
  bool Absent(uint32_t db, uint64_t rev) const { return rev != 0 && rev < flushed[db]; }
};

}  // namespace tideway::backend
