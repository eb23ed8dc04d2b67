// From processor time and counts to the figures of a run.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "bench/host/process.h"
#include "bench/rows/row.h"

namespace tideway::bench {

/// Reads what a server (and this program) spend while work is done; started by its constructor.
class Meter {
 public:
  explicit Meter(pid_t server);

  /// Operations per server processor second since the start, with shares. `operations` were done
  /// since the start.
  [[nodiscard]] Sample PerCpuSecond(double operations) const;

  /// Processor time of the server as a percentage of the time that passed.
  [[nodiscard]] Sample CpuPercent() const;

 private:
  pid_t server_;
  InstructionCounter instructions_;
  CpuUse server_start_;
  CpuUse client_start_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace tideway::bench
