#include "resp/info.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "backend/version.h"
#include "resp/command/arguments.h"
#include "resp/merged_stats.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

// What all sections are made from, gathered once.
struct Facts {
  explicit Facts(Worker& worker)
      : self(worker),
        server(worker.server()),
        settings(worker.settings()),
        stats(MergeStats(worker)),
        store(server.store.Stats()) {
    server.memory.Refresh(store.used_bytes);
    used_memory = server.memory.Used(store.used_bytes);
    worker.ForEachWorker([this](Worker& each) {
      for (const Session* session : each.sessions()) {
        client_bytes += session->MemoryUsage();
        blocked += session->suspension == Suspension::kPaused ? 1 : 0;
        if (session->input_peak > input_peak) input_peak = session->input_peak;
      }
    });
  }
  Worker& self;
  ServerContext& server;
  const Settings& settings;
  WorkerStats stats;
  backend::StoreStats store;
  uint64_t used_memory = 0;
  uint64_t client_bytes = 0;
  uint64_t blocked = 0;
  uint64_t input_peak = 0;
};

template <class... Args>
void Line(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
  out += "\r\n";
}

// "1.50M", as Redis's bytesToHuman.
std::string Human(uint64_t bytes) {
  constexpr std::array<char, 5> kUnits = {'B', 'K', 'M', 'G', 'T'};
  if (bytes < 1024) return fmt::format("{}B", bytes);
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.2f}{}", value, kUnits[unit]);
}

double Ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0.0 : static_cast<double>(a) / static_cast<double>(b);
}

