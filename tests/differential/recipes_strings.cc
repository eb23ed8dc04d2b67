#include <algorithm>
#include <array>

#include "tests/differential/recipes.h"

namespace tideway::tests {
namespace {

void Shuffle(Pools* pools, std::vector<Args>* options) {
  for (std::size_t i = options->size(); i > 1; --i) {
    std::swap((*options)[i - 1], (*options)[pools->random().Below(i)]);
  }
}

Args SetExpiry(Pools& p) {
  switch (p.random().Below(5)) {
    case 0:
      return {p.Word("EX"), p.Seconds()};
    case 1:
      return {p.Word("PX"), p.Milliseconds()};
    case 2:
      return {p.Word("EXAT"), p.FutureSeconds()};
    case 3:
      return {p.Word("PXAT"), p.FutureMilliseconds()};
    default:
      return {p.Word("KEEPTTL")};
  }
}

Args Set(Pools& p) {
  Args argv = {p.Key('s'), p.Value()};
  std::vector<Args> options;
  if (p.random().Percent(25)) options.push_back({p.Word(p.random().Pick({"NX", "XX"}))});
  if (p.random().Percent(20)) options.push_back({p.Word("GET")});
  if (p.random().Percent(30)) options.push_back(SetExpiry(p));
  if (p.random().Percent(3)) options.push_back(SetExpiry(p));
  if (p.random().Percent(2)) options.push_back({p.Word(p.random().Pick({"NX", "XX", "FOO"}))});
  Shuffle(&p, &options);
  for (const Args& option : options) argv.insert(argv.end(), option.begin(), option.end());
  return argv;
}

Args GetEx(Pools& p) {
  Args argv = {p.Key('s')};
  switch (p.random().Below(7)) {
    case 0:
      break;
    case 1:
      argv.insert(argv.end(), {p.Word("EX"), p.Seconds()});
      break;
    case 2:
      argv.insert(argv.end(), {p.Word("PX"), p.Milliseconds()});
      break;
    case 3:
      argv.insert(argv.end(), {p.Word("EXAT"), p.UnixSeconds()});
      break;
    case 4:
      argv.insert(argv.end(), {p.Word("PXAT"), p.UnixMilliseconds()});
      break;
    case 5:
      argv.push_back(p.Word("PERSIST"));
      break;
    default:
      argv.insert(argv.end(), {p.Word("PERSIST"), p.Word("EX"), "1000"});
      break;
  }
  return argv;
}

Args Pairs(Pools& p) {
  Args argv;
  const std::size_t count = 1 + p.random().Below(4);
  for (std::size_t i = 0; i < count; ++i) argv.insert(argv.end(), {p.Key('s'), p.Value()});
  if (p.random().Percent(3)) argv.pop_back();
  return argv;
}

Args SetRange(Pools& p) {
  std::string offset = p.SmallInteger();
  // Values of hundreds of megabytes would be made in earnest; just above the limit none is.
  if (p.random().Percent(5)) offset = p.random().Pick({"536870912", "536870911", "4294967296"});
  std::string value = p.Value();
  if (offset == "536870911" && value.size() < 2) value = "xy";
  return {p.Key('s'), offset, value};
}

constexpr auto kRecipes = std::to_array<Recipe>({
    {"SET", 30, Set},
    {"GET", 14, [](Pools& p) { return Args{p.Key('s')}; }},
    {"SETNX", 4,
     [](Pools& p) {
       return Args{p.Key('s'), p.Value()};
     }},
    {"SETEX", 4,
     [](Pools& p) {
       return Args{p.Key('s'), p.Seconds(), p.Value()};
     }},
    {"PSETEX", 4,
     [](Pools& p) {
       return Args{p.Key('s'), p.Milliseconds(), p.Value()};
     }},
    {"GETSET", 4,
     [](Pools& p) {
       return Args{p.Key('s'), p.Value()};
     }},
    {"GETDEL", 4, [](Pools& p) { return Args{p.Key('s')}; }},
    {"GETEX", 7, GetEx},
    {"MGET", 5,
     [](Pools& p) {
       Args argv;
       p.Some(&argv, 1, 5, [&] { return p.Key('s'); });
       return argv;
     }},
    {"MSET", 5, Pairs},
    {"MSETNX", 4, Pairs},
    {"APPEND", 7,
     [](Pools& p) {
       return Args{p.Key('s'), p.Value()};
     }},
    {"STRLEN", 4, [](Pools& p) { return Args{p.Key('s')}; }},
    {"GETRANGE", 5,
     [](Pools& p) {
       return Args{p.Key('s'), p.SmallInteger(), p.SmallInteger()};
     }},
    {"SUBSTR", 2,
     [](Pools& p) {
       return Args{p.Key('s'), p.SmallInteger(), p.SmallInteger()};
     }},
    {"SETRANGE", 6, SetRange},
    {"INCR", 6, [](Pools& p) { return Args{p.Key('s')}; }},
    {"DECR", 4, [](Pools& p) { return Args{p.Key('s')}; }},
    {"INCRBY", 6,
     [](Pools& p) {
       return Args{p.Key('s'), p.Integer()};
     }},
    {"DECRBY", 5,
     [](Pools& p) {
       return Args{p.Key('s'), p.Integer()};
     }},
    {"INCRBYFLOAT", 7,
     [](Pools& p) {
       return Args{p.Key('s'), p.Float()};
     }},
});

}  // namespace

std::span<const Recipe> StringRecipes() { return kRecipes; }

}  // namespace tideway::tests
