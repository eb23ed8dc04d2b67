#include "bench/load/fan_out.h"

#include <fmt/format.h>
#include <unistd.h>

#include "bench/error.h"
#include "bench/load/client.h"
#include "bench/load/workload.h"

namespace tideway::bench {
namespace {

constexpr int kSilenceMaxMs = 10'000;
const std::string kChannel = "bench:channel";

/// Reads exactly `expected` from a connection.
void Await(Poller& poller, int fd, const std::string& expected) {
  std::string got;
  while (got.size() < expected.size()) {
    if (poller.Wait(kSilenceMaxMs).empty()) throw BenchError("no confirmation of SUBSCRIBE");
    got += ReceiveSome(fd);
  }
  if (got != expected) throw BenchError("an unexpected reply to SUBSCRIBE: " + got);
}

}  // namespace

FanOut::FanOut(int port, int subscribers, int batch, int payload_bytes, int publish_port)
    : batch_(batch) {
  const std::string payload = ValueOf(1, payload_bytes);
  const std::string name = Bulk(kChannel);
  for (int i = 0; i < batch; ++i) {
    AppendCommand(request_, {"PUBLISH", kChannel, payload});
    delivery_ += "*3\r\n$7\r\nmessage\r\n" + name + Bulk(payload);
    reply_ += fmt::format(":{}\r\n", publish_port != 0 ? 0 : subscribers);
  }
  std::string subscribe;
  AppendCommand(subscribe, {"SUBSCRIBE", kChannel});
  for (int i = 0; i <= subscribers; ++i) {
    const bool publishes = i == subscribers;
    receivers_.push_back({Connect(publishes && publish_port != 0 ? publish_port : port), 0});
    poller_.Add(receivers_.back().fd, static_cast<std::uint32_t>(i));
    if (publishes) break;
    SendAll(receivers_.back().fd, subscribe);
    Await(poller_, receivers_.back().fd, "*3\r\n$9\r\nsubscribe\r\n" + name + ":1\r\n");
  }
}

FanOut::~FanOut() {
  for (const Receiver& receiver : receivers_) close(receiver.fd);
}

void FanOut::RunBatch() {
  const std::size_t publisher = receivers_.size() - 1;
  for (Receiver& receiver : receivers_) receiver.seen = 0;
  SendAll(receivers_.back().fd, request_);
  std::size_t unfinished = receivers_.size();
  while (unfinished > 0) {
    const auto events = poller_.Wait(kSilenceMaxMs);
    if (events.empty()) throw BenchError("deliveries are missing after 10 s");
    for (const epoll_event& event : events) {
      Receiver& receiver = receivers_[event.data.u32];
      const std::string& expected = event.data.u32 == publisher ? reply_ : delivery_;
      const std::string_view bytes = ReceiveSome(receiver.fd);
      if (receiver.seen + bytes.size() > expected.size() ||
          expected.compare(receiver.seen, bytes.size(), bytes) != 0) {
        throw BenchError("an unexpected delivery: " + std::string(bytes.substr(0, 120)));
      }
      receiver.seen += bytes.size();
      if (!bytes.empty() && receiver.seen == expected.size()) --unfinished;
    }
  }
}

std::uint64_t FanOut::Run(std::chrono::duration<double> length) {
  const auto end = std::chrono::steady_clock::now() + length;
  std::uint64_t batches = 0;
  for (; std::chrono::steady_clock::now() < end; ++batches) RunBatch();
  return batches * static_cast<std::uint64_t>(batch_) * (receivers_.size() - 1);
}

}  // namespace tideway::bench
