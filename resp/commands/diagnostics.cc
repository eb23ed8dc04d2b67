// Looking at a running server: SLOWLOG, LATENCY and MEMORY.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "resp/call.h"
#include "resp/command/arguments.h"
#include "resp/command/errors.h"
#include "resp/command/help.h"
#include "resp/latency_graph.h"
#include "resp/merged_stats.h"
#include "resp/protocol/numbers.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

using backend::ReadScope;

// --- SLOWLOG

void SlowlogGet(Call& call) {
  int64_t count = 10;
  if (call.args.size() == 3) {
    const auto asked = ParseInt64(call.args[2]);
    if (!asked || *asked < -1) {
      return call.reply.Error("ERR count should be greater than or equal to -1");
    }
    count = *asked == -1 ? INT64_MAX : *asked;
  } else if (call.args.size() > 3) {
    return call.reply.Error(SubcommandSyntaxError(call.args, "SLOWLOG"));
  }
  const auto entries = call.server.slow_log.Newest(static_cast<size_t>(count));
  call.reply.Array(entries.size());
  for (const SlowLogEntry& entry : entries) {
    call.reply.Array(6);
    call.reply.Integer(entry.id);
    call.reply.Integer(entry.unix_s);
    call.reply.Integer(entry.duration_us);
    call.reply.Array(entry.args.size());
    for (const std::string& arg : entry.args) call.reply.Bulk(arg);
    call.reply.Bulk(entry.client_address);
    call.reply.Bulk(entry.client_name);
  }
}

void SlowlogLen(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.server.slow_log.size()));
}

void SlowlogReset(Call& call) {
  call.server.slow_log.Clear();
  call.reply.Ok();
}

// --- LATENCY

void LatencyLatest(Call& call) {
  const auto all = call.server.latency.All();
  call.reply.Array(all.size());
  for (const LatencySeries& series : all) {
    call.reply.Array(4);
    call.reply.Bulk(series.event);
    call.reply.Integer(series.samples.back().unix_s);
    call.reply.Integer(series.samples.back().ms);
    call.reply.Integer(series.max_ms);
  }
}

void LatencyHistory(Call& call) {
  const LatencySeries series = call.server.latency.Get(call.args[2]);
  call.reply.Array(series.samples.size());
  for (const LatencySample& sample : series.samples) {
    call.reply.Array(2);
    call.reply.Integer(sample.unix_s);
    call.reply.Integer(sample.ms);
  }
}

void LatencyReset(Call& call) {
  const Args names = call.args.subspan(2);
  call.reply.Integer(static_cast<int64_t>(call.server.latency.Reset({names.begin(), names.end()})));
}

void LatencyGraph(Call& call) {
  const LatencySeries series = call.server.latency.Get(call.args[2]);
  if (series.samples.empty()) {
    return call.reply.Error("ERR No samples available for event '" + series.event + "'");
  }
  call.reply.Verbatim("txt", DrawLatencyGraph(series, call.server.clock.WallMs() / 1000));
}

void LatencyDoctor(Call& call) {
  if (call.worker.settings().latency_monitor_threshold.count() == 0) {
    return call.reply.Verbatim(
        "txt",
        "Latency monitoring is off. Turn it on with CONFIG SET latency-monitor-threshold "
        "<milliseconds>, let the server work for a while, and ask again.\n");
  }
  std::string text;
  for (const LatencySeries& series : call.server.latency.All()) {
    int64_t sum = 0;
    for (const LatencySample& sample : series.samples) sum += sample.ms;
    const auto count = static_cast<int64_t>(series.samples.size());
    text += fmt::format("{}: {} latency spikes, on average {} ms, the worst {} ms.\n", series.event,
                        count, count == 0 ? 0 : sum / count, series.max_ms);
  }
  if (text.empty()) text = "No latency spikes were seen since the start or LATENCY RESET.\n";
  call.reply.Verbatim("txt", text);
}

// Upper ends of Redis's histogram buckets in µs: powers of two of 1,024 ns, to two digits.
std::vector<uint64_t> HistogramBoundsUs() {
  std::vector<uint64_t> bounds;
  for (int shift = 10; shift < 40; ++shift) {
    const uint64_t ns = uint64_t{1} << shift;
    bounds.push_back((ns + (ns >> 7) - 1) / 1000);
  }
  return bounds;
}

void ReplyHistogram(const LatencyHistogram& histogram, ReplyWriter& reply) {
  std::vector<std::pair<uint64_t, uint64_t>> buckets;
  uint64_t told = 0;
  for (const uint64_t bound : HistogramBoundsUs()) {
    const uint64_t count = histogram.CountAtMost(bound);
    if (count != told) buckets.emplace_back(bound, count);
    told = count;
  }
  reply.Map(2);
  reply.Bulk("calls");
  reply.Integer(static_cast<int64_t>(histogram.count()));
  reply.Bulk("histogram_usec");
  reply.Map(buckets.size());
  for (const auto& [bound, count] : buckets) {
    reply.Integer(static_cast<int64_t>(bound));
    reply.Integer(static_cast<int64_t>(count));
  }
}

