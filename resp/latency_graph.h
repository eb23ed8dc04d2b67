// LATENCY GRAPH: an event's samples as a small text picture.
#pragma once

#include <cstdint>
#include <string>

#include "resp/latency_monitor.h"

namespace tideway::resp {

/// A headline with the extremes, four rows of columns (one a sample, newest right), and below each
/// column how long ago it was. Precondition: the series has samples.
std::string DrawLatencyGraph(const LatencySeries& series, int64_t now_s);

}  // namespace tideway::resp
