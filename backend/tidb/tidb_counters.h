// Figures of the TiDB engine, for INFO backend. Relaxed atomics, since the start of the server or
// CONFIG RESETSTAT.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tideway::backend {

struct TidbCounters {
  using Count = std::atomic<uint64_t>;
  Count packets{0};     // round trips
  Count statements{0};  // that were answered
  Count commands{0};    // of clients, in the transactions and reads below
  Count batches{0};     // of clients
  Count transactions{0};
  Count reads{0};  // loads of batches that only read
  Count rows_written{0};
  Count commit_us{0};      // time of all commits
  Count commit_us_max{0};  // of the longest one
  Count conflicts{0};
  Count lost_connections{0};  // while loading: run again
  Count flush_waits{0};       // run again behind a FLUSHDB
  Count unknown_outcomes{0};
  Count unknown_resolved{0};
  Count undecided{0};  // given up: the client was closed
  Count timeouts{0};   // TRYAGAIN
  Count refused{0};    // errors of the database told to clients
  Count foreign_values{0};
  Count expired_keys{0};  // by this node's housekeeper
  Count hits{0};
  Count misses{0};

  static void Add(Count& count, uint64_t by = 1) { count.fetch_add(by, std::memory_order_relaxed); }
  void AddCommit(uint64_t us);
  void Reset();
  /// As INFO shows them.
  std::vector<std::pair<std::string_view, std::string>> Facts() const;
};

}  // namespace tideway::backend