void LatencyHistogramCommand(Call& call) {
  const WorkerStats stats = MergeStats(call.worker);
  const auto& rows = CommandTable::Get().rows();
  const Args names = call.args.subspan(2);
  const auto wanted = [&](const Command& row) {
    return names.empty() || std::any_of(names.begin(), names.end(), [&](std::string_view name) {
             return EqualsIgnoreCase(name, CommandTable::FullName(row)) ||
                    EqualsIgnoreCase(name, row.container);
           });
  };
  std::vector<size_t> found;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (stats.histograms[i] != nullptr && stats.histograms[i]->count() > 0 && wanted(*rows[i])) {
      found.push_back(i);
    }
  }
  call.reply.Map(found.size());
  for (const size_t i : found) {
    call.reply.Bulk(CommandTable::FullName(*rows[i]));
    ReplyHistogram(*stats.histograms[i], call.reply);
  }
}

// --- MEMORY

void MemoryUsage(Call& call) {
  for (size_t i = 3; i < call.args.size(); i += 2) {
    if (!EqualsIgnoreCase(call.args[i], "samples") || i + 1 == call.args.size()) {
      return call.reply.Error(kSyntaxError);
    }
    const auto samples = IntegerOrReply(call.args[i + 1], call.reply);
    if (!samples) return;
    if (*samples < 0) return call.reply.Error(kSyntaxError);
  }
  const backend::Key key = call.view.Peek(call.args[2]);
  key.exists() ? call.reply.Integer(static_cast<int64_t>(key.MemoryUsage())) : call.reply.Null();
}

void MemoryStats(Call& call) {
  const uint64_t store = call.server.store.UsedBytes();
  call.server.memory.Refresh(store);
  const uint64_t used = call.server.memory.Used(store);
  uint64_t clients = 0;
  call.worker.ForEachWorker([&](Worker& worker) {
    for (const Session* session : worker.sessions()) clients += session->MemoryUsage();
  });
  uint64_t keys = 0;
  for (const auto& database : call.server.store.Databases()) keys += database.keys;
  const std::vector<std::pair<std::string_view, uint64_t>> figures = {
      {"peak.allocated", std::max(call.server.memory.peak(), used)},
      {"total.allocated", used},
      {"startup.allocated", call.server.memory.at_start()},
      {"replication.backlog", 0},
      {"clients.slaves", 0},
      {"clients.normal", clients},
      {"cluster.links", 0},
      {"aof.buffer", call.server.store.Stats().journal.pending_bytes},
      {"lua.caches", 0},
      {"functions.caches", 0},
      {"overhead.total", used > store ? used - store : 0},
      {"keys.count", keys},
      {"keys.bytes-per-key", keys == 0 ? 0 : store / keys},
      {"dataset.bytes", store},
      {"rss.bytes", MemoryGauge::ResidentBytes()},
  };
  call.reply.Map(figures.size());
  for (const auto& [name, value] : figures) {
    call.reply.Bulk(name);
    call.reply.Integer(static_cast<int64_t>(value));
  }
}

void MemoryDoctor(Call& call) {
  const uint64_t used = call.server.memory.Used(call.server.store.UsedBytes());
  const uint64_t resident = MemoryGauge::ResidentBytes();
  constexpr uint64_t kSmall = 5 << 20;
  if (used < kSmall) {
    return call.reply.Verbatim("txt", "This instance holds too little to tell anything.\n");
  }
  if (resident > used + used / 2) {
    return call.reply.Verbatim(
        "txt", fmt::format("The process takes {} bytes for {} bytes in use: memory is fragmented, "
                           "or was freed lately. MEMORY PURGE gives it back.\n",
                           resident, used));
  }
  call.reply.Verbatim("txt", "No memory problem is seen.\n");
}

void MemoryMallocStats(Call& call) { call.reply.Verbatim("txt", MemoryGauge::AllocatorReport()); }

void MemoryPurge(Call& call) {
  MemoryGauge::Purge();
  call.reply.Ok();
}

// clang-format off
constexpr auto kSlowlogCommands = std::to_array<Command>({
    {.name = "get", .arity = -2, .flags = kAdmin | kLoading | kStale, .session = SlowlogGet,
     .summary = "Gives the newest slow commands.", .since = "2.2.12", .group = "server",
     .container = "slowlog", .tips = "request_policy:all_nodes,nondeterministic_output"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .session = SubcommandHelp,
     .summary = "Tells the subcommands.", .since = "6.2.0", .group = "server",
     .complexity = "O(1)", .container = "slowlog"},
    {.name = "len", .arity = 2, .flags = kAdmin | kLoading | kStale, .session = SlowlogLen,
     .summary = "Counts the kept slow commands.", .since = "2.2.12", .group = "server",
     .complexity = "O(1)", .container = "slowlog",
     .tips = "request_policy:all_nodes,response_policy:agg_sum,nondeterministic_output"},
    {.name = "reset", .arity = 2, .flags = kAdmin | kLoading | kStale, .session = SlowlogReset,
     .summary = "Forgets the slow commands.", .since = "2.2.12", .group = "server",
     .container = "slowlog", .tips = "request_policy:all_nodes,response_policy:all_succeeded"},
});

