#include "resp/command_account.h"

#include <string>
#include <vector>

#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {

void AccountCommand(Worker& worker, const Session& session, const Command& row, size_t index,
                    Args args, int64_t start_us, const ReplyWriter& reply) {
  ServerContext& server = worker.server();
  const Settings& settings = worker.settings();
  WorkerStats& stats = worker.stats();
  const int64_t us = server.clock.MonotonicUs() - start_us;
  CommandStats& command = stats.commands[index];
  ++command.calls;
  command.microseconds += static_cast<uint64_t>(us);
  ++stats.commands_processed;
  if (reply.errors() != 0) [[unlikely]] {
    ++command.failed_calls;
    for (uint32_t i = 0; i < reply.errors(); ++i) worker.CountError(reply.first_error_code());
  }
  if (settings.latency_tracking) {
    auto& histogram = stats.histograms[index];
    if (histogram == nullptr) histogram = std::make_unique<LatencyHistogram>();
    histogram->Add(static_cast<uint64_t>(us));
  }
  const int64_t slower_than = settings.slowlog_log_slower_than.count();
  if (slower_than >= 0 && us >= slower_than && !row.Has(kSkipSlowlog)) [[unlikely]] {
    server.slow_log.Add(args, server.clock.WallMs() / 1000, us, session.transport.peer_address(),
                        session.name, static_cast<size_t>(settings.slowlog_max_len));
  }
  const int64_t spike_ms = settings.latency_monitor_threshold.count();
  if (spike_ms > 0 && us >= spike_ms * 1000) [[unlikely]] {
    server.latency.Add(row.Has(kFast) ? "fast-command" : "command", server.clock.WallMs() / 1000,
                       us / 1000);
  }
}

void AccountRemoteBatch(Worker& worker, const Session& session,
                        std::span<const BatchPlan::Planned> commands, int64_t start_us) {
  ServerContext& server = worker.server();
  const Settings& settings = worker.settings();
  const int64_t slower_than = settings.slowlog_log_slower_than.count();
  const int64_t us = server.clock.MonotonicUs() - start_us;
  if (!server.store.remote() || slower_than < 0 || us < slower_than) return;
  const std::string in_database = "(" + std::to_string(us) + " us with the database)";
  for (const auto& [command, args] : commands) {
    // Of a transaction it is EXEC that takes the time; what was queued took none with the database.
    const bool skipped = command.row == nullptr ||
                         (command.row->Has(kSkipSlowlog) && !command.row->Has(kReadsQueue));
    if (skipped) continue;
    std::vector<std::string_view> shown(args.begin(), args.end());
    shown.push_back(in_database);
    server.slow_log.Add(shown, server.clock.WallMs() / 1000, us, session.transport.peer_address(),
                        session.name, static_cast<size_t>(settings.slowlog_max_len));
  }
}

}  // namespace tideway::resp
