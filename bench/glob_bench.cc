// What it costs to match a pattern, for PSUBSCRIBE and KEYS.

#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "resp/protocol/glob.h"

namespace tideway::resp {
namespace {

void MatchOne(benchmark::State& state, std::string_view pattern, std::string_view string) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(pattern);
    benchmark::DoNotOptimize(string);
    benchmark::DoNotOptimize(GlobMatch(pattern, string));
  }
}
BENCHMARK_CAPTURE(MatchOne, keyspace_event, "__keyspace@0__:session:*",
                  "__keyspace@0__:session:0123456789");
BENCHMARK_CAPTURE(MatchOne, star_in_front, "*:room:*", "islb:node:0123456789:room:abcdefgh");
BENCHMARK_CAPTURE(MatchOne, no_match, "*:room:*", "islb:node:0123456789:session:abcdefghijklmnopq");
BENCHMARK_CAPTURE(MatchOne, classes, "user:[0-9][0-9]?:*", "user:123:profile");

/// The longest work that a short pattern can cause.
void MatchHostile(benchmark::State& state) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a?";
  MatchOne(state, pattern + "b", std::string(1'000, 'a'));
}
BENCHMARK(MatchHostile);

}  // namespace
}  // namespace tideway::resp
