#include <iterator>

#include "bench/rows/row.h"

namespace tideway::bench {

std::vector<Row> AllRows() {
  std::vector<Row> all;
  for (auto family : {ThroughputRows, FanOutRows, LatencyRows, MemoryRows, StartRows}) {
    std::vector<Row> rows = family();
    all.insert(all.end(), std::make_move_iterator(rows.begin()),
               std::make_move_iterator(rows.end()));
  }
  return all;
}

}  // namespace tideway::bench
