#include "resp/latency_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace tideway::resp {
namespace {

constexpr int kRows = 4;
constexpr std::string_view kLevels = "_o#";  // a column's top cell, from low to high

std::string Ago(int64_t seconds) {
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 86400) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86400);
}

}  // namespace

std::string DrawLatencyGraph(const LatencySeries& series, int64_t now_s) {
  const auto by_ms = [](const LatencySample& a, const LatencySample& b) { return a.ms < b.ms; };
  const auto [low, high] = std::minmax_element(series.samples.begin(), series.samples.end(), by_ms);
  std::string text = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n", series.event,
                                 high->ms, low->ms, series.max_ms);
  text.append(80, '-').append("\n");
  const int64_t range = std::max<int64_t>(high->ms - low->ms, 1);
  const int64_t steps = kRows * static_cast<int64_t>(kLevels.size()) - 1;
  for (int row = kRows - 1; row >= 0; --row) {
    for (const LatencySample& sample : series.samples) {
      const int64_t step = (sample.ms - low->ms) * steps / range;
      const int64_t cell = step - row * static_cast<int64_t>(kLevels.size());
      const auto top = static_cast<int64_t>(kLevels.size()) - 1;
      text += cell < 0 ? ' ' : (cell > top ? '|' : kLevels[static_cast<size_t>(cell)]);
    }
    text += '\n';
  }
  std::vector<std::string> labels;
  size_t longest = 0;
  for (const LatencySample& sample : series.samples) {
    labels.push_back(Ago(now_s - sample.unix_s));
    longest = std::max(longest, labels.back().size());
  }
  text += '\n';
  for (size_t i = 0; i < longest; ++i) {
    for (const std::string& label : labels) text += i < label.size() ? label[i] : ' ';
    text += '\n';
  }
  return text;
}

}  // namespace tideway::resp
