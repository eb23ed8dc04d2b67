#include <array>

#include "tests/differential/recipes.h"

namespace tideway::tests {
namespace {

Args AnyKeys(Pools& p) {
  Args argv;
  p.Some(&argv, 1, 3, [&] { return p.AnyKey(); });
  return argv;
}

Args One(Pools& p) { return {p.AnyKey()}; }

Args WithCondition(Pools& p, std::string time) {
  Args argv = {p.AnyKey(), std::move(time)};
  if (p.random().Percent(35)) argv.push_back(p.Word(p.random().Pick({"NX", "XX", "GT", "LT"})));
  if (p.random().Percent(6))
    argv.push_back(p.Word(p.random().Pick({"NX", "XX", "GT", "LT", "YY"})));
  return argv;
}

Args Copy(Pools& p) {
  Args argv = {p.AnyKey(), p.AnyKey()};
  if (p.random().Percent(30)) argv.insert(argv.end(), {p.Word("DB"), p.Database()});
  if (p.random().Percent(50)) argv.push_back(p.Word("REPLACE"));
  if (p.random().Percent(3)) argv.push_back(p.Garbage());
  return argv;
}

Args Scan(Pools& p) {
  Args argv = {p.random().Percent(95) ? "0" : p.Garbage()};
  if (p.random().Percent(40)) argv.insert(argv.end(), {p.Word("MATCH"), p.Glob()});
  if (p.random().Percent(75)) argv.insert(argv.end(), {p.Word("COUNT"), p.PageSize()});
  if (p.random().Percent(30)) {
    argv.insert(
        argv.end(),
        {p.Word("TYPE"), p.random().Pick({"string", "hash", "set", "zset", "HASH", "nonsense"})});
  }
  return argv;
}

Args Flush(Pools& p) {
  if (p.random().Percent(60)) return {};
  return {p.Word(p.random().Pick({"ASYNC", "SYNC", "NOW"}))};
}

constexpr auto kRecipes = std::to_array<Recipe>({
    {"DEL", 12, AnyKeys},
    {"UNLINK", 5, AnyKeys},
    {"EXISTS", 4, AnyKeys},
    {"TOUCH", 2, AnyKeys},
    {"TYPE", 4, One},
    {"EXPIRE", 8, [](Pools& p) { return WithCondition(p, p.Seconds()); }},
    {"PEXPIRE", 6, [](Pools& p) { return WithCondition(p, p.Milliseconds()); }},
    {"EXPIREAT", 9, [](Pools& p) { return WithCondition(p, p.UnixSeconds()); }},
    {"PEXPIREAT", 9, [](Pools& p) { return WithCondition(p, p.UnixMilliseconds()); }},
    {"TTL", 4, One},
    {"PTTL", 4, One},
    {"EXPIRETIME", 3, One},
    {"PEXPIRETIME", 3, One},
    {"PERSIST", 5, One},
    {"RENAME", 6,
     [](Pools& p) {
       return Args{p.AnyKey(), p.AnyKey()};
     }},
    {"RENAMENX", 4,
     [](Pools& p) {
       return Args{p.AnyKey(), p.AnyKey()};
     }},
    {"COPY", 8, Copy},
    {"MOVE", 5,
     [](Pools& p) {
       return Args{p.AnyKey(), p.Database()};
     }},
    {"KEYS", 3, [](Pools& p) { return Args{p.Glob()}; }},
    {"SCAN", 4, Scan},
    {"RANDOMKEY", 2, [](Pools&) { return Args{}; }},
    {"DBSIZE", 2, [](Pools&) { return Args{}; }},
    {"FLUSHDB", 1, Flush},
    {"FLUSHALL", 1, Flush},
    {"SWAPDB", 1,
     [](Pools& p) {
       return Args{p.Database(), p.Database()};
     }},
    {"OBJECT ENCODING", 9, One},
    {"OBJECT REFCOUNT", 2, One},
    {"OBJECT IDLETIME", 2, One},
    {"OBJECT FREQ", 1, One},
    {"OBJECT HELP", 1, [](Pools&) { return Args{}; }},
});

constexpr auto kTransactions = std::to_array<Recipe>({
    {"MULTI", 40, [](Pools&) { return Args{}; }},
    {"EXEC", 8, [](Pools&) { return Args{}; }},
    {"DISCARD", 4, [](Pools&) { return Args{}; }},
    {"WATCH", 30, AnyKeys},
    {"UNWATCH", 5, [](Pools&) { return Args{}; }},
});

// Commands that can be given a key of any type and change or read just that key.
constexpr std::array<std::string_view, 26> kTouches = {
    "GET",    "SETNX",  "APPEND", "INCR", "HGETALL", "HLEN",    "SMEMBERS", "SCARD",  "DEL",
    "UNLINK", "EXISTS", "TYPE",   "TTL",  "PTTL",    "PERSIST", "TOUCH",    "STRLEN", "GETDEL",
    "GETEX",  "HKEYS",  "SET",    "HSET", "SADD",    "EXPIRE",  "RENAME",   "COPY"};

}  // namespace

std::span<const Recipe> KeyRecipes() { return kRecipes; }
std::span<const Recipe> TransactionRecipes() { return kTransactions; }

Args ShortTtlCall(Pools* pools, std::string* key) {
  Pools& p = *pools;
  // Redis deletes at once what is due before the command ends: a shorter time could be.
  const std::string ttl = std::to_string(p.random().Between(8, 12));
  *key = p.AnyKey();
  switch (p.random().Below(6)) {
    case 0:
      return {"SET", *key, p.Value(), "PX", ttl};
    case 1:
      return {"PSETEX", *key, ttl, p.Value()};
    case 2:
      return {"GETEX", *key, "PX", ttl};
    case 3:
      return {"SET", *key, p.Value(), "PXAT", "1000"};
    default:
      return {"PEXPIRE", *key, ttl};
  }
}

Args TouchCall(Pools* pools, const std::string& key) {
  Pools& p = *pools;
  Args argv = {p.random().Pick(kTouches), key};
  const std::string& name = argv[0];
  if (name == "SETNX" || name == "APPEND" || name == "SET" || name == "SADD") {
    argv.push_back(p.Value());
  } else if (name == "HSET") {
    argv.insert(argv.end(), {p.Field(), p.Value()});
  } else if (name == "EXPIRE") {
    argv.push_back(p.Seconds());
  } else if (name == "RENAME" || name == "COPY") {
    argv.push_back(p.AnyKey());
    if (p.random().Percent(50)) std::swap(argv[1], argv[2]);
  }
  return argv;
}

}  // namespace tideway::tests
