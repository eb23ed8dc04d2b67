#include "resp/merged_stats.h"

namespace tideway::resp {

WorkerStats MergeStats(Worker& self) {
  WorkerStats sum;
  const size_t rows = CommandTable::Get().rows().size();
  sum.commands.resize(rows);
  sum.histograms.resize(rows);
  self.ForEachWorker([&](Worker& worker) {
    const WorkerStats& stats = worker.stats();
    for (size_t i = 0; i < rows; ++i) {
      sum.commands[i].calls += stats.commands[i].calls;
      sum.commands[i].microseconds += stats.commands[i].microseconds;
      sum.commands[i].rejected_calls += stats.commands[i].rejected_calls;
      sum.commands[i].failed_calls += stats.commands[i].failed_calls;
      if (stats.histograms[i] == nullptr) continue;
      if (sum.histograms[i] == nullptr) sum.histograms[i] = std::make_unique<LatencyHistogram>();
      sum.histograms[i]->Merge(*stats.histograms[i]);
    }
    for (const auto& [code, count] : stats.errors) sum.errors[code] += count;
    sum.commands_processed += stats.commands_processed;
    sum.input_bytes += stats.input_bytes;
    sum.output_bytes += stats.output_bytes;
    sum.error_replies += stats.error_replies;
    sum.unexpected_errors += stats.unexpected_errors;
  });
  return sum;
}

}  // namespace tideway::resp
