// What it costs to encode replies.

#include <benchmark/benchmark.h>

#include <string_view>

#include "resp/protocol/byte_buffer.h"
#include "resp/protocol/reply_writer.h"

namespace tideway::resp {
namespace {

constexpr int kReplies = 16;
constexpr std::string_view kValue = "value-of-16-byte";

template <typename WriteOne>
void WriteReplies(benchmark::State& state, WriteOne write_one) {
  ByteBuffer out;
  for (auto _ : state) {
    out.Clear();
    ReplyWriter writer(&out, static_cast<RespVersion>(state.range(0)));
    for (int i = 0; i < kReplies; ++i) {
      writer.StartReply();
      write_one(writer);
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kReplies);
}

void WriteOk(benchmark::State& state) {
  WriteReplies(state, [](ReplyWriter& writer) { writer.Ok(); });
}
BENCHMARK(WriteOk)->Arg(2);

void WriteInteger(benchmark::State& state) {
  WriteReplies(state, [](ReplyWriter& writer) { writer.Integer(1'234'567); });
}
BENCHMARK(WriteInteger)->Arg(2);

void WriteBulk(benchmark::State& state) {
  WriteReplies(state, [](ReplyWriter& writer) { writer.Bulk(kValue); });
}
BENCHMARK(WriteBulk)->Arg(2);

/// HGETALL of ten small fields.
void WriteMapOfTen(benchmark::State& state) {
  WriteReplies(state, [](ReplyWriter& writer) {
    writer.Map(10);
    for (int i = 0; i < 10; ++i) {
      writer.Bulk("field:1");
      writer.Bulk(kValue);
    }
  });
}
BENCHMARK(WriteMapOfTen)->Arg(2)->Arg(3);

}  // namespace
}  // namespace tideway::resp
