// Load at a fixed rate: how long does a client wait?
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "bench/load/workload.h"

namespace tideway::bench {

/// What an open-loop run saw. Microseconds.
struct LatencyResult {
  std::vector<double> latency_us;   ///< of each request, from the time it was due
  std::vector<double> lateness_us;  ///< how long after it was due each request was sent
};

/// Sends single-command batches at a fixed rate, whether or not earlier ones are answered, round
/// robin over `connections`. A latency counts from the moment at which the request was *due*: time
/// that a stalled server (or this generator) keeps later requests from being sent is part of it, so
/// nothing is left out when things go wrong ("coordinated omission"). The thread spins between the
/// due times. Requests due within `warmup` are sent but not recorded.
LatencyResult RunOpenLoop(int port, const Workload& workload, int connections,
                          double requests_per_s, std::chrono::duration<double> warmup,
                          std::chrono::duration<double> measure);

/// The value below which `fraction` of `values` lie; 0 for no values. Reorders them.
double Quantile(std::vector<double>& values, double fraction);

}  // namespace tideway::bench
