// How a keyspace grows and empties: time to load, bytes a key, the longest pause of an insert while
// tables grow, and what a key costs that expires.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "backend/data/keyspace.h"
#include "backend/view.h"

namespace tideway::backend {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

/// "key:000000000042": 16 bytes.
class KeyName {
 public:
  std::string_view Of(uint64_t number) {
    for (int i = 15; i > 3; --i, number /= 10) text_[i] = static_cast<char>('0' + number % 10);
    return {text_, 16};
  }

 private:
  char text_[17] = "key:000000000000";
};

/// Loads `keys` new keys; tells the bytes each took and the longest insert.
void Load(benchmark::State& state) {
  const int64_t keys = state.range(0);
  const bool expiring = state.range(1) != 0;
  double longest_us = 0;
  double bytes = 0;
  for (auto _ : state) {
    Keyspace keyspace;
    View view(keyspace);
    view.set_now_ms(kNowMs);
    view.set_event_filter(0);
    KeyName name;
    auto before = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < keys; ++i) {
      const ExpiryChange expiry =
          expiring ? ExpiryChange::At(kNowMs + static_cast<int64_t>(view.Random() % 100'000))
                   : ExpiryChange::Clear();
      Key key = view.OpenWrite(name.Of(static_cast<uint64_t>(i)));
      key.SetString("12345678", expiry);
      view.Note(Event::kSet, key);
      view.Reset();
      if (i % 64 == 0) before = std::chrono::steady_clock::now();
      if (i % 64 == 63) {
        const std::chrono::duration<double, std::micro> took =
            std::chrono::steady_clock::now() - before;
        longest_us = std::max(longest_us, took.count());
      }
    }
    bytes = static_cast<double>(keyspace.UsedBytes()) / static_cast<double>(keys);
    state.PauseTiming();
    view.Flush(0);
    keyspace.DrainReclaimer();
    state.ResumeTiming();
  }
  state.counters["bytes_a_key"] = bytes;
  state.counters["longest_64_us"] = longest_us;
  state.SetItemsProcessed(state.iterations() * keys);
}
BENCHMARK(Load)
    ->Args({100'000, 0})
    ->Args({1'000'000, 0})
    ->Args({1'300'000, 0})
    ->Args({1'000'000, 1})
    ->Unit(benchmark::kMillisecond);

/// Active expiry: what a due key costs.
void ExpireDue(benchmark::State& state) {
  constexpr int kKeys = 10'000;
  for (auto _ : state) {
    state.PauseTiming();
    Keyspace keyspace;
    View view(keyspace);
    view.set_now_ms(kNowMs);
    KeyName name;
    for (int i = 0; i < kKeys; ++i) {
      view.OpenWrite(name.Of(static_cast<uint64_t>(i)))
          .SetString("1", ExpiryChange::At(kNowMs + static_cast<int64_t>(view.Random() % 1000)));
      view.Reset();
    }
    view.set_now_ms(kNowMs + 2000);
    state.ResumeTiming();
    for (uint32_t stripe = 0; stripe < kStripes; ++stripe) view.ExpireDue(stripe, kKeys);
    state.PauseTiming();
    if (view.counters().expired != kKeys) state.SkipWithError("not all expired");
    view.Reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kKeys);
}
BENCHMARK(ExpireDue)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tideway::backend
