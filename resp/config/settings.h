// The settings of a running server, as plain data. Every name, range, text form and help line
// stands in one table, resp/config/setting_table.h; this struct holds the values and their
// defaults.
//
// Ownership and threads: a Settings is an ordinary value. A running server publishes immutable
// snapshots of it, see resp/config/live_settings.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "backend/limits.h"
#include "backend/log_line.h"
#include "cdc/nats_options.h"

namespace tideway::resp {

/// Where data lies. `kMemory` keeps nothing over a restart.
enum class Storage : uint8_t { kRocksDb, kMemory };

/// When the journal is synced to disk: every second, before each reply, or when the system likes.
enum class AppendFsync : uint8_t { kEverySec, kAlways, kNo };

/// Which process manager is told that the server is ready.
enum class Supervised : uint8_t { kUpstart, kSystemd, kAuto, kNo };

/// Who may use a dangerous command: nobody, everybody, or clients of this machine.
enum class Allowed : uint8_t { kNo, kYes, kLocal };

/// Bounds of one client class's unsent replies; 0 is no bound. A client is disconnected when it
/// passes `hard_bytes`, or stays above `soft_bytes` for `soft_time`.
struct OutputBufferLimit {
  int64_t hard_bytes = 0;
  int64_t soft_bytes = 0;
  std::chrono::seconds soft_time{0};

  bool operator==(const OutputBufferLimit&) const = default;
};

/// One snapshot rule of Redis: after `period`, if at least `changes` keys changed.
struct SavePoint {
  std::chrono::seconds period;
  int64_t changes;

  bool operator==(const SavePoint&) const = default;
};

struct Settings {
  // ---- Network ----
  uint16_t port = 6379;                           // 0: no TCP
  std::vector<std::string> bind = {"*", "-::*"};  // "-": may be missing
  bool protected_mode = true;                     // no password: only this machine is served
  std::string unixsocket;                         // empty: none
  int32_t unixsocketperm = 0;                     // mode bits; 0: as the umask says
  int32_t tcp_backlog = 511;                      // connections
  std::chrono::seconds timeout{0};                // idle clients; 0: never
  std::chrono::seconds tcp_keepalive{300};        // 0: off
  int32_t io_threads = 1;
  uint32_t maxclients = 10000;

  // ---- Data ----
  int32_t databases = 16;
  Storage storage = Storage::kRocksDb;
  std::string backend;  // tidb://…; empty: the embedded store
  std::chrono::milliseconds backend_timeout{3000};
  std::string dir = "tideway-data";  // absolute once the server has started
  bool appendonly = true;
  AppendFsync appendfsync = AppendFsync::kEverySec;
  std::vector<SavePoint> save = {{std::chrono::seconds(3600), 1},
                                 {std::chrono::seconds(300), 100},
                                 {std::chrono::seconds(60), 10000}};
  int64_t maxmemory = 0;                    // bytes; 0: no bound
  int64_t hash_max_listpack_entries = 512;  // what OBJECT ENCODING calls small
  int64_t hash_max_listpack_value = 64;     // bytes
  int64_t set_max_intset_entries = 512;

  // ---- Limits ----
  int64_t proto_max_bulk_len = limits::kBulkBytesDefault;                // bytes
  int64_t client_query_buffer_limit = limits::kQueryBufferBytesDefault;  // bytes
  int64_t value_bytes_max = limits::kTidbValueBytesDefault;              // bytes
  int64_t txn_keys_max = limits::kTidbTxnKeysDefault;                    // keys
  int64_t reply_bytes_max = limits::kReplyBytesDefault;                  // bytes
  OutputBufferLimit normal_output;
  OutputBufferLimit replica_output = {256 * int64_t{limits::kMiB}, 64 * int64_t{limits::kMiB},
                                      std::chrono::seconds(60)};  // reported, never used
  OutputBufferLimit pubsub_output = {32 * int64_t{limits::kMiB}, 8 * int64_t{limits::kMiB},
                                     std::chrono::seconds(60)};

  // ---- Events ----
  uint32_t notify_keyspace_events = 0;  // bits of backend::EventClass

  // ---- Bus ----
  std::string bus;  // nats://…; empty: in this process
  std::string bus_subject_prefix = "tw";
  std::string bus_credentials_file;
  std::string bus_nkey;
  std::string bus_nkey_seed_file;
  cdc::NatsTls bus_tls = cdc::NatsTls::kAuto;
  std::string bus_tls_ca_file;
  std::string bus_tls_cert_file;
  std::string bus_tls_key_file;

  // ---- Security ----
  std::string requirepass;  // secret; empty: none
  Allowed enable_debug_command = Allowed::kNo;
  Allowed enable_protected_configs = Allowed::kNo;

  // ---- Monitoring ----
  std::chrono::microseconds slowlog_log_slower_than{10000};  // negative: off
  int64_t slowlog_max_len = 128;                             // entries
  std::chrono::milliseconds latency_monitor_threshold{0};    // 0: off
  bool latency_tracking = true;
  std::vector<double> latency_tracking_info_percentiles = {50, 99, 99.9};
  int64_t hz = 10;  // reported; clamped to 1..500

  // ---- Process and log ----
  bool daemonize = false;
  Supervised supervised = Supervised::kNo;
  std::string pidfile;  // empty: none
  std::string logfile;  // empty: standard output
  log::Level loglevel = log::Level::kNotice;
  log::Format log_format = log::Format::kText;
  std::chrono::seconds shutdown_timeout{10};

  /// Accepted settings that change nothing here: canonical text by name, where it is not the
  /// default.
  std::map<std::string, std::string, std::less<>> hints;

  bool operator==(const Settings&) const = default;
};

/// True when data outlives the process. Redis keeps data when `appendonly` is yes *or* there are
/// save points; whoever moves such a configuration here must not lose data at the next restart. So
/// only `storage memory`, or `appendonly no` together with `save ""`, is a store without a journal.
bool IsJournalled(const Settings& settings);

}  // namespace tideway::resp
