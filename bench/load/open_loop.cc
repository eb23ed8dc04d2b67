#include "bench/load/open_loop.h"

#include <unistd.h>

#include <algorithm>
#include <deque>

#include "bench/error.h"
#include "bench/load/poller.h"

namespace tideway::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr auto kSilenceMax = std::chrono::seconds(10);

/// One connection with the requests that it has in flight, oldest first.
struct Lane {
  struct Pending {
    const Batch* batch;
    Clock::time_point due;
  };
  int fd = -1;
  std::deque<Pending> pending;
  std::size_t seen = 0;  ///< bytes of the oldest request's reply
};

class OpenLoop {
 public:
  OpenLoop(int port, const Workload& workload, int connections, double requests_per_s)
      : workload_(workload),
        interval_(std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(1 / requests_per_s))),
        lanes_(static_cast<std::size_t>(connections)) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      lanes_[i].fd = Connect(port);
      poller_.Add(lanes_[i].fd, static_cast<std::uint32_t>(i));
    }
  }
  ~OpenLoop() {
    for (const Lane& lane : lanes_) close(lane.fd);
  }
  OpenLoop(const OpenLoop&) = delete;
  OpenLoop& operator=(const OpenLoop&) = delete;

  LatencyResult Run(std::chrono::duration<double> warmup, std::chrono::duration<double> measure) {
    const auto start = Clock::now();
    record_from_ = start + std::chrono::duration_cast<Clock::duration>(warmup);
    const auto end = record_from_ + std::chrono::duration_cast<Clock::duration>(measure);
    Clock::time_point due = start;
    while (due < end || in_flight_ > 0) {
      for (; due < end && due <= Clock::now(); due += interval_) SendOne(due);
      for (const epoll_event& event : poller_.Wait(0)) ReceiveOn(lanes_[event.data.u32]);
      if (Clock::now() > end + kSilenceMax) throw BenchError("replies are missing after 10 s");
    }
    return std::move(result_);
  }

 private:
  void SendOne(Clock::time_point due) {
    const Batch& batch = workload_.batches[sent_ % workload_.batches.size()];
    Lane& lane = lanes_[sent_ % lanes_.size()];
    ++sent_;
    ++in_flight_;
    lane.pending.push_back({&batch, due});
    if (due >= record_from_)
      result_.lateness_us.push_back(Microseconds(Clock::now() - due).count());
    SendAll(lane.fd, batch.request);
  }

  void ReceiveOn(Lane& lane) {
    std::string_view bytes = ReceiveSome(lane.fd);
    const auto now = Clock::now();
    while (!bytes.empty()) {
      if (lane.pending.empty()) throw BenchError("a reply that nobody asked for");
      const Lane::Pending& oldest = lane.pending.front();
      const std::string& reply = oldest.batch->reply;
      const std::size_t part = std::min(bytes.size(), reply.size() - lane.seen);
      if (reply.compare(lane.seen, part, bytes.substr(0, part)) != 0) {
        throw BenchError("an unexpected reply: " + std::string(bytes.substr(0, 120)));
      }
      bytes.remove_prefix(part);
      lane.seen += part;
      if (lane.seen < reply.size()) continue;
      if (oldest.due >= record_from_) {
        result_.latency_us.push_back(Microseconds(now - oldest.due).count());
      }
      lane.seen = 0;
      lane.pending.pop_front();
      --in_flight_;
    }
  }

  const Workload& workload_;
  Clock::duration interval_;
  std::vector<Lane> lanes_;
  Poller poller_;
  LatencyResult result_;
  Clock::time_point record_from_;
  std::size_t sent_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace

LatencyResult RunOpenLoop(int port, const Workload& workload, int connections,
                          double requests_per_s, std::chrono::duration<double> warmup,
                          std::chrono::duration<double> measure) {
  return OpenLoop(port, workload, connections, requests_per_s).Run(warmup, measure);
}

double Quantile(std::vector<double>& values, double fraction) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::ptrdiff_t>(fraction * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

}  // namespace tideway::bench
