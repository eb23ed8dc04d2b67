#include "tests/differential/compare_server.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>

namespace tideway::tests {
namespace {

bool SameHello(const Value& a, const Value& b) {
  if (!a.is_aggregate() || !b.is_aggregate()) return a == b;
  if (a.type != b.type || a.items.size() != b.items.size()) return false;
  for (std::size_t i = 0; i + 1 < a.items.size(); i += 2) {
    if (a.items[i] != b.items[i]) return false;
    const bool own = a.items[i].text == "version" || a.items[i].text == "id";
    if (own ? a.items[i + 1].type != b.items[i + 1].type : a.items[i + 1] != b.items[i + 1]) {
      return false;
    }
  }
  return true;
}

// Fields of the first line of CLIENT LIST, in order.
std::vector<std::pair<std::string, std::string>> ClientFields(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> fields;
  std::istringstream line(text.substr(0, text.find('\n')));
  for (std::string word; line >> word;) {
    const std::size_t equals = word.find('=');
    fields.emplace_back(word.substr(0, equals),
                        equals == std::string::npos ? "" : word.substr(equals + 1));
  }
  return fields;
}

bool SameClientInfo(const Args& argv, const Value& a, const Value& b) {
  static const std::set<std::string> same_values = {"name",  "db",   "sub",  "psub",  "ssub",
                                                    "multi", "resp", "user", "redir", "flags"};
  if (a.type != b.type || a.is_error()) return a == b;
  auto x = ClientFields(a.text);
  auto y = ClientFields(b.text);
  // Known: CLIENT SETINFO of Redis 7.2 is there, with the fields that it sets.
  std::erase_if(
      y, [](const auto& field) { return field.first == "lib-name" || field.first == "lib-ver"; });
  if (x.size() != y.size()) return false;
  const bool own_line = CommandName(argv) == "CLIENT INFO";
  // Known: tideway compares watched keys at EXEC, and cannot tell before that one has changed.
  for (auto& [name, value] : x) {
    if (name != "flags") continue;
    std::erase(value, 'd');
    if (value.empty()) value = "N";
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i].first != y[i].first) return false;
    if (own_line && same_values.count(x[i].first) != 0 && x[i].second != y[i].second) return false;
  }
  return true;
}

std::set<std::string> Set(const Value& value) {
  std::set<std::string> out;
  for (const Value& item : value.items) out.insert(FormatFrame(item));
  return out;
}

// Redis explains some key specifications in prose, which is Redis's own.
std::set<std::string> KeySpecs(const Value& value) {
  std::set<std::string> out;
  for (Value spec : value.items) {
    for (std::size_t i = 0; i + 1 < spec.items.size(); i += 2) {
      if (spec.items[i].text != "notes") continue;
      spec.items.erase(spec.items.begin() + static_cast<std::ptrdiff_t>(i),
                       spec.items.begin() + static_cast<std::ptrdiff_t>(i) + 2);
      break;
    }
    out.insert(FormatFrame(spec));
  }
  return out;
}

// One row of COMMAND INFO: name, arity, flags, first, last, step, categories, tips, key
// specifications, subcommands.
bool SameCommandRow(const Value& a, const Value& b) {
  constexpr std::size_t kFlags = 2, kCategories = 6, kKeySpecs = 8, kSubcommands = 9;
  if (!a.is_aggregate() || !b.is_aggregate()) return a == b;
  if (a.items.size() != b.items.size() || a.items.size() <= kSubcommands) return a == b;
  for (std::size_t i = 0; i < kSubcommands; ++i) {
    const Value& x = a.items[i];
    const Value& y = b.items[i];
    if (i == kKeySpecs && x.type == y.type && KeySpecs(x) == KeySpecs(y)) continue;
    const bool set = i == kFlags || i == kCategories;
    if (set ? (x.type != y.type || Set(x) != Set(y)) : x != y) return false;
  }
  std::map<std::string, const Value*> known;
  for (const Value& row : a.items[kSubcommands].items) {
    if (!row.items.empty()) known[row.items[0].text] = &row;
  }
  for (const Value& row : b.items[kSubcommands].items) {
    if (row.items.empty()) return false;
    const auto found = known.find(row.items[0].text);
    if (found != known.end() && !SameCommandRow(*found->second, row)) return false;
  }
  return true;
}

