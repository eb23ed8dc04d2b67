// LATENCY: spikes by event name, kept when they pass latency-monitor-threshold.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tideway::resp {

struct LatencySample {
  int64_t unix_s = 0;
  int64_t ms = 0;
};

struct LatencySeries {
  std::string event;
  std::vector<LatencySample> samples;  // oldest first, at most 160
  int64_t max_ms = 0;                  // since the last reset
};

/// Thread-safe. Event names are Redis's: "command", "fast-command", "expire-cycle",
/// "aof-fsync-always".
class LatencyMonitor {
 public:
  void Add(std::string_view event, int64_t unix_s, int64_t ms);
  std::vector<LatencySeries> All() const;
  /// Empty series when the event is unknown.
  LatencySeries Get(std::string_view event) const;
  /// Forgets the named events, or all when none is named; returns how many were there.
  size_t Reset(const std::vector<std::string>& events);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, LatencySeries, std::less<>> series_;
};

}  // namespace tideway::resp
