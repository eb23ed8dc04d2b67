// The rows of settings that do something. The bus's stand in resp/config/bus_table.cc,
// those without effect in resp/config/hint_table.cc.
#include "resp/config/setting_table.h"

#include <array>
#include <chrono>
#include <type_traits>

#include "backend/limits.h"
#include "resp/config/setting_lists.h"

namespace tideway::resp {
namespace {

template <class T>
struct MemberOf;
template <class T>
struct MemberOf<T Settings::*> {
  using Type = T;
};

template <class T>
concept Duration = requires(T t) {
  t.count();
};

/// The accessors of a number, enum, bool or duration member.
template <auto Member>
constexpr NumberField Field() {
  using T = typename MemberOf<decltype(Member)>::Type;
  return {[](const Settings& settings) -> int64_t {
            if constexpr (Duration<T>) {
              return (settings.*Member).count();
            } else {
              return static_cast<int64_t>(settings.*Member);
            }
          },
          [](Settings& settings, int64_t value) {
            if constexpr (Duration<T>) {
              settings.*Member = T(value);
            } else {
              settings.*Member = static_cast<T>(value);
            }
          }};
}

constexpr int64_t kInt32Max = INT32_MAX;
constexpr int64_t kBufferMin = limits::kBufferSettingBytesMin;

constexpr std::array<std::string_view, 2> kStorageWords = {"rocksdb", "memory"};
constexpr std::array<std::string_view, 3> kAppendFsyncWords = {"everysec", "always", "no"};
constexpr std::array<std::string_view, 4> kSupervisedWords = {"upstart", "systemd", "auto", "no"};
constexpr std::array<std::string_view, 3> kAllowedWords = {"no", "yes", "local"};
constexpr std::array<std::string_view, 4> kLogLevelWords = {"debug", "verbose", "notice",
                                                            "warning"};
constexpr std::array<std::string_view, 8> kMaxMemoryPolicies = {
    "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
    "allkeys-lru",  "allkeys-lfu",  "allkeys-random",  "noeviction"};
constexpr std::array<std::string_view, 2> kLogFormatWords = {"text", "json"};

using enum SettingKind;
using enum SettingGroup;

constexpr SettingRow kNetworkRows[] = {
    {.name = "port",
     .group = kNetwork,
     .kind = kInteger,
     .number = Field<&Settings::port>(),
     .max = 65535,
     .help = "TCP port; 0: no TCP"},
    {.name = "bind",
     .group = kNetwork,
     .kind = kList,
     .flags = kManyWords,
     .list = {ParseBind, FormatBind, nullptr},
     .help = "addresses to listen on; * and ::* mean all, - before one allows it to be missing"},
    {.name = "protected-mode",
     .group = kNetwork,
     .kind = kBool,
     .number = Field<&Settings::protected_mode>(),
     .help = "without a password, serve only clients of this machine"},
    {.name = "unixsocket",
     .group = kNetwork,
     .flags = kImmutable,
     .text = &Settings::unixsocket,
     .help = "path of a unix socket to listen on"},
    {.name = "unixsocketperm",
     .group = kNetwork,
     .kind = kOctal,
     .flags = kImmutable,
     .number = Field<&Settings::unixsocketperm>(),
     .max = 0777,
     .help = "mode of the unix socket, such as 700; 0: as the umask says"},
    {.name = "tcp-backlog",
     .group = kNetwork,
     .kind = kInteger,
     .flags = kImmutable,
     .number = Field<&Settings::tcp_backlog>(),
     .max = kInt32Max,
     .help = "connections that may wait to be accepted"},
    {.name = "timeout",
     .group = kNetwork,
     .kind = kInteger,
     .number = Field<&Settings::timeout>(),
     .max = kInt32Max,
     .help = "seconds after which an idle client is disconnected; 0: never"},
    {.name = "tcp-keepalive",
     .group = kNetwork,
     .kind = kInteger,
     .number = Field<&Settings::tcp_keepalive>(),
     .max = kInt32Max,
     .help = "seconds between probes of a silent connection; 0: none"},
    {.name = "io-threads",
     .group = kNetwork,
     .kind = kInteger,
     .flags = kImmutable,
     .number = Field<&Settings::io_threads>(),
     .min = 1,
     .max = limits::kIoThreadsMax,
     .help = "threads that serve clients"},
    {.name = "maxclients",
     .group = kNetwork,
     .kind = kInteger,
     .number = Field<&Settings::maxclients>(),
     .min = 1,
     .max = limits::kClientsMax,
     .help = "connected clients at a time"},
};

constexpr SettingRow kDataRows[] = {
    {.name = "databases",
     .group = kData,
     .kind = kInteger,
     .flags = kImmutable,
     .number = Field<&Settings::databases>(),
     .min = 1,
     .max = limits::kDatabasesMax,
     .help = "number of databases for SELECT"},
    {.name = "storage",
     .group = kData,
     .kind = kEnum,
     .flags = kRestart | kOurs,
     .number = Field<&Settings::storage>(),
     .words = kStorageWords,
     .help = "rocksdb: memory with a journal on disk; memory: nothing outlives the process"},
    {.name = "backend",
     .group = kData,
     .flags = kRestart | kOurs | kSecret,
     .text = &Settings::backend,
     .help = "tidb://user:password@host:4000/database: the data lies there"},
    {.name = "backend-timeout",
     .group = kData,
     .kind = kInteger,
     .flags = kRestart | kOurs,
     .number = Field<&Settings::backend_timeout>(),
     .min = 100,
     .max = 600'000,
     .help = "how long a command waits for the database before it is answered -TRYAGAIN"},
    {.name = "dir",
     .group = kData,
     .flags = kProtected,
     .text = &Settings::dir,
     .help = "folder of the data, made when missing; other relative paths start at a given one"},
    {.name = "appendonly",
     .group = kData,
     .kind = kBool,
     .flags = kRestart,
     .number = Field<&Settings::appendonly>(),
     .help = "keep a journal; no, together with save \"\", is the same as storage memory"},
    {.name = "appendfsync",
     .group = kData,
     .kind = kEnum,
     .number = Field<&Settings::appendfsync>(),
     .words = kAppendFsyncWords,
     .help = "sync the journal before each reply (always), every second, or not at all (no)"},
    {.name = "save",
     .group = kData,
     .kind = kList,
     .flags = kManyWords,
     .list = {ParseSave, FormatSave, SaveLines, ClearSave},
     .help = "Redis's snapshot rules; any rule at start asks for the journal"},
    {.name = "maxmemory",
     .group = kData,
     .kind = kMemory,
     .number = Field<&Settings::maxmemory>(),
     .help = "bytes of data beyond which writes are refused with -OOM; 0: no bound"},
    {.name = "hash-max-listpack-entries",
     .old_name = "hash-max-ziplist-entries",
     .group = kData,
     .kind = kInteger,
     .number = Field<&Settings::hash_max_listpack_entries>(),
     .help = "a hash with more fields than this reports encoding hashtable"},
    {.name = "hash-max-listpack-value",
     .old_name = "hash-max-ziplist-value",
     .group = kData,
     .kind = kMemory,
     .number = Field<&Settings::hash_max_listpack_value>(),
     .help = "a hash with a longer field or value than this reports encoding hashtable"},
    {.name = "set-max-intset-entries",
     .group = kData,
     .kind = kInteger,
     .number = Field<&Settings::set_max_intset_entries>(),
     .help = "a set of numbers with more members than this reports encoding hashtable"},
    {.name = "maxmemory-policy",
     .group = kData,
     .kind = kEnum,
     .flags = kNoEffect,
     .words = kMaxMemoryPolicies,
     .hint_default = "noeviction",
     .only_default = true,
     .reason = "argument must be 'noeviction': tideway never evicts keys",
     .help = "only noeviction"},
};

constexpr SettingRow kLimitRows[] = {
    {.name = "proto-max-bulk-len",
     .group = kLimits,
     .kind = kMemory,
     .number = Field<&Settings::proto_max_bulk_len>(),
     .min = kBufferMin,
     .max = static_cast<int64_t>(limits::kValueBytesMax),
     .help = "bytes of one argument or value"},
    {.name = "client-query-buffer-limit",
     .group = kLimits,
     .kind = kMemory,
     .number = Field<&Settings::client_query_buffer_limit>(),
     .min = kBufferMin,
     .help = "bytes that one client may have sent and not yet had answered"},
    {.name = "client-output-buffer-limit",
     .group = kLimits,
     .kind = kList,
     .flags = kManyWords,
     .list = {ParseOutputLimits, FormatOutputLimits, OutputLimitLines},
     .help = "for normal, replica, pubsub: bytes, bytes for a while, seconds; 0: no bound"},
    {.name = "reply-bytes-max",
     .group = kLimits,
     .kind = kMemory,
     .flags = kOurs,
     .number = Field<&Settings::reply_bytes_max>(),
     .min = kBufferMin,
     .help = "bytes of one reply; a longer one becomes an error"},
    {.name = "value-bytes-max",
     .group = kLimits,
     .kind = kMemory,
     .flags = kRestart | kOurs,
     .number = Field<&Settings::value_bytes_max>(),
     .min = limits::kKiB * 64,
     .max = limits::kTidbValueBytesMax,
     .help = "bytes of one value with backend tidb://; a larger one is refused"},
    {.name = "txn-keys-max",
     .group = kLimits,
     .kind = kInteger,
     .flags = kRestart | kOurs,
     .number = Field<&Settings::txn_keys_max>(),
     .min = 256,
     .max = 1'000'000,
     .help = "keys that one command or EXEC may name with backend tidb://"},
};

constexpr SettingRow kOtherRows[] = {
    {.name = "notify-keyspace-events",
     .group = kEvents,
     .kind = kList,
     .flags = kShared,
     .list = {ParseNotify, FormatNotify, NotifyLines},
     .help = "which changes are published: K E g $ s h x e d n m A; empty: none"},

    {.name = "requirepass",
     .group = kSecurity,
     .flags = kSecret,
     .text = &Settings::requirepass,
     .help = "password that clients must give with AUTH; empty: none"},
    {.name = "enable-debug-command",
     .group = kSecurity,
     .kind = kEnum,
     .flags = kImmutable,
     .number = Field<&Settings::enable_debug_command>(),
     .words = kAllowedWords,
     .help = "whether DEBUG may be used: no, yes, or local clients only"},
    {.name = "enable-protected-configs",
     .group = kSecurity,
     .kind = kEnum,
     .flags = kImmutable,
     .number = Field<&Settings::enable_protected_configs>(),
     .words = kAllowedWords,
     .help = "whether CONFIG SET may name protected settings, such as dir"},

    {.name = "slowlog-log-slower-than",
     .group = kMonitoring,
     .kind = kInteger,
     .number = Field<&Settings::slowlog_log_slower_than>(),
     .min = -1,
     .help = "microseconds from which a command is kept in SLOWLOG; -1: never, 0: always"},
    {.name = "slowlog-max-len",
     .group = kMonitoring,
     .kind = kInteger,
     .number = Field<&Settings::slowlog_max_len>(),
     .help = "entries of SLOWLOG"},
    {.name = "latency-monitor-threshold",
     .group = kMonitoring,
     .kind = kInteger,
     .number = Field<&Settings::latency_monitor_threshold>(),
     .help = "milliseconds from which LATENCY keeps an event; 0: off"},
    {.name = "latency-tracking",
     .group = kMonitoring,
     .kind = kBool,
     .number = Field<&Settings::latency_tracking>(),
     .help = "measure each command for INFO latencystats and LATENCY HISTOGRAM"},
    {.name = "latency-tracking-info-percentiles",
     .group = kMonitoring,
     .kind = kList,
     .flags = kManyWords,
     .list = {ParsePercentiles, FormatPercentiles, nullptr},
     .help = "percentiles that INFO latencystats shows"},
    {.name = "hz",
     .group = kMonitoring,
     .kind = kList,
     .list = {ParseHz, FormatHz, nullptr},
     .help = "reported by INFO; from 1 to 500"},

    {.name = "daemonize",
     .group = kProcess,
     .kind = kBool,
     .flags = kImmutable,
     .number = Field<&Settings::daemonize>(),
     .help = "go to the background"},
    {.name = "supervised",
     .group = kProcess,
     .kind = kEnum,
     .flags = kImmutable,
     .number = Field<&Settings::supervised>(),
     .words = kSupervisedWords,
     .help = "tell systemd or upstart when the server is ready"},
    {.name = "pidfile",
     .group = kProcess,
     .flags = kImmutable,
     .text = &Settings::pidfile,
     .help = "file that holds the process id while the server runs"},
    {.name = "logfile",
     .group = kProcess,
     .flags = kImmutable,
     .text = &Settings::logfile,
     .help = "where log lines go; empty: standard output"},
    {.name = "loglevel",
     .group = kProcess,
     .kind = kEnum,
     .number = Field<&Settings::loglevel>(),
     .words = kLogLevelWords,
     .help = "debug, verbose, notice or warning"},
    {.name = "log-format",
     .group = kProcess,
     .kind = kEnum,
     .flags = kRestart | kOurs,
     .number = Field<&Settings::log_format>(),
     .words = kLogFormatWords,
     .help = "text: lines as Redis writes them; json: one object a line"},
    {.name = "shutdown-timeout",
     .group = kProcess,
     .kind = kInteger,
     .number = Field<&Settings::shutdown_timeout>(),
     .max = kInt32Max,
     .help = "seconds that SIGTERM and SHUTDOWN give to work in progress"},
};

}  // namespace

namespace internal {

std::vector<std::span<const SettingRow>> EffectiveSettings() {
  return {kNetworkRows, kDataRows, kLimitRows, BusSettings(), kOtherRows};
}

}  // namespace internal
}  // namespace tideway::resp