void ServerSection(const Facts& facts, std::string& out) {
  const ServerIdentity& identity = facts.server.identity;
  utsname system{};
  uname(&system);
  const int64_t uptime = facts.self.now_ms() / 1000 - identity.start_monotonic_ms / 1000;
  Line(out, "redis_version:{}", kRedisVersion);
  Line(out, "redis_git_sha1:00000000");
  Line(out, "redis_git_dirty:0");
  Line(out, "redis_build_id:{}", identity.run_id.substr(0, 16));
  Line(out, "redis_mode:standalone");
  Line(out, "tideway_version:{}", Version());
  Line(out, "os:{} {} {}", system.sysname, system.release, system.machine);
  Line(out, "arch_bits:64");
  Line(out, "monotonic_clock:POSIX clock_gettime");
  Line(out, "multiplexing_api:epoll");
  Line(out, "gcc_version:{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
  Line(out, "process_id:{}", identity.pid);
  Line(out, "process_supervised:{}", identity.supervised);
  Line(out, "run_id:{}", identity.run_id);
  Line(out, "tcp_port:{}", facts.settings.port);
  Line(out, "server_time_usec:{}", facts.server.clock.WallUs());
  Line(out, "uptime_in_seconds:{}", uptime);
  Line(out, "uptime_in_days:{}", uptime / 86400);
  Line(out, "hz:{}", facts.settings.hz);
  Line(out, "configured_hz:{}", facts.settings.hz);
  Line(out, "lru_clock:{}", (facts.server.clock.WallMs() / 1000) & 0xffffff);
  Line(out, "executable:{}", identity.executable);
  Line(out, "config_file:{}", identity.config_file);
  Line(out, "io_threads_active:{}", facts.settings.io_threads > 1 ? 1 : 0);
}

void ClientsSection(const Facts& facts, std::string& out) {
  Line(out, "connected_clients:{}", facts.server.counters.clients.load());
  Line(out, "cluster_connections:0");
  Line(out, "maxclients:{}", facts.settings.maxclients);
  Line(out, "client_recent_max_input_buffer:{}", facts.input_peak);
  Line(out, "client_recent_max_output_buffer:0");
  Line(out, "blocked_clients:{}", facts.blocked);
  Line(out, "tracking_clients:0");
  Line(out, "clients_in_timeout_table:0");
}

void MemorySection(const Facts& facts, std::string& out) {
  const uint64_t used = facts.used_memory;
  const uint64_t resident = MemoryGauge::ResidentBytes();
  const uint64_t peak = std::max(facts.server.memory.peak(), used);
  const uint64_t startup = facts.server.memory.at_start();
  const uint64_t dataset = facts.store.used_bytes;
  const auto total =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const auto max = static_cast<uint64_t>(facts.settings.maxmemory);
  Line(out, "used_memory:{}", used);
  Line(out, "used_memory_human:{}", Human(used));
  Line(out, "used_memory_rss:{}", resident);
  Line(out, "used_memory_rss_human:{}", Human(resident));
  Line(out, "used_memory_peak:{}", peak);
  Line(out, "used_memory_peak_human:{}", Human(peak));
  Line(out, "used_memory_peak_perc:{:.2f}%", 100 * Ratio(used, peak));
  Line(out, "used_memory_overhead:{}", used > dataset ? used - dataset : 0);
  Line(out, "used_memory_startup:{}", startup);
  Line(out, "used_memory_dataset:{}", dataset);
  Line(out, "used_memory_dataset_perc:{:.2f}%",
       used > startup ? std::min(100.0, 100 * Ratio(dataset, used - startup)) : 0.0);
  Line(out, "total_system_memory:{}", total);
  Line(out, "total_system_memory_human:{}", Human(total));
  Line(out, "used_memory_lua:0");
  Line(out, "maxmemory:{}", max);
  Line(out, "maxmemory_human:{}", Human(max));
  Line(out, "maxmemory_policy:noeviction");
  Line(out, "mem_fragmentation_ratio:{:.2f}", Ratio(resident, used));
  Line(out, "mem_fragmentation_bytes:{}",
       static_cast<int64_t>(resident) - static_cast<int64_t>(used));
  Line(out, "mem_not_counted_for_evict:0");
  Line(out, "mem_replication_backlog:0");
  Line(out, "mem_clients_slaves:0");
  Line(out, "mem_clients_normal:{}", facts.client_bytes);
  Line(out, "mem_aof_buffer:{}", facts.store.journal.pending_bytes);
  Line(out, "mem_allocator:{}", MemoryGauge::AllocatorName());
  Line(out, "active_defrag_running:0");
  Line(out, "lazyfree_pending_objects:{}", facts.store.freeing_objects);
  Line(out, "lazyfreed_objects:{}", facts.store.freed_objects);
}

void PersistenceSection(const Facts& facts, std::string& out) {
  const backend::JournalStats& journal = facts.store.journal;
  const bool healthy = journal.health == backend::JournalHealth::kHealthy;
  Line(out, "loading:0");
  Line(out, "async_loading:0");
  Line(out, "rdb_changes_since_last_save:{}",
       journal.appended_batches - journal.batches_before_checkpoint);
  Line(out, "rdb_bgsave_in_progress:{}", journal.checkpoint_running ? 1 : 0);
  Line(out, "rdb_last_save_time:{}",
       std::max(journal.last_checkpoint_unix_s, facts.server.identity.start_unix_s));
  Line(out, "rdb_last_bgsave_status:{}", journal.last_checkpoint_ok ? "ok" : "err");
  Line(out, "rdb_last_bgsave_time_sec:{}", journal.last_checkpoint_seconds);
  Line(out, "rdb_current_bgsave_time_sec:-1");
  Line(out, "aof_enabled:{}", facts.store.journalled ? 1 : 0);
  Line(out, "aof_rewrite_in_progress:{}", journal.checkpoint_running ? 1 : 0);
  Line(out, "aof_rewrite_scheduled:0");
  Line(out, "aof_last_rewrite_time_sec:{}", journal.last_checkpoint_seconds);
  Line(out, "aof_current_rewrite_time_sec:-1");
  Line(out, "aof_last_bgrewrite_status:{}", journal.last_checkpoint_ok ? "ok" : "err");
  Line(out, "aof_last_write_status:{}", healthy ? "ok" : "err");
  if (!facts.store.journalled) return;
  Line(out, "aof_current_size:{}", journal.journal_bytes);
  Line(out, "aof_base_size:{}", journal.checkpoint_bytes);
  Line(out, "aof_buffer_length:{}", journal.pending_bytes);
  Line(out, "journal_batches:{}", journal.appended_batches);
  Line(out, "journal_bytes:{}", journal.appended_bytes);
  Line(out, "journal_syncs:{}", journal.syncs);
}

void StatsSection(const Facts& facts, std::string& out) {
  const ServerCounters& counters = facts.server.counters;
  const SubscriptionRegistry& registry = facts.server.registry;
  const WorkerStats& stats = facts.stats;
  const InstantRates rates = facts.server.rates.Current();
  Line(out, "total_connections_received:{}", counters.connections_received.load());
  Line(out, "total_commands_processed:{}", stats.commands_processed);
  Line(out, "instantaneous_ops_per_sec:{:.0f}", rates.commands);
  Line(out, "total_net_input_bytes:{}", stats.input_bytes);
  Line(out, "total_net_output_bytes:{}", stats.output_bytes);
  Line(out, "total_net_repl_input_bytes:0");
  Line(out, "total_net_repl_output_bytes:0");
  Line(out, "instantaneous_input_kbps:{:.2f}", rates.input_bytes / 1024);
  Line(out, "instantaneous_output_kbps:{:.2f}", rates.output_bytes / 1024);
  Line(out, "rejected_connections:{}", counters.rejected_connections.load());
  Line(out, "sync_full:0");
  Line(out, "sync_partial_ok:0");
  Line(out, "sync_partial_err:0");
  Line(out, "expired_keys:{}", facts.store.expired_keys);
  Line(out, "expired_stale_perc:0.00");
  Line(out, "expired_time_cap_reached_count:0");
  Line(out, "evicted_keys:0");
  Line(out, "evicted_clients:0");
  Line(out, "keyspace_hits:{}", facts.store.keyspace_hits);
  Line(out, "keyspace_misses:{}", facts.store.keyspace_misses);
  Line(out, "pubsub_channels:{}", registry.Names(ChannelKind::kExact));
  Line(out, "pubsub_patterns:{}", registry.Names(ChannelKind::kPattern));
  Line(out, "pubsubshard_channels:{}", registry.Names(ChannelKind::kShard));
  Line(out, "latest_fork_usec:0");
  Line(out, "total_forks:0");
  Line(out, "migrate_cached_sockets:0");
  Line(out, "slave_expires_tracked_keys:0");
  Line(out, "active_defrag_hits:0");
  Line(out, "active_defrag_misses:0");
  Line(out, "tracking_total_keys:0");
  Line(out, "unexpected_error_replies:{}", stats.unexpected_errors);
  Line(out, "total_error_replies:{}", stats.error_replies);
  Line(out, "client_query_buffer_limit_disconnections:{}",
       counters.query_limit_disconnections.load());
  Line(out, "client_output_buffer_limit_disconnections:{}",
       counters.output_limit_disconnections.load());
}

void ReplicationSection(const Facts& facts, std::string& out) {
  Line(out, "role:master");
  Line(out, "connected_slaves:0");
  Line(out, "master_failover_state:no-failover");
  Line(out, "master_replid:{}", facts.server.identity.run_id);
  Line(out, "master_replid2:{:0<40}", 0);
  Line(out, "master_repl_offset:0");
  Line(out, "second_repl_offset:-1");
  Line(out, "repl_backlog_active:0");
  Line(out, "repl_backlog_size:0");
  Line(out, "repl_backlog_first_byte_offset:0");
  Line(out, "repl_backlog_histlen:0");
}

void CpuSection(const Facts&, std::string& out) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  rusage self{};
  rusage children{};
  rusage thread{};
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_CHILDREN, &children);
  getrusage(RUSAGE_THREAD, &thread);
  Line(out, "used_cpu_sys:{:.6f}", seconds(self.ru_stime));
  Line(out, "used_cpu_user:{:.6f}", seconds(self.ru_utime));
  Line(out, "used_cpu_sys_children:{:.6f}", seconds(children.ru_stime));
  Line(out, "used_cpu_user_children:{:.6f}", seconds(children.ru_utime));
  Line(out, "used_cpu_sys_main_thread:{:.6f}", seconds(thread.ru_stime));
  Line(out, "used_cpu_user_main_thread:{:.6f}", seconds(thread.ru_utime));
}

