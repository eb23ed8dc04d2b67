// What it costs to take requests out of bytes.

#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "resp/protocol/request_arena.h"
#include "resp/protocol/request_parser.h"

namespace tideway::resp {
namespace {

constexpr std::string_view kGet = "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n";
constexpr std::string_view kSet =
    "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$16\r\nvalue-of-16-byte\r\n";
constexpr std::string_view kInline = "GET key:000000000042\r\n";
constexpr int kPipeline = 16;

std::string Repeat(std::string_view request) {
  std::string pipeline;
  for (int i = 0; i < kPipeline; ++i) pipeline += request;
  return pipeline;
}

void ParsePipeline(benchmark::State& state, std::string_view request) {
  const std::string pipeline = Repeat(request);
  const RequestLimits limits;
  RequestArena arena;
  RequestParser parser;
  for (auto _ : state) {
    std::string_view input = pipeline;
    while (!input.empty()) {
      if (parser.Parse(input, limits, &arena) != ParseStatus::kRequest) {
        state.SkipWithError("not a request");
        return;
      }
      benchmark::DoNotOptimize(parser.args().data());
      input.remove_prefix(parser.consumed());
    }
    arena.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kPipeline);
}
BENCHMARK_CAPTURE(ParsePipeline, get, kGet);
BENCHMARK_CAPTURE(ParsePipeline, set, kSet);
BENCHMARK_CAPTURE(ParsePipeline, inline_get, kInline);

/// A request that arrives byte by byte: the price of the worst split.
void ParseByteByByte(benchmark::State& state) {
  const RequestLimits limits;
  RequestArena arena;
  RequestParser parser;
  for (auto _ : state) {
    for (size_t bytes = 1; bytes <= kSet.size(); ++bytes) {
      benchmark::DoNotOptimize(parser.Parse(kSet.substr(0, bytes), limits, &arena));
    }
    arena.Clear();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ParseByteByByte);

}  // namespace
}  // namespace tideway::resp
