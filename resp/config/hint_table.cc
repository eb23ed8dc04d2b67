// Settings of Redis 7.0 that are accepted, checked and reported, and change nothing here, so that
// existing configuration files load and programs that read or set them go on. Where a value would
// promise what is not done (replication, TLS, a cluster), every other value is refused.
#include <array>

#include "resp/config/setting_lists.h"
#include "resp/config/setting_table.h"

namespace tideway::resp {
namespace {

constexpr int64_t kInt32Max = INT32_MAX;
constexpr int64_t kInt32Min = INT32_MIN;

using WordSpan = std::span<const std::string_view>;

constexpr std::array<std::string_view, 2> kPubSubDefaults = {"allchannels", "resetchannels"};
constexpr std::array<std::string_view, 3> kEndpointTypes = {"ip", "hostname", "unknown-endpoint"};
constexpr std::array<std::string_view, 3> kYesNoLocal = {"no", "yes", "local"};
constexpr std::array<std::string_view, 4> kOomScoreAdj = {"no", "yes", "relative", "absolute"};
constexpr std::array<std::string_view, 3> kPropagationErrors = {"ignore", "panic",
                                                                "panic-on-replicas"};
constexpr std::array<std::string_view, 3> kDisklessLoads = {"disabled", "on-empty-db", "swapdb"};
constexpr std::array<std::string_view, 3> kSanitize = {"no", "yes", "clients"};
constexpr std::array<std::string_view, 9> kSyslogFacilities = {
    "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};
constexpr std::array<std::string_view, 3> kTlsAuth = {"no", "yes", "optional"};

constexpr std::string_view kNoCluster =
    "argument must be 'no': every tideway node serves all slots, and clients need no cluster mode";
constexpr std::string_view kNoReplication =
    "tideway does not replicate other servers: remove this line, and move the data with a client";
constexpr std::string_view kNoAcl =
    "ACL files are not in this version: use requirepass, or remove this line";
constexpr std::string_view kNoTls =
    "TLS is not in this version: put a TLS proxy in front, or remove this line";

constexpr SettingRow Hint(std::string_view name, std::string_view value, SettingKind kind) {
  return {.name = name, .kind = kind, .flags = kNoEffect, .hint_default = value};
}
constexpr SettingRow Bool(std::string_view name, std::string_view value) {
  return Hint(name, value, SettingKind::kBool);
}
constexpr SettingRow Text(std::string_view name, std::string_view value) {
  return Hint(name, value, SettingKind::kString);
}
constexpr SettingRow Integer(std::string_view name, std::string_view value, int64_t min,
                             int64_t max) {
  SettingRow row = Hint(name, value, SettingKind::kInteger);
  row.min = min;
  row.max = max;
  return row;
}
constexpr SettingRow Memory(std::string_view name, std::string_view value, int64_t min) {
  SettingRow row = Hint(name, value, SettingKind::kMemory);
  row.min = min;
  return row;
}
constexpr SettingRow MemoryOrPercent(std::string_view name, std::string_view value) {
  return Hint(name, value, SettingKind::kMemoryOrPercent);
}
constexpr SettingRow Enum(std::string_view name, std::string_view value, WordSpan words) {
  SettingRow row = Hint(name, value, SettingKind::kEnum);
  row.words = words;
  return row;
}
constexpr SettingRow List(std::string_view name, std::string_view value,
                          Result<std::string> (*canonical)(Words)) {
  SettingRow row = Hint(name, value, SettingKind::kList);
  row.flags |= kManyWords;
  row.canonical = canonical;
  return row;
}

constexpr SettingRow Formerly(std::string_view old_name, SettingRow row) {
  row.old_name = old_name;
  return row;
}
constexpr SettingRow With(SettingFlag flag, SettingRow row) {
  row.flags = static_cast<uint16_t>(row.flags | flag);
  return row;
}
/// Nothing but the default is accepted.
constexpr SettingRow Only(std::string_view reason, SettingRow row) {
  row.only_default = true;
  row.reason = reason;
  return row;
}

constexpr SettingRow kRows[] = {
    Enum("acl-pubsub-default", "resetchannels", kPubSubDefaults),
    Only(kNoAcl, With(kImmutable, Text("aclfile", ""))),
    Integer("acllog-max-len", "128", 0, INT64_MAX),
    Integer("active-defrag-cycle-max", "25", 1, 99),
    Integer("active-defrag-cycle-min", "1", 1, 99),
    Memory("active-defrag-ignore-bytes", "104857600", 1),
    Integer("active-defrag-max-scan-fields", "1000", 1, INT64_MAX),
    Integer("active-defrag-threshold-lower", "10", 0, 1000),
    Integer("active-defrag-threshold-upper", "100", 0, 1000),
    Integer("active-expire-effort", "1", 1, 10),
    Bool("activedefrag", "no"),
    Bool("activerehashing", "yes"),
    With(kImmutable, Bool("always-show-logo", "no")),
    Bool("aof-disable-auto-gc", "no"),
    Bool("aof-load-truncated", "yes"),
    Bool("aof-rewrite-incremental-fsync", "yes"),
    Bool("aof-timestamp-enabled", "no"),
    Bool("aof-use-rdb-preamble", "yes"),
    With(kImmutable, Text("aof_rewrite_cpulist", "")),
    With(kImmutable, Text("appenddirname", "appendonlydir")),
    With(kImmutable, Text("appendfilename", "appendonly.aof")),
    Memory("auto-aof-rewrite-min-size", "67108864", 0),
    Integer("auto-aof-rewrite-percentage", "100", 0, kInt32Max),
    With(kImmutable, Text("bgsave_cpulist", "")),
    Text("bind-source-addr", ""),
    With(kImmutable, Text("bio_cpulist", "")),
    Formerly("lua-time-limit", Integer("busy-reply-threshold", "5000", 0, INT64_MAX)),
    Bool("cluster-allow-pubsubshard-when-down", "yes"),
    Bool("cluster-allow-reads-when-down", "no"),
    Bool("cluster-allow-replica-migration", "yes"),
    Integer("cluster-announce-bus-port", "0", 0, 65535),
    Text("cluster-announce-hostname", ""),
    Text("cluster-announce-ip", ""),
    Integer("cluster-announce-port", "0", 0, 65535),
    Integer("cluster-announce-tls-port", "0", 0, 65535),
    With(kImmutable, Text("cluster-config-file", "nodes.conf")),
    Only(kNoCluster, With(kImmutable, Bool("cluster-enabled", "no"))),
    Memory("cluster-link-sendbuf-limit", "0", 0),
    Integer("cluster-migration-barrier", "1", 0, kInt32Max),
    Integer("cluster-node-timeout", "15000", 0, INT64_MAX),
    With(kImmutable, Integer("cluster-port", "0", 0, 65535)),
    Enum("cluster-preferred-endpoint-type", "ip", kEndpointTypes),
    Formerly("cluster-slave-no-failover", Bool("cluster-replica-no-failover", "no")),
    Formerly("cluster-slave-validity-factor",
             Integer("cluster-replica-validity-factor", "10", 0, kInt32Max)),
    Bool("cluster-require-full-coverage", "yes"),
    Bool("crash-log-enabled", "yes"),
    Bool("crash-memcheck-enabled", "yes"),
    With(kProtected, Text("dbfilename", "dump.rdb")),
    With(kImmutable, Bool("disable-thp", "yes")),
    Bool("dynamic-hz", "yes"),
    With(kImmutable, Enum("enable-module-command", "no", kYesNoLocal)),
    Memory("hll-sparse-max-bytes", "3000", 0),
    Text("ignore-warnings", ""),
    With(kImmutable, Bool("io-threads-do-reads", "no")),
    Bool("jemalloc-bg-thread", "yes"),
    With(kHidden, Integer("key-load-delay", "0", INT32_MIN, INT32_MAX)),
    Bool("lazyfree-lazy-eviction", "no"),
    Bool("lazyfree-lazy-expire", "no"),
    Bool("lazyfree-lazy-server-del", "no"),
    Bool("lazyfree-lazy-user-del", "no"),
    Bool("lazyfree-lazy-user-flush", "no"),
    Integer("lfu-decay-time", "1", 0, kInt32Max),
    Integer("lfu-log-factor", "10", 0, kInt32Max),
    Integer("list-compress-depth", "0", 0, kInt32Max),
    Formerly("list-max-ziplist-size",
             Integer("list-max-listpack-size", "-2", kInt32Min, kInt32Max)),
    With(kSecret, Text("masterauth", "")),
    Text("masteruser", ""),
    MemoryOrPercent("maxmemory-clients", "0"),
    Integer("maxmemory-eviction-tenacity", "10", 0, 100),
    Integer("maxmemory-samples", "5", 1, kInt32Max),
    Formerly("min-slaves-max-lag", Integer("min-replicas-max-lag", "10", 0, kInt32Max)),
    Formerly("min-slaves-to-write", Integer("min-replicas-to-write", "0", 0, kInt32Max)),
    Bool("no-appendfsync-on-rewrite", "no"),
    Enum("oom-score-adj", "no", kOomScoreAdj),
    List("oom-score-adj-values", "0 200 800", CanonicalOomScores),
    Text("proc-title-template", "{title} {listen-addr} {server-mode}"),
    Enum("propagation-error-behavior", "ignore", kPropagationErrors),
    Bool("rdb-del-sync-files", "no"),
    Bool("rdb-save-incremental-fsync", "yes"),
    With(kImmutable, Bool("rdbchecksum", "yes")),
    Bool("rdbcompression", "yes"),
    Memory("repl-backlog-size", "1048576", 1),
    Integer("repl-backlog-ttl", "3600", 0, INT64_MAX),
    Bool("repl-disable-tcp-nodelay", "no"),
    Enum("repl-diskless-load", "disabled", kDisklessLoads),
    Bool("repl-diskless-sync", "yes"),
    Integer("repl-diskless-sync-delay", "5", 0, kInt32Max),
    Integer("repl-diskless-sync-max-replicas", "0", 0, kInt32Max),
    Formerly("repl-ping-slave-period", Integer("repl-ping-replica-period", "10", 1, kInt32Max)),
    Integer("repl-timeout", "60", 1, kInt32Max),
    Formerly("slave-announce-ip", Text("replica-announce-ip", "")),
    Formerly("slave-announce-port", Integer("replica-announce-port", "0", 0, 65535)),
    Bool("replica-announced", "yes"),
    Bool("replica-ignore-disk-write-errors", "no"),
    Formerly("slave-ignore-maxmemory", Bool("replica-ignore-maxmemory", "yes")),
    Formerly("slave-lazy-flush", Bool("replica-lazy-flush", "no")),
    Formerly("slave-priority", Integer("replica-priority", "100", 0, kInt32Max)),
    Formerly("slave-read-only", Bool("replica-read-only", "yes")),
    Formerly("slave-serve-stale-data", Bool("replica-serve-stale-data", "yes")),
    Only(kNoReplication,
         With(kImmutable, Formerly("slaveof", List("replicaof", "", CanonicalReplicaOf)))),
    Enum("sanitize-dump-payload", "no", kSanitize),
    With(kImmutable, Text("server_cpulist", "")),
    With(kImmutable, Bool("set-proc-title", "yes")),
    List("shutdown-on-sigint", "default", CanonicalShutdownFlags),
    List("shutdown-on-sigterm", "default", CanonicalShutdownFlags),
    With(kImmutable, Integer("socket-mark-id", "0", 0, 4294967295)),
    Bool("stop-writes-on-bgsave-error", "yes"),
    Memory("stream-node-max-bytes", "4096", 0),
    Integer("stream-node-max-entries", "100", 0, INT64_MAX),
    With(kImmutable, Bool("syslog-enabled", "no")),
    With(kImmutable, Enum("syslog-facility", "local0", kSyslogFacilities)),
    With(kImmutable, Text("syslog-ident", "redis")),
    Enum("tls-auth-clients", "yes", kTlsAuth),
    Text("tls-ca-cert-dir", ""),
    Text("tls-ca-cert-file", ""),
    Text("tls-cert-file", ""),
    Text("tls-ciphers", ""),
    Text("tls-ciphersuites", ""),
    Text("tls-client-cert-file", ""),
    Text("tls-client-key-file", ""),
    With(kSecret, Text("tls-client-key-file-pass", "")),
    Only(kNoTls, Bool("tls-cluster", "no")),
    Text("tls-dh-params-file", ""),
    Text("tls-key-file", ""),
    With(kSecret, Text("tls-key-file-pass", "")),
    Only(kNoTls, Integer("tls-port", "0", 0, 65535)),
    Bool("tls-prefer-server-ciphers", "no"),
    Text("tls-protocols", ""),
    Only(kNoTls, Bool("tls-replication", "no")),
    Integer("tls-session-cache-size", "20480", 0, kInt32Max),
    Integer("tls-session-cache-timeout", "300", 0, kInt32Max),
    Bool("tls-session-caching", "yes"),
    Integer("tracking-table-max-keys", "1000000", 0, INT64_MAX),
    Formerly("zset-max-ziplist-entries", Integer("zset-max-listpack-entries", "128", 0, INT64_MAX)),
    Formerly("zset-max-ziplist-value", Memory("zset-max-listpack-value", "64", 0)),
};

constexpr DirectiveRow kDirectives[] = {
    {"rename-command", "commands cannot be renamed in this version: remove this line"},
    {"user", "ACL users are not in this version: use requirepass, or remove this line"},
    {"loadmodule", "tideway loads no modules: remove this line"},
    {"sentinel", "tideway needs no Sentinel: remove this line"},
    {"cdc-listen", "not in this version: there is no change feed to take in"},
    // Of Redis 2 to 6; Redis 7 skips them too.
    {"list-max-ziplist-entries", ""},
    {"list-max-ziplist-value", ""},
};

}  // namespace

namespace internal {

std::vector<std::span<const SettingRow>> HintSettings() { return {kRows}; }
std::span<const DirectiveRow> Directives() { return kDirectives; }

}  // namespace internal
}  // namespace tideway::resp