void ModulesSection(const Facts&, std::string&) {}

void CommandstatsSection(const Facts& facts, std::string& out) {
  const auto& rows = CommandTable::Get().rows();
  for (size_t i = 0; i < rows.size(); ++i) {
    const CommandStats& row = facts.stats.commands[i];
    if (row.calls == 0 && row.rejected_calls == 0 && row.failed_calls == 0) continue;
    Line(out, "cmdstat_{}:calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}",
         CommandTable::FullName(*rows[i]), row.calls, row.microseconds,
         Ratio(row.microseconds, row.calls), row.rejected_calls, row.failed_calls);
  }
}

void ErrorstatsSection(const Facts& facts, std::string& out) {
  for (const auto& [code, count] : facts.stats.errors) {
    Line(out, "errorstat_{}:count={}", code, count);
  }
}

void LatencystatsSection(const Facts& facts, std::string& out) {
  const auto& rows = CommandTable::Get().rows();
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& histogram = facts.stats.histograms[i];
    if (histogram == nullptr || histogram->count() == 0) continue;
    std::string values;
    for (const double percentile : facts.settings.latency_tracking_info_percentiles) {
      fmt::format_to(std::back_inserter(values), "{}p{:.9g}={:.3f}", values.empty() ? "" : ",",
                     percentile, histogram->PercentileUs(percentile));
    }
    Line(out, "latency_percentiles_usec_{}:{}", CommandTable::FullName(*rows[i]), values);
  }
}

