// Load on tideway nodes of a bus. Prints one line of JSON; CPU time is that of the processes named.
//
//   bus_load latency   SUBSCRIBE_PORT PUBLISH_PORT SECONDS PID…
//   bus_load bulk      SUBSCRIBE_PORT PUBLISH_PORT SECONDS PID…
//   bus_load fanout    SUBSCRIBE_PORT PUBLISH_PORT SECONDS BATCH PID…    1,000 subscribers
//   bus_load subscribe PORT COUNT       many exact channels of one client, which stays until stdin
//                                       ends
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "bench/bus/results.h"
#include "bench/error.h"
#include "bench/host/process.h"
#include "bench/load/client.h"
#include "bench/load/fan_out.h"
#include "bench/load/poller.h"
#include "bench/load/workload.h"

namespace tideway::bench {
namespace {

constexpr int kSilenceMaxMs = 10'000;
constexpr int kSubscribers = 1'000;
constexpr std::uint64_t kChannelsACommand = 100;
const std::string kChannel = "bench:channel";

double CpuSeconds(const std::vector<int>& pids) {
  double total = 0;
  for (const int pid : pids) total += ReadCpuUse(pid).total_s;
  return total;
}

/// Reads exactly that many bytes.
std::string Read(int fd, std::size_t bytes) {
  std::string got(bytes, '\0');
  for (std::size_t seen = 0; seen < bytes;) {
    const ssize_t now = read(fd, got.data() + seen, bytes - seen);
    if (now <= 0) throw BenchError("the server closed a connection");
    seen += static_cast<std::size_t>(now);
  }
  return got;
}

const std::string kPrefix = "*3\r\n$7\r\nmessage\r\n" + Bulk(kChannel);
const std::string kHead = kPrefix + fmt::format("${}\r\n", kPayloadBytes);
const std::size_t kDelivery = kHead.size() + kPayloadBytes + 2;

/// A subscriber of one node and a publisher of another.
struct Pair {
  Pair(int subscribe_port, int publish_port)
      : subscriber(Connect(subscribe_port)),
        publisher(Connect(publish_port)),
        answer(subscribe_port == publish_port ? ":1\r\n" : ":0\r\n") {
    std::string subscribe;
    AppendCommand(subscribe, {"SUBSCRIBE", kChannel});
    SendAll(subscriber, subscribe);
    const std::string wanted = "*3\r\n$9\r\nsubscribe\r\n" + Bulk(kChannel) + ":1\r\n";
    if (Read(subscriber, wanted.size()) != wanted) throw BenchError("SUBSCRIBE was refused");
  }
  ~Pair() {
    close(subscriber);
    close(publisher);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  int subscriber;
  int publisher;
  std::string answer;  // PUBLISH tells the receivers of its own node
};

std::string PublishNow() {
  char payload[kPayloadBytes];
  WritePayload(payload);
  std::string request;
  AppendCommand(request, {"PUBLISH", kChannel, std::string_view(payload, kPayloadBytes)});
  return request;
}

void Latency(const Pair& pair, double seconds, const std::vector<int>& pids) {
  const auto messages = static_cast<std::int64_t>(seconds * kLatencyRate);
  const double cpu = CpuSeconds(pids);
  std::thread publisher([&] {
    const std::int64_t begin = NowNs();
    for (std::int64_t i = 0; i < messages; ++i) {
      SleepUntilNs(begin + i * (1'000'000'000 / kLatencyRate));
      SendAll(pair.publisher, PublishNow());
      if (Read(pair.publisher, pair.answer.size()) != pair.answer) std::abort();
    }
  });
  std::vector<double> ages;
  for (std::int64_t i = 0; i < messages; ++i) {
    const std::string delivery = Read(pair.subscriber, kDelivery);
    ages.push_back(AgeUs(std::string_view(delivery).substr(kHead.size())));
    if (!delivery.starts_with(kHead)) throw BenchError("an unexpected delivery");
  }
  publisher.join();
  PrintLatency(ages, CpuSeconds(pids) - cpu);
}

void Bulk(const Pair& pair, double seconds, const std::vector<int>& pids) {
  std::string requests;
  for (std::uint64_t i = 0; i < kChunk; ++i) requests += PublishNow();
  Poller poller;
  poller.Add(pair.subscriber, 0);
  poller.Add(pair.publisher, 1);
  std::uint64_t sent = 0;
  std::size_t heard_bytes = 0;
  std::size_t answered_bytes = 0;
  const double cpu = CpuSeconds(pids);
  const std::int64_t begin = NowNs();
  const std::int64_t end = begin + static_cast<std::int64_t>(seconds * 1e9);
  while (true) {
    const bool goes_on = NowNs() < end;
    while (goes_on && sent + kChunk - heard_bytes / kDelivery <= kWindow) {
      SendAll(pair.publisher, requests);
      sent += kChunk;
    }
    if (heard_bytes == sent * kDelivery && answered_bytes == sent * pair.answer.size()) break;
    const auto events = poller.Wait(kSilenceMaxMs);
    if (events.empty()) throw BenchError("deliveries are missing after 10 s");
    for (const epoll_event& event : events) {
      if (event.data.u32 == 0)
        heard_bytes += ReceiveSome(pair.subscriber).size();
      else
        answered_bytes += ReceiveSome(pair.publisher).size();
    }
  }
  PrintThroughput(sent, static_cast<double>(NowNs() - begin) / 1e9, CpuSeconds(pids) - cpu);
}

void Fan(int subscribe_port, int publish_port, double seconds, int batch,
         const std::vector<int>& pids) {
  FanOut fan_out(subscribe_port, kSubscribers, batch, kPayloadBytes,
                 publish_port == subscribe_port ? 0 : publish_port);
  fan_out.Run(std::chrono::duration<double>(seconds / 4));
  const double cpu = CpuSeconds(pids);
  const std::int64_t begin = NowNs();
  const std::uint64_t deliveries = fan_out.Run(std::chrono::duration<double>(seconds));
  PrintThroughput(deliveries, static_cast<double>(NowNs() - begin) / 1e9, CpuSeconds(pids) - cpu);
}

/// One client subscribes `count` times, pipelined, and waits for every confirmation.
void Subscribe(int port, std::uint64_t count) {
  const int fd = Connect(port);
  std::string requests;
  std::size_t reply_bytes = 0;
  for (std::uint64_t i = 0; i < count;) {
    std::vector<std::string> words = {"SUBSCRIBE"};
    for (const std::uint64_t last = std::min(count, i + kChannelsACommand); i < last; ++i) {
      words.push_back(fmt::format("bench:room:{:08}", i));
      reply_bytes +=
          fmt::format("*3\r\n$9\r\nsubscribe\r\n$19\r\n{}\r\n:{}\r\n", words.back(), i + 1).size();
    }
    AppendCommand(requests, words);
  }
  const std::int64_t begin = NowNs();
  std::thread sender([&] { SendAll(fd, requests); });
  std::vector<char> sink(1 << 16);
  while (reply_bytes > 0) {
    const ssize_t now = read(fd, sink.data(), std::min(sink.size(), reply_bytes));
    if (now <= 0) throw BenchError("the server closed a connection");
    reply_bytes -= static_cast<std::size_t>(now);
  }
  sender.join();
  PrintThroughput(count, static_cast<double>(NowNs() - begin) / 1e9, 0);
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
  close(fd);
}

int Main(const std::vector<std::string>& words) {
  const auto number = [&](std::size_t at) { return std::stoi(words.at(at)); };
  const auto pids = [&](std::size_t from) {
    std::vector<int> found;
    for (; from < words.size(); ++from) found.push_back(number(from));
    return found;
  };
  const std::string mode = words.at(1);
  if (mode == "subscribe") {
    Subscribe(number(2), static_cast<std::uint64_t>(number(3)));
  } else if (mode == "fanout") {
    Fan(number(2), number(3), std::stod(words.at(4)), number(5), pids(6));
  } else {
    const Pair pair(number(2), number(3));
    (mode == "latency" ? Latency : Bulk)(pair, std::stod(words.at(4)), pids(5));
  }
  return 0;
}

}  // namespace
}  // namespace tideway::bench

int main(int argc, char** argv) {
  try {
    return tideway::bench::Main({argv, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "bus_load: {}\n", error.what());
    return 1;
  }
}
