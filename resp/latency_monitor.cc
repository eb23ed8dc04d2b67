#include "resp/latency_monitor.h"

#include <algorithm>

namespace tideway::resp {
namespace {
constexpr size_t kSamplesMax = 160;  // Redis's LATENCY_TS_LEN
}  // namespace

void LatencyMonitor::Add(std::string_view event, int64_t unix_s, int64_t ms) {
  std::lock_guard lock(mutex_);
  auto it = series_.find(event);
  if (it == series_.end()) {
    it = series_.emplace(std::string(event), LatencySeries{std::string(event), {}, 0}).first;
  }
  LatencySeries& series = it->second;
  series.max_ms = std::max(series.max_ms, ms);
  // Spikes of one second are one sample: the worst of them.
  if (!series.samples.empty() && series.samples.back().unix_s == unix_s) {
    series.samples.back().ms = std::max(series.samples.back().ms, ms);
    return;
  }
  if (series.samples.size() == kSamplesMax) series.samples.erase(series.samples.begin());
  series.samples.push_back({unix_s, ms});
}

std::vector<LatencySeries> LatencyMonitor::All() const {
  std::lock_guard lock(mutex_);
  std::vector<LatencySeries> all;
  for (const auto& [event, series] : series_) all.push_back(series);
  return all;
}

LatencySeries LatencyMonitor::Get(std::string_view event) const {
  std::lock_guard lock(mutex_);
  const auto it = series_.find(event);
  return it == series_.end() ? LatencySeries{std::string(event), {}, 0} : it->second;
}

size_t LatencyMonitor::Reset(const std::vector<std::string>& events) {
  std::lock_guard lock(mutex_);
  if (events.empty()) {
    const size_t count = series_.size();
    series_.clear();
    return count;
  }
  size_t count = 0;
  for (const std::string& event : events) count += series_.erase(event);
  return count;
}

}  // namespace tideway::resp