void ClusterSection(const Facts&, std::string& out) { Line(out, "cluster_enabled:0"); }

void KeyspaceSection(const Facts& facts, std::string& out) {
  const auto databases = facts.server.store.Databases();
  const int64_t now_ms = facts.server.clock.WallMs();
  for (size_t db = 0; db < databases.size(); ++db) {
    if (databases[db].keys == 0) continue;
    const backend::DatabaseStats& database = databases[db];
    const int64_t ttl_ms = std::max<int64_t>(0, database.mean_expiry_ms - now_ms);
    Line(out, "db{}:keys={},expires={},avg_ttl={}", db, database.keys, database.expires, ttl_ms);
  }
}

void BackendSection(const Facts& facts, std::string& out) {
  for (const auto& [name, value] : facts.server.store.Facts()) Line(out, "{}:{}", name, value);
}

void BusSection(const Facts& facts, std::string& out) {
  for (const auto& [name, value] : facts.server.bus.Facts()) Line(out, "{}:{}", name, value);
  Line(out, "bus_dropped_busy:{}", facts.server.counters.bus_dropped_busy.load());
}

struct Section {
  std::string_view name;
  std::string_view title;
  bool in_default;
  bool in_all;
  void (*write)(const Facts&, std::string&);
};

constexpr auto kSections = std::to_array<Section>({
    {"server", "Server", true, true, ServerSection},
    {"clients", "Clients", true, true, ClientsSection},
    {"memory", "Memory", true, true, MemorySection},
    {"persistence", "Persistence", true, true, PersistenceSection},
    {"stats", "Stats", true, true, StatsSection},
    {"replication", "Replication", true, true, ReplicationSection},
    {"cpu", "CPU", true, true, CpuSection},
    {"modules", "Modules", true, true, ModulesSection},
    {"commandstats", "Commandstats", false, true, CommandstatsSection},
    {"errorstats", "Errorstats", true, true, ErrorstatsSection},
    {"latencystats", "Latencystats", false, true, LatencystatsSection},
    {"cluster", "Cluster", true, true, ClusterSection},
    {"backend", "Backend", true, true, BackendSection},
    {"bus", "Bus", true, true, BusSection},
    {"keyspace", "Keyspace", true, true, KeyspaceSection},
});

bool Wanted(const Section& section, std::span<const std::string_view> names) {
  if (names.empty()) return section.in_default;
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    if (EqualsIgnoreCase(name, "everything")) return true;
    if (EqualsIgnoreCase(name, "all")) return section.in_all;
    if (EqualsIgnoreCase(name, "default")) return section.in_default;
    return EqualsIgnoreCase(name, section.name);
  });
}

}  // namespace

std::string BuildInfo(Worker& self, std::span<const std::string_view> names) {
  const Facts facts(self);
  std::string out;
  for (const Section& section : kSections) {
    if (!Wanted(section, names)) continue;
    if (section.write == BackendSection && !facts.server.store.remote()) continue;
    if (section.write == BusSection && facts.server.bus.alone()) continue;
    if (!out.empty()) out += "\r\n";
    Line(out, "# {}", section.title);
    section.write(facts, out);
  }
  return out;
}

}  // namespace tideway::resp