constexpr auto kLatencyCommands = std::to_array<Command>({
    {.name = "doctor", .arity = 2, .flags = kAdmin | kNoscript | kLoading | kStale,
     .session = LatencyDoctor, .summary = "Gives advice about latency.", .since = "2.8.13",
     .group = "server", .complexity = "O(1)", .container = "latency",
     .tips = "nondeterministic_output,request_policy:all_nodes,response_policy:special"},
    {.name = "graph", .arity = 3, .flags = kAdmin | kNoscript | kLoading | kStale,
     .session = LatencyGraph, .summary = "Draws an event's latency.", .since = "2.8.13",
     .group = "server", .complexity = "O(1)", .container = "latency",
     .tips = "nondeterministic_output,request_policy:all_nodes,response_policy:special"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .session = SubcommandHelp,
     .summary = "Tells the subcommands.", .since = "2.8.13", .group = "server",
     .complexity = "O(1)", .container = "latency"},
    {.name = "histogram", .arity = -2, .flags = kAdmin | kNoscript | kLoading | kStale | kInspects,
     .session = LatencyHistogramCommand, .summary = "Gives the distribution of command latencies.",
     .since = "7.0.0", .group = "server", .container = "latency",
     .tips = "nondeterministic_output,request_policy:all_nodes,response_policy:special"},
    {.name = "history", .arity = 3, .flags = kAdmin | kNoscript | kLoading | kStale,
     .session = LatencyHistory, .summary = "Gives an event's samples.", .since = "2.8.13",
     .group = "server", .complexity = "O(1)", .container = "latency",
     .tips = "nondeterministic_output,request_policy:all_nodes,response_policy:special"},
    {.name = "latest", .arity = 2, .flags = kAdmin | kNoscript | kLoading | kStale,
     .session = LatencyLatest, .summary = "Gives the newest sample of each event.",
     .since = "2.8.13", .group = "server", .complexity = "O(1)", .container = "latency",
     .tips = "nondeterministic_output,request_policy:all_nodes,response_policy:special"},
    {.name = "reset", .arity = -2, .flags = kAdmin | kNoscript | kLoading | kStale,
     .session = LatencyReset, .summary = "Forgets samples.", .since = "2.8.13", .group = "server",
     .complexity = "O(1)", .container = "latency",
     .tips = "request_policy:all_nodes,response_policy:all_succeeded"},
});

constexpr auto kMemoryCommands = std::to_array<Command>({
    {.name = "doctor", .arity = 2, .session = MemoryDoctor,
     .summary = "Gives advice about memory.", .since = "4.0.0", .group = "server",
     .complexity = "O(1)", .container = "memory",
     .tips = "nondeterministic_output,request_policy:all_shards,response_policy:special"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .session = SubcommandHelp,
     .summary = "Tells the subcommands.", .since = "4.0.0", .group = "server",
     .complexity = "O(1)", .container = "memory"},
    {.name = "malloc-stats", .arity = 2, .session = MemoryMallocStats,
     .summary = "Gives the allocator's figures.", .since = "4.0.0", .group = "server",
     .container = "memory",
     .tips = "nondeterministic_output,request_policy:all_shards,response_policy:special"},
    {.name = "purge", .arity = 2, .session = MemoryPurge,
     .summary = "Gives freed memory back to the system.", .since = "4.0.0", .group = "server",
     .container = "memory", .tips = "request_policy:all_shards,response_policy:all_succeeded"},
    {.name = "stats", .arity = 2, .flags = kInspects, .session = MemoryStats,
     .summary = "Gives figures of memory.", .since = "4.0.0", .group = "server",
     .complexity = "O(1)", .container = "memory",
     .tips = "nondeterministic_output,request_policy:all_shards,response_policy:special"},
    {.name = "usage", .arity = -3, .flags = kReadonly, .keys = RangeKeys(KeySpec::kRO, 0, 2, 0, 1),
     .reads = ReadScope::kKey, .session = MemoryUsage,
     .summary = "Tells how much memory a key takes.", .since = "4.0.0", .group = "server",
     .container = "memory"},
});

constexpr auto kDiagnosticsCommands = std::to_array<Command>({
    {.name = "latency", .arity = -2, .summary = "Tells about latency spikes.", .since = "2.8.13",
     .group = "server", .subcommands = kLatencyCommands},
    {.name = "memory", .arity = -2, .summary = "Tells about memory.", .since = "4.0.0",
     .group = "server", .subcommands = kMemoryCommands},
    {.name = "slowlog", .arity = -2, .summary = "Tells about slow commands.", .since = "2.2.12",
     .group = "server", .subcommands = kSlowlogCommands},
});
// clang-format on

}  // namespace

std::span<const Command> DiagnosticsCommands() { return kDiagnosticsCommands; }

}  // namespace tideway::resp
