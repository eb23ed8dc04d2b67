#include "bench/load/closed_loop.h"

#include <unistd.h>

#include "bench/error.h"

namespace tideway::bench {
namespace {

constexpr int kSilenceMaxMs = 10'000;

}  // namespace

ClosedLoop::ClosedLoop(int port, const Workload& workload, int connections, std::uint64_t seed)
    : workload_(workload), next_batch_(Random(seed)() % workload.batches.size()) {
  for (int i = 0; i < connections; ++i) {
    connections_.push_back({Connect(port), ReplyCheck(workload.match)});
    poller_.Add(connections_.back().fd, static_cast<std::uint32_t>(i));
  }
}

ClosedLoop::~ClosedLoop() {
  for (const Connection& connection : connections_) close(connection.fd);
}

void ClosedLoop::SendNext(Connection& connection) {
  const Batch& batch = workload_.batches[next_batch_];
  if (++next_batch_ == workload_.batches.size()) next_batch_ = 0;
  connection.check.Expect(batch);
  SendAll(connection.fd, batch.request);
}

std::uint64_t ClosedLoop::Run(std::chrono::duration<double> length) {
  if (!started_) {
    for (Connection& connection : connections_) SendNext(connection);
    started_ = true;
  }
  const auto end = std::chrono::steady_clock::now() + length;
  std::uint64_t batches = 0;
  while (std::chrono::steady_clock::now() < end) {
    const auto events = poller_.Wait(kSilenceMaxMs);
    if (events.empty()) throw BenchError("the server answered nothing for 10 s");
    for (const epoll_event& event : events) {
      Connection& connection = connections_[event.data.u32];
      const std::string_view bytes = ReceiveSome(connection.fd);
      if (bytes.empty() || !connection.check.Feed(bytes)) continue;
      ++batches;
      SendNext(connection);
    }
  }
  return batches * static_cast<std::uint64_t>(workload_.operations_per_batch);
}

}  // namespace tideway::bench
