// What the data layer costs below all commands: look-ups, overwrites, new keys, small hashes.
// The argument is the number of keys: with few of them everything lies in the processor's caches.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backend/data/key_hash.h"
#include "backend/data/keyspace.h"
#include "backend/view.h"

namespace tideway::backend {
namespace {

constexpr std::string_view kValue = "value-of-16-byte";
constexpr std::string_view kOther = "other-of-16-byte";
constexpr int kFields = 10;
constexpr int64_t kNowMs = 1'700'000'000'000;

std::string KeyName(int64_t index) { return fmt::format("key:{:012}", index); }

/// Key names in an order that no prefetcher follows, one behind the other as in a read buffer, so
/// that taking the next one costs nothing and a look-up is all that is measured.
class ShuffledNames {
 public:
  explicit ShuffledNames(int64_t keys) {
    uint64_t random = 1;
    for (size_t i = 0; i < kNames; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      bytes_ += KeyName(static_cast<int64_t>(random >> 33) % keys);
    }
  }
  std::string_view Next() {
    return std::string_view(bytes_).substr((next_++ & (kNames - 1)) * kNameBytes, kNameBytes);
  }

 private:
  static constexpr size_t kNames = 1 << 16;
  static constexpr size_t kNameBytes = 16;
  std::string bytes_;
  size_t next_ = 0;
};

class Filled {
 public:
  explicit Filled(int64_t keys) : view_(keyspace_), names_(keys) {
    view_.set_now_ms(kNowMs);
    view_.set_event_filter(0);
    for (int64_t i = 0; i < keys; ++i) {
      view_.OpenWrite(KeyName(i)).SetString(kValue, ExpiryChange::Clear());
      view_.Reset();
    }
  }
  View& view() { return view_; }
  Keyspace& keyspace() { return keyspace_; }
  std::string_view NextName() { return names_.Next(); }

 private:
  Keyspace keyspace_;
  View view_;
  ShuffledNames names_;
};

void HashOfKey(benchmark::State& state) {
  const std::string key = KeyName(42);
  for (auto _ : state) benchmark::DoNotOptimize(KeyHash(key));
}
BENCHMARK(HashOfKey);

void Get(benchmark::State& state) {
  Filled filled(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(filled.view().OpenRead(filled.NextName()).String());
  }
  const auto bytes = static_cast<double>(filled.keyspace().UsedBytes());
  state.counters["bytes_per_key"] = bytes / static_cast<double>(state.range(0));
}
BENCHMARK(Get)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void GetAbsent(benchmark::State& state) {
  Filled filled(state.range(0));
  const std::string absent = "no:such:key:00000";
  for (auto _ : state) benchmark::DoNotOptimize(filled.view().OpenRead(absent).exists());
}
BENCHMARK(GetAbsent)->Arg(100'000);

/// Sixteen writes and one Reset(), as a batch of the executor does.
void Overwrite(benchmark::State& state) {
  constexpr int kBatch = 16;
  Filled filled(state.range(0));
  int flip = 0;
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) {
      Key key = filled.view().OpenWrite(filled.NextName());
      key.SetString(flip++ & 1 ? kValue : kOther, ExpiryChange::Clear());
      filled.view().Note(Event::kSet, key);
    }
    filled.view().Reset();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(Overwrite)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void InsertAndErase(benchmark::State& state) {
  Filled filled(state.range(0));
  for (auto _ : state) {
    Key key = filled.view().OpenWrite("a:key:that:comes:and:goes");
    key.SetString(kValue, ExpiryChange::Clear());
    key.Erase();
    filled.view().Reset();
  }
}
BENCHMARK(InsertAndErase)->Arg(100'000);

/// A lock as ion takes it: a key with an expiry that is gone a moment later.
void LockAndUnlock(benchmark::State& state) {
  Filled filled(state.range(0));
  for (auto _ : state) {
    Key key = filled.view().OpenWrite("lock-/ion/room/1234");
    key.SetString("1", ExpiryChange::At(kNowMs + 3'000));
    key.Erase();
    filled.view().Reset();
  }
}
BENCHMARK(LockAndUnlock)->Arg(100'000);

/// The argument is the number of fields: ten are a packed list, a thousand a table.
void HashSetField(benchmark::State& state) {
  Filled filled(kFields);
  View& view = filled.view();
  std::vector<std::string> fields;
  for (int64_t i = 0; i < state.range(0); ++i) fields.push_back(fmt::format("field:{}", i));
  for (const std::string& field : fields) view.OpenWrite("hash").HashSet(field, kValue);
  size_t next = 0;
  for (auto _ : state) {
    view.OpenWrite("hash").HashSet(fields[next++ % fields.size()], kOther);
    view.Reset();
  }
}
BENCHMARK(HashSetField)->Arg(10)->Arg(100)->Arg(1'000);

void HashGetAll(benchmark::State& state) {
  Filled filled(kFields);
  View& view = filled.view();
  for (int i = 0; i < kFields; ++i) {
    view.OpenWrite("hash").HashSet(fmt::format("field:{}", i), kValue);
  }
  size_t bytes = 0;
  for (auto _ : state) {
    view.OpenRead("hash").HashForEach([&bytes](std::string_view field, std::string_view value) {
      bytes += field.size() + value.size();
    });
  }
  benchmark::DoNotOptimize(bytes);
}
BENCHMARK(HashGetAll);

}  // namespace
}  // namespace tideway::backend
