#include "bench/bus/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace tideway::bench {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

double Quantile(std::vector<double>& values, double fraction) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(fraction * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

}  // namespace

std::int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

void WritePayload(char* out) {
  const std::int64_t now = NowNs();
  std::memset(out, 'x', kPayloadBytes);
  std::memcpy(out, &now, sizeof(now));
}

double AgeUs(std::string_view payload) {
  std::int64_t made = 0;
  std::memcpy(&made, payload.data(), sizeof(made));
  return static_cast<double>(NowNs() - made) / 1e3;
}

void SleepUntilNs(std::int64_t time_ns) {
  const timespec until{time_ns / kNsPerSecond, time_ns % kNsPerSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) continue;
}

void PrintLatency(std::vector<double>& ages_us, double cpu_s) {
  const double p50 = Quantile(ages_us, 0.5);
  const double p99 = Quantile(ages_us, 0.99);
  fmt::print("{{\"messages\": {}, \"p50_us\": {:.2f}, \"p99_us\": {:.2f}, \"cpu_s\": {:.6f}}}\n",
             ages_us.size(), p50, p99, cpu_s);
}

void PrintThroughput(std::uint64_t messages, double seconds, double cpu_s) {
  fmt::print("{{\"messages\": {}, \"seconds\": {:.6f}, \"cpu_s\": {:.6f}}}\n", messages, seconds,
             cpu_s);
}

}  // namespace tideway::bench
