#include "bench/load/workload.h"

#include <fmt/format.h>

#include <algorithm>

namespace tideway::bench {
namespace {

constexpr int kPreparedOperations = 32'768;
constexpr std::size_t kPopulateBytes = 32'768;

}  // namespace

std::string KeyName(std::int64_t index) { return fmt::format("key:{:012}", index); }

std::string ValueOf(std::int64_t index, int bytes) {
  // Never a canonical decimal number: Redis would store that as an integer and save the bytes.
  std::string value = fmt::format("v{:x}", static_cast<std::uint64_t>(index) * 0x9e3779b97f4a7c15U);
  const auto size = static_cast<std::size_t>(bytes);
  while (value.size() < size) value += value;
  value.resize(size);
  return value;
}

std::string Bulk(const std::string& text) {
  return fmt::format("${}\r\n{}\r\n", text.size(), text);
}

Workload MakeWorkload(Match match, int pipeline, int keys, std::uint64_t seed,
                      const std::function<void(Batch&, std::int64_t, Random&)>& append) {
  Workload workload{match, pipeline, {}};
  Random random(seed);
  std::uniform_int_distribution<std::int64_t> any_key(0, keys - 1);
  workload.batches.resize(static_cast<std::size_t>(std::max(kPreparedOperations / pipeline, 1)));
  for (Batch& batch : workload.batches) {
    for (int i = 0; i < pipeline; ++i) append(batch, any_key(random), random);
  }
  return workload;
}

void Populate(int port, std::int64_t count,
              const std::function<std::size_t(std::string&, std::int64_t)>& append) {
  Client client(port);
  std::string requests;
  std::size_t reply_bytes = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    reply_bytes += append(requests, i);
    if (requests.size() < kPopulateBytes && i + 1 < count) continue;
    client.Exchange(requests, reply_bytes);
    requests.clear();
    reply_bytes = 0;
  }
}

}  // namespace tideway::bench
