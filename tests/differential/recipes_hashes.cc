#include <array>

#include "tests/differential/recipes.h"

namespace tideway::tests {
namespace {

Args FieldsAndValues(Pools& p) {
  Args argv = {p.Key('h')};
  std::size_t count = 1 + p.random().Below(4);
  if (p.random().Percent(0.4)) {  // past the listpack's limit at once, or in steps
    count = static_cast<std::size_t>(p.random().Between(250, 520));
    const std::size_t from = p.random().Below(300);
    for (std::size_t i = 0; i < count; ++i) {
      argv.insert(argv.end(), {"n" + std::to_string(from + i), std::to_string(i)});
    }
    return argv;
  }
  for (std::size_t i = 0; i < count; ++i) argv.insert(argv.end(), {p.Field(), p.Value()});
  if (p.random().Percent(3)) argv.pop_back();
  return argv;
}

Args KeyAndFields(Pools& p) {
  Args argv = {p.Key('h')};
  p.Some(&argv, 1, 4, [&] { return p.Field(); });
  return argv;
}

Args KeyField(Pools& p) { return {p.Key('h'), p.Field()}; }
Args KeyOnly(Pools& p) { return {p.Key('h')}; }

Args Random(Pools& p) {
  Args argv = {p.Key('h')};
  if (p.random().Percent(30)) return argv;
  argv.push_back(p.SmallInteger());
  // A large negative count that is valid would make a reply without end.
  if (argv.back().size() > 18 && argv.back()[0] == '-') argv.back() = "-7";
  if (p.random().Percent(4)) {
    argv.back() = p.random().Pick({"-9223372036854775808", "4611686018427387904"});
  }
  if (p.random().Percent(40)) argv.push_back(p.Word(p.random().Percent(90) ? "WITHVALUES" : "X"));
  return argv;
}

Args Scan(Pools& p) {
  Args argv = {p.Key('h'), p.random().Percent(95) ? "0" : p.Garbage()};
  if (p.random().Percent(40)) argv.insert(argv.end(), {p.Word("MATCH"), p.Glob()});
  if (p.random().Percent(75)) argv.insert(argv.end(), {p.Word("COUNT"), p.PageSize()});
  if (p.random().Percent(3)) argv.push_back(p.Garbage());
  return argv;
}

constexpr auto kRecipes = std::to_array<Recipe>({
    {"HSET", 25, FieldsAndValues},
    {"HMSET", 5, FieldsAndValues},
    {"HSETNX", 6,
     [](Pools& p) {
       return Args{p.Key('h'), p.Field(), p.Value()};
     }},
    {"HGET", 8, KeyField},
    {"HMGET", 6, KeyAndFields},
    {"HGETALL", 8, KeyOnly},
    {"HKEYS", 5, KeyOnly},
    {"HVALS", 5, KeyOnly},
    {"HLEN", 4, KeyOnly},
    {"HDEL", 12, KeyAndFields},
    {"HEXISTS", 4, KeyField},
    {"HSTRLEN", 4, KeyField},
    {"HINCRBY", 9,
     [](Pools& p) {
       return Args{p.Key('h'), p.Field(), p.Integer()};
     }},
    {"HINCRBYFLOAT", 7,
     [](Pools& p) {
       return Args{p.Key('h'), p.Field(), p.Float()};
     }},
    {"HSCAN", 5, Scan},
    {"HRANDFIELD", 6, Random},
});

}  // namespace

std::span<const Recipe> HashRecipes() { return kRecipes; }

}  // namespace tideway::tests
