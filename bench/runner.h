// Alternates one row between the two servers and sums up its runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/rows/row.h"

namespace tideway::bench {

/// What came out for one server.
struct SideResult {
  std::vector<Sample> runs;
  double median = 0;
};

/// What came out for one row.
struct RowResult {
  SideResult ours;
  SideResult peer;
  double ratio = 0;      ///< median over the pairs of alternated runs of ours / peer
  double ratio_low = 0;  ///< the smallest and the largest of these: the noise
  double ratio_high = 0;
  std::optional<bool> met;  ///< nothing when the row has no floor
  double others_busy = 0;   ///< processors that all other programs of the machine kept busy
  std::string failure;      ///< why it could not be measured; empty when it was
};

/// Makes both servers ready, the peer first, and measures them in turn (peer, ours, ours, peer, …:
/// which one comes first changes from pair to pair, so that a drift of the machine favours none).
RowResult RunRow(const Row& row, const Options& options);

}  // namespace tideway::bench
