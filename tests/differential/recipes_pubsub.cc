#include <array>

#include "tests/differential/recipes.h"

namespace tideway::tests {
namespace {

Args Channels(Pools& p) {
  Args argv;
  p.Some(&argv, 1, 3, [&] { return p.Channel(); });
  return argv;
}

Args MaybeChannels(Pools& p) { return p.random().Percent(30) ? Args{} : Channels(p); }

Args Globs(Pools& p) {
  Args argv;
  p.Some(&argv, 1, 2, [&] { return p.ChannelGlob(); });
  return argv;
}

Args MaybeGlobs(Pools& p) { return p.random().Percent(30) ? Args{} : Globs(p); }
Args MaybeGlob(Pools& p) { return p.random().Percent(50) ? Args{} : Args{p.ChannelGlob()}; }
Args None(Pools&) { return {}; }

constexpr auto kPublish = std::to_array<Recipe>({
    {"PUBLISH", 40,
     [](Pools& p) {
       return Args{p.Channel(), p.Value()};
     }},
    {"SPUBLISH", 15,
     [](Pools& p) {
       return Args{p.Channel(), p.Value()};
     }},
    {"PUBSUB CHANNELS", 6, MaybeGlob},
    {"PUBSUB NUMSUB", 6, MaybeChannels},
    {"PUBSUB NUMPAT", 4, None},
    {"PUBSUB SHARDCHANNELS", 4, MaybeGlob},
    {"PUBSUB SHARDNUMSUB", 4, MaybeChannels},
    {"PUBSUB HELP", 1, None},
});

constexpr auto kSubscribe = std::to_array<Recipe>({
    {"SUBSCRIBE", 20, Channels},
    {"PSUBSCRIBE", 14, Globs},
    {"SSUBSCRIBE", 12, Channels},
    {"UNSUBSCRIBE", 10, MaybeChannels},
    {"PUNSUBSCRIBE", 8, MaybeGlobs},
    {"SUNSUBSCRIBE", 8, MaybeChannels},
    {"PING", 5, [](Pools& p) { return p.random().Percent(50) ? Args{} : Args{p.Value()}; }},
});

}  // namespace

std::span<const Recipe> PublishRecipes() { return kPublish; }
std::span<const Recipe> SubscribeRecipes() { return kSubscribe; }

}  // namespace tideway::tests
