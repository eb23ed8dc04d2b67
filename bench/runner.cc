#include "bench/runner.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>

#include "bench/host/process.h"

namespace tideway::bench {
namespace {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double MedianValue(const std::vector<Sample>& runs) {
  std::vector<double> values;
  for (const Sample& run : runs) values.push_back(run.value);
  return Median(std::move(values));
}

void Summarize(const Row& row, RowResult& result) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < result.ours.runs.size(); ++i) {
    ratios.push_back(result.ours.runs[i].value / result.peer.runs[i].value);
  }
  result.ours.median = MedianValue(result.ours.runs);
  result.peer.median = MedianValue(result.peer.runs);
  result.ratio = Median(ratios);
  result.ratio_low = *std::min_element(ratios.begin(), ratios.end());
  result.ratio_high = *std::max_element(ratios.begin(), ratios.end());
  if (!row.floor) return;
  const double compared = row.floor_on == FloorOn::kRatio ? result.ratio : result.ours.median;
  result.met = row.better == Better::kHigher ? compared >= *row.floor : compared <= *row.floor;
}

void MeasureInTurn(const Row& row, const Options& options, RowResult& result) {
  const Side peer_side{true, options.peer, options.work_dir + "/" + row.name + ".peer"};
  const Side our_side{false, options.ours, options.work_dir + "/" + row.name + ".ours"};
  Shared shared;
  const auto peer = row.make(peer_side, options, shared);
  const auto ours = row.make(our_side, options, shared);
  const int runs = std::min(options.runs, row.runs_max);
  for (int i = 0; i < runs; ++i) {
    const bool peer_first = i % 2 == 0;
    if (peer_first) result.peer.runs.push_back(peer->Measure());
    result.ours.runs.push_back(ours->Measure());
    if (!peer_first) result.peer.runs.push_back(peer->Measure());
  }
}

}  // namespace

RowResult RunRow(const Row& row, const Options& options) {
  RowResult result;
  const auto start = std::chrono::steady_clock::now();
  const double foreign_start = ReadMachineBusySeconds() - ReadOwnBusySeconds();
  try {
    MeasureInTurn(row, options, result);
    Summarize(row, result);
  } catch (const std::exception& error) {
    result.failure = error.what();
  }
  const double foreign = ReadMachineBusySeconds() - ReadOwnBusySeconds() - foreign_start;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  result.others_busy = std::max(0.0, foreign / wall.count());
  std::error_code ignored;
  for (const char* side : {".peer", ".ours"}) {
    const std::string path = options.work_dir + "/" + row.name + side;
    std::filesystem::remove_all(path, ignored);
    std::filesystem::remove(path + ".log", ignored);
  }
  return result;
}

}  // namespace tideway::bench
