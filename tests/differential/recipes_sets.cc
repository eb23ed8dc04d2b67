#include <array>

#include "tests/differential/recipes.h"

namespace tideway::tests {
namespace {

Args KeyAndMembers(Pools& p) {
  Args argv = {p.Key('t')};
  p.Some(&argv, 1, 4, [&] { return p.Member(); });
  return argv;
}

Args Add(Pools& p) {
  if (!p.random().Percent(0.5)) return KeyAndMembers(p);
  Args argv = {p.Key('t')};  // past the intset's limit at once, or in steps
  const auto count = p.random().Between(250, 520);
  const auto from = p.random().Between(-100, 300);
  for (std::int64_t i = 0; i < count; ++i) argv.push_back(std::to_string(from + i));
  return argv;
}

Args KeyOnly(Pools& p) { return {p.Key('t')}; }
Args KeyMember(Pools& p) { return {p.Key('t'), p.Member()}; }

Args KeyAndCount(Pools& p) {
  Args argv = {p.Key('t')};
  if (p.random().Percent(40)) return argv;
  argv.push_back(p.SmallInteger());
  if (argv.back().size() > 18 && argv.back()[0] == '-') argv.back() = "-7";
  if (p.random().Percent(3)) argv.push_back(p.Garbage());
  return argv;
}

Args Random(Pools& p) {
  Args argv = KeyAndCount(p);
  if (p.random().Percent(3) && argv.size() == 2) argv[1] = "-9223372036854775808";
  return argv;
}

Args Keys(Pools& p) {
  Args argv;
  p.Some(&argv, 1, 4, [&] { return p.Key('t'); });
  return argv;
}

Args TargetAndKeys(Pools& p) {
  Args argv = Keys(p);
  argv.insert(argv.begin(), p.Key('t'));
  return argv;
}

Args InterCard(Pools& p) {
  Args argv = Keys(p);
  const std::string count = std::to_string(argv.size());
  argv.insert(argv.begin(), p.random().Percent(92) ? count : p.SmallInteger());
  if (p.random().Percent(40)) argv.insert(argv.end(), {p.Word("LIMIT"), p.SmallInteger()});
  if (p.random().Percent(3)) argv.push_back(p.Garbage());
  return argv;
}

Args Scan(Pools& p) {
  Args argv = {p.Key('t'), p.random().Percent(95) ? "0" : p.Garbage()};
  if (p.random().Percent(40)) argv.insert(argv.end(), {p.Word("MATCH"), p.Glob()});
  if (p.random().Percent(75)) argv.insert(argv.end(), {p.Word("COUNT"), p.PageSize()});
  return argv;
}

constexpr auto kRecipes = std::to_array<Recipe>({
    {"SADD", 25, Add},
    {"SREM", 9, KeyAndMembers},
    {"SMEMBERS", 8, KeyOnly},
    {"SISMEMBER", 5, KeyMember},
    {"SMISMEMBER", 5, KeyAndMembers},
    {"SCARD", 4, KeyOnly},
    {"SPOP", 6, KeyAndCount},
    {"SRANDMEMBER", 6, Random},
    {"SMOVE", 7,
     [](Pools& p) {
       return Args{p.Key('t'), p.Key('t'), p.Member()};
     }},
    {"SSCAN", 4, Scan},
    {"SINTER", 4, Keys},
    {"SUNION", 4, Keys},
    {"SDIFF", 4, Keys},
    {"SINTERSTORE", 4, TargetAndKeys},
    {"SUNIONSTORE", 4, TargetAndKeys},
    {"SDIFFSTORE", 4, TargetAndKeys},
    {"SINTERCARD", 4, InterCard},
});

}  // namespace

std::span<const Recipe> SetRecipes() { return kRecipes; }

}  // namespace tideway::tests
