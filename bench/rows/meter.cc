#include "bench/rows/meter.h"

#include <fmt/format.h>
#include <unistd.h>

namespace tideway::bench {

Meter::Meter(pid_t server)
    : server_(server),
      instructions_(server),
      server_start_(ReadCpuUse(server)),
      client_start_(ReadCpuUse(getpid())),
      start_(std::chrono::steady_clock::now()) {}

Sample Meter::PerCpuSecond(double operations) const {
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start_;
  const CpuUse server = ReadCpuUse(server_);
  const CpuUse client = ReadCpuUse(getpid());
  const double user = server.user_s - server_start_.user_s;
  const double kernel = server.kernel_s - server_start_.kernel_s;
  const double spent = server.total_s - server_start_.total_s;
  Sample sample;
  sample.value = operations / spent;
  if (user + kernel > 0) sample.kernel_share = kernel / (user + kernel);
  sample.server_busy = spent / wall.count();
  sample.client_busy = (client.total_s - client_start_.total_s) / wall.count();
  if (const auto count = instructions_.Read()) {
    sample.instructions_per_op = static_cast<double>(*count) / operations;
  }
  sample.remark = fmt::format("{:.0f} k a second", operations / wall.count() / 1e3);
  return sample;
}

Sample Meter::CpuPercent() const {
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start_;
  Sample sample;
  sample.value = 100 * (ReadCpuUse(server_).total_s - server_start_.total_s) / wall.count();
  return sample;
}

}  // namespace tideway::bench