bool SameCommandInfo(const Args& argv, const Value& a, const Value& b) {
  if (argv.size() == 2) return a.type == b.type;  // all commands, in the order of Redis's table
  if (!a.is_aggregate() || !b.is_aggregate()) return a == b;
  return a.type == b.type &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), SameCommandRow);
}

bool NamesAreKnown(const Value& a, const Value& b) {
  if (!a.is_aggregate() || !b.is_aggregate()) return a == b;
  const std::set<std::string> known = Set(a);
  return a.type == b.type && std::all_of(b.items.begin(), b.items.end(), [&](const Value& name) {
           // CLIENT SETINFO is Redis 7.2's; clients of today send it.
           return known.count(FormatFrame(name)) != 0 || name.text == "client|setinfo";
         });
}

bool SameConfig(const Args& argv, const Value& a, const Value& b) {
  const bool pattern = std::any_of(argv.begin() + 2, argv.end(), [](const std::string& name) {
    return name.find_first_of("*?[") != std::string::npos && name != "hash-max-*-entries";
  });
  return pattern ? a.type == b.type : SameMultiset(a, b, 2);
}

// What monitoring programs read; the rest of Redis's INFO describes Redis's own inside.
constexpr std::array<std::string_view, 42> kInfoFields = {"redis_version",
                                                          "redis_mode",
                                                          "os",
                                                          "arch_bits",
                                                          "process_id",
                                                          "run_id",
                                                          "tcp_port",
                                                          "uptime_in_seconds",
                                                          "uptime_in_days",
                                                          "hz",
                                                          "executable",
                                                          "config_file",
                                                          "connected_clients",
                                                          "maxclients",
                                                          "blocked_clients",
                                                          "used_memory",
                                                          "used_memory_human",
                                                          "used_memory_rss",
                                                          "used_memory_peak",
                                                          "maxmemory",
                                                          "maxmemory_policy",
                                                          "mem_fragmentation_ratio",
                                                          "mem_allocator",
                                                          "loading",
                                                          "rdb_last_save_time",
                                                          "rdb_changes_since_last_save",
                                                          "aof_enabled",
                                                          "total_connections_received",
                                                          "total_commands_processed",
                                                          "instantaneous_ops_per_sec",
                                                          "total_net_input_bytes",
                                                          "rejected_connections",
                                                          "expired_keys",
                                                          "evicted_keys",
                                                          "keyspace_hits",
                                                          "keyspace_misses",
                                                          "pubsub_channels",
                                                          "pubsub_patterns",
                                                          "role",
                                                          "connected_slaves",
                                                          "used_cpu_sys",
                                                          "used_cpu_user"};

std::set<std::string> InfoNames(const std::string& text) {
  std::set<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.rfind("# ", 0) == 0) {
      names.insert(line);
      continue;
    }
    const std::string name = line.substr(0, line.find(':'));
    if (std::find(kInfoFields.begin(), kInfoFields.end(), name) != kInfoFields.end()) {
      names.insert(name);
    }
  }
  return names;
}

bool SameInfo(const Value& a, const Value& b) {
  if (a.type != b.type || a.is_error()) return a == b;
  const std::set<std::string> wanted = InfoNames(a.text);
  const std::set<std::string> given = InfoNames(b.text);
  return std::includes(given.begin(), given.end(), wanted.begin(), wanted.end());
}

}  // namespace

bool CompareServerReplies(Equal equal, const Args& argv, const Value& expected,
                          const Value& actual) {
  switch (equal) {
    case Equal::kHello:
      return SameHello(expected, actual);
    case Equal::kClientInfo:
      return SameClientInfo(argv, expected, actual);
    case Equal::kCommandInfo:
      return SameCommandInfo(argv, expected, actual);
    case Equal::kCommandNames:
      return NamesAreKnown(expected, actual);
    case Equal::kConfig:
      return SameConfig(argv, expected, actual);
    case Equal::kInfo:
      return SameInfo(expected, actual);
    default:
      return false;
  }
}

}  // namespace tideway::tests
