#include <array>

#include "tests/differential/recipes.h"

namespace tideway::tests {
namespace {

Args None(Pools&) { return {}; }
Args One(Pools& p) { return {p.AnyKey()}; }

Args Hello(Pools& p) {
  Args argv;
  if (p.random().Percent(90))
    argv.push_back(p.random().Pick({"2", "3", "3", "1", "4", "abc", "-3"}));
  if (p.random().Percent(8)) argv.insert(argv.end(), {p.Word("AUTH"), "default", "secret"});
  if (p.random().Percent(8)) argv.insert(argv.end(), {p.Word("AUTH"), "nobody", "secret"});
  if (p.random().Percent(15))
    argv.insert(argv.end(), {p.Word("SETNAME"), p.random().Pick({"lane", "bad name", ""})});
  if (p.random().Percent(4)) argv.push_back(p.Garbage());
  return argv;
}

Args Auth(Pools& p) {
  if (p.random().Percent(50)) return {"secret"};
  return {p.random().Pick({"default", "nobody", ""}), "secret"};
}

constexpr auto kConnection = std::to_array<Recipe>({
    {"PING", 10, [](Pools& p) { return p.random().Percent(50) ? Args{} : Args{p.Value()}; }},
    {"ECHO", 8, [](Pools& p) { return Args{p.Value()}; }},
    {"SELECT", 20, [](Pools& p) { return Args{p.Database()}; }},
    {"AUTH", 3, Auth},
    {"HELLO", 8, Hello},
    {"RESET", 3, None},
    {"CLIENT ID", 2, None},
    {"CLIENT GETNAME", 4, None},
    {"CLIENT SETNAME", 5,
     [](Pools& p) {
       return Args{p.random().Pick({"lane", "other", "", "bad name", "nl\n"})};
     }},
    {"CLIENT INFO", 3, None},
    {"CLIENT LIST", 2,
     [](Pools& p) {
       if (p.random().Percent(40)) return Args{};
       return Args{p.Word(p.random().Pick({"TYPE", "ID"})),
                   p.random().Pick({"normal", "pubsub", "nothing", "999999", "abc", "-1"})};
     }},
    {"CLIENT NO-EVICT", 2,
     [](Pools& p) {
       return Args{p.random().Pick({"on", "OFF", "maybe"})};
     }},
    {"CLIENT KILL", 3,
     [](Pools& p) {
       if (p.random().Percent(40)) return Args{p.random().Pick({"1.2.3.4:5", "nothing"})};
       return Args{p.Word(p.random().Pick({"ID", "ADDR", "LADDR", "TYPE", "USER", "FOO"})),
                   p.random().Pick({"999999999", "0", "abc", "1.2.3.4:5", "nobody", "yes"})};
     }},
    {"CLIENT UNBLOCK", 2,
     [](Pools& p) {
       Args argv = {p.random().Pick({"999999999", "0", "abc"})};
       if (p.random().Percent(50)) argv.push_back(p.random().Pick({"TIMEOUT", "error", "FOO"}));
       return argv;
     }},
    {"CLIENT PAUSE", 1,
     [](Pools& p) {
       return Args{p.random().Pick({"abc", "-1", "1.5"})};
     }},
    {"CLIENT UNPAUSE", 1, None},
    {"CLIENT REPLY", 1,
     [](Pools& p) {
       return Args{p.random().Pick({"on", "maybe", ""})};
     }},
});

Args ConfigSet(Pools& p) {
  switch (p.random().Below(6)) {
    case 0:
      return {p.Word("hash-max-listpack-entries"), p.random().Pick({"4", "512", "0", "-1", "abc"})};
    case 1:
      return {"hash-max-listpack-value", p.random().Pick({"4", "64", "1", "abc"})};
    case 2:
      return {"set-max-intset-entries", p.random().Pick({"3", "512", "0", "1.5"})};
    case 3:
      return {p.random().Pick({"no-such-setting", "", "databases", "port "}), "1"};
    default:
      // No bad letters here: after such an error Redis 7.0.15 has lost the flag n beside A.
      return {p.Word("notify-keyspace-events"),
              p.random().Pick({"AKE", "AKE", "KEA", "AKEn", "Kg$", "Eghsx", "", "KEn", "En", "KA",
                               "Kxe", "KEsh$gzltdA"})};
  }
}

Args ConfigGet(Pools& p) {
  constexpr std::array<std::string_view, 12> names = {"notify-keyspace-events",
                                                      "hash-max-listpack-entries",
                                                      "hash-max-listpack-value",
                                                      "set-max-intset-entries",
                                                      "databases",
                                                      "maxmemory-policy",
                                                      "timeout",
                                                      "appendfsync",
                                                      "no-such-setting",
                                                      "proto-max-bulk-len",
                                                      "hash-max-*-entries",
                                                      "NOTIFY-keyspace-events"};
  Args argv;
  p.Some(&argv, 1, 2, [&] { return p.random().Pick(names); });
  return argv;
}

constexpr auto kServer = std::to_array<Recipe>({
    {"CONFIG SET", 24, ConfigSet},
    {"CONFIG GET", 10, ConfigGet},
    {"CONFIG RESETSTAT", 1, None},
    {"INFO", 3,
     [](Pools& p) {
       if (p.random().Percent(30)) return Args{};
       return Args{p.Word(
           p.random().Pick({"server", "clients", "memory", "persistence", "stats", "replication",
                            "cpu", "keyspace", "all", "default", "everything", "nonsense"}))};
     }},
    {"TIME", 2, None},
    {"LASTSAVE", 1, None},
    {"ROLE", 2, None},
    {"WAIT", 2,
     [](Pools& p) {
       return Args{p.random().Pick({"0", "abc"}), p.random().Pick({"10", "-1", "x"})};
     }},
    {"MEMORY USAGE", 3,
     [](Pools& p) {
       Args argv = {p.AnyKey()};
       if (p.random().Percent(30)) argv.insert(argv.end(), {"SAMPLES", p.SmallInteger()});
       return argv;
     }},
    {"DEBUG SLEEP", 1, [](Pools&) { return Args{"0"}; }},
    {"DEBUG OBJECT", 2, One},
    {"SLOWLOG LEN", 1, None},
    {"SLOWLOG RESET", 1, None},
    {"SLOWLOG GET", 2,
     [](Pools& p) {
       return Args{p.random().Pick({"0", "-1", "-2", "10", "abc"})};
     }},
    {"LATENCY RESET", 1, None},
    {"LATENCY LATEST", 1, None},
    {"LATENCY HISTORY", 1, [](Pools&) { return Args{"no-such-event"}; }},
    {"CLUSTER KEYSLOT", 4, One},
});

constexpr std::array<std::string_view, 24> kNames = {"get",
                                                     "SET",
                                                     "hset",
                                                     "HRANDFIELD",
                                                     "sadd",
                                                     "SINTERCARD",
                                                     "del",
                                                     "expire",
                                                     "rename",
                                                     "copy",
                                                     "multi",
                                                     "exec",
                                                     "watch",
                                                     "publish",
                                                     "ssubscribe",
                                                     "ping",
                                                     "select",
                                                     "config|get",
                                                     "object|encoding",
                                                     "client|kill",
                                                     "no-such-command",
                                                     "mset",
                                                     "scan",
                                                     "getex"};

constexpr auto kCommand = std::to_array<Recipe>({
    {"COMMAND INFO", 6,
     [](Pools& p) {
       Args argv;
       p.Some(&argv, 1, 3, [&] { return p.random().Pick(kNames); });
       return argv;
     }},
    {"COMMAND COUNT", 1, None},
    {"COMMAND LIST", 1,
     [](Pools& p) {
       if (p.random().Percent(50)) return Args{};
       return Args{"FILTERBY", p.random().Pick({"PATTERN", "ACLCAT", "MODULE", "FOO"}),
                   p.random().Pick({"h*", "hash", "nothing"})};
     }},
    {"COMMAND DOCS", 1, [](Pools& p) { return Args{p.random().Pick(kNames)}; }},
    {"COMMAND GETKEYS", 14, [](Pools& p) { return AnyDataCall(&p); }},
    {"COMMAND GETKEYSANDFLAGS", 5, [](Pools& p) { return AnyDataCall(&p); }},
    {"COMMAND GETKEYS", 2,
     [](Pools& p) {
       return Args{p.random().Pick(kNames), p.AnyKey()};
     }},
    {"NOSUCHCOMMAND", 3,
     [](Pools& p) {
       Args argv;
       p.Some(&argv, 0, 4, [&] { return p.Value(); });
       return argv;
     }},
    {"config nosuch", 1, None},
    {"OBJECT NOSUCH", 1, One},
    {"client NoSuch", 1, One},
    {"PUBSUB nosuch", 1, None},
    {"it's \"unknown\"", 1, One},
});

}  // namespace

std::span<const Recipe> ConnectionRecipes() { return kConnection; }
std::span<const Recipe> ServerRecipes() { return kServer; }
std::span<const Recipe> CommandRecipes() { return kCommand; }

std::span<const Family> Families() {
  static const std::array<Family, 9> families = {{{"strings", 250, StringRecipes()},
                                                  {"hashes", 250, HashRecipes()},
                                                  {"sets", 200, SetRecipes()},
                                                  {"keys", 200, KeyRecipes()},
                                                  {"transactions", 30, TransactionRecipes()},
                                                  {"pubsub", 30, PublishRecipes()},
                                                  {"connection", 20, ConnectionRecipes()},
                                                  {"server", 8, ServerRecipes()},
                                                  {"command", 10, CommandRecipes()}}};
  return families;
}

Args MakeCall(const Recipe& recipe, Pools* pools) {
  Args argv;
  std::string_view words = recipe.command;
  while (!words.empty()) {
    // The unknown name with quotes is one word.
    const std::size_t space = words[0] == 'i' ? std::string_view::npos : words.find(' ');
    argv.push_back(pools->Word(words.substr(0, space)));
    words = space == std::string_view::npos ? std::string_view{} : words.substr(space + 1);
  }
  const Args arguments = recipe.make(*pools);
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

Args AnyDataCall(Pools* pools) {
  const std::array<std::span<const Recipe>, 5> tables = {
      StringRecipes(), HashRecipes(), SetRecipes(), KeyRecipes(), PublishRecipes()};
  const auto table = tables[pools->random().Below(tables.size())];
  return MakeCall(table[pools->random().Below(table.size())], pools);
}

}  // namespace tideway::tests
