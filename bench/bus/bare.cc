// Bare NATS clients (cnats): what a bus costs at least. Prints one line of JSON.
//
//   bus_bare latency   NATS_PORT SECONDS    a publisher and a subscriber, a process each; the CPU
//   bus_bare bulk      NATS_PORT SECONDS    time is that of both
//   bus_bare subscribe NATS_PORT COUNT      what each subscription takes in cnats: its bytes
//
// For latency the publisher sends at once (SendAsap), else cnats would hold a message back for up
// to a millisecond; for throughput it collects, its default.
#include <fmt/format.h>
#include <nats/nats.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "bench/bus/results.h"

namespace tideway::bench {
namespace {

constexpr const char* kSubject = "bench.channel";
constexpr const char* kCredit = "bench.credit";
constexpr const char* kDone = "bench.done";
constexpr std::int64_t kPatienceMs = 20'000;

void Must(natsStatus status, const char* what) {
  if (status == NATS_OK) return;
  fmt::print(stderr, "bus_bare: {}: {}\n", what, natsStatus_GetText(status));
  std::_Exit(1);
}

natsConnection* Connect(int port, bool at_once) {
  natsOptions* options = nullptr;
  natsConnection* connection = nullptr;
  Must(natsOptions_Create(&options), "options");
  Must(natsOptions_SetURL(options, fmt::format("nats://127.0.0.1:{}", port).c_str()), "address");
  Must(natsOptions_SetSendAsap(options, at_once), "options");
  Must(natsConnection_Connect(&connection, options), "connect");
  natsOptions_Destroy(options);
  return connection;
}

double OwnCpuSeconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

/// What the subscriber's process knows; its callback fills it.
struct Hearing {
  bool keeps_ages = false;
  std::vector<double> ages_us;
  std::atomic<std::uint64_t> heard = 0;
  std::uint64_t wanted = 0;  ///< told at the end; guarded by mutex
  std::mutex mutex;
  std::condition_variable ended;
};

void OnMessage(natsConnection* connection, natsSubscription*, natsMsg* message, void* closure) {
  auto& hearing = *static_cast<Hearing*>(closure);
  if (hearing.keeps_ages) {
    hearing.ages_us.push_back(AgeUs(
        {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))}));
  }
  const std::uint64_t heard = ++hearing.heard;
  if (!hearing.keeps_ages && heard % kChunk == 0) {
    Must(natsConnection_Publish(connection, kCredit, nullptr, 0), "credit");
  }
  natsMsg_Destroy(message);
}

/// Hears until a message on kDone says how many there were; tells that and its CPU time by a pipe.
[[noreturn]] void Subscriber(int port, bool latency, int ready, int result) {
  natsConnection* connection = Connect(port, true);
  Hearing hearing;
  hearing.keeps_ages = latency;
  natsSubscription* messages = nullptr;
  natsSubscription* done = nullptr;
  Must(natsConnection_Subscribe(&messages, connection, kSubject, OnMessage, &hearing), "subscribe");
  Must(natsConnection_SubscribeSync(&done, connection, kDone), "subscribe");
  Must(natsConnection_Flush(connection), "flush");
  const double cpu = OwnCpuSeconds();
  if (write(ready, "x", 1) != 1) std::_Exit(1);

  natsMsg* last = nullptr;
  Must(natsSubscription_NextMsg(&last, done, 10 * kPatienceMs), "the end");
  const std::uint64_t wanted = std::strtoull(natsMsg_GetData(last), nullptr, 10);
  for (int i = 0; hearing.heard < wanted && i < kPatienceMs; ++i) nats_Sleep(1);
  if (hearing.heard != wanted) {
    fmt::print(stderr, "bus_bare: heard {} of {}\n", hearing.heard.load(), wanted);
    std::_Exit(1);
  }
  const double spent = OwnCpuSeconds() - cpu;
  if (write(result, &spent, sizeof(spent)) != sizeof(spent)) std::_Exit(1);
  const std::size_t bytes = hearing.ages_us.size() * sizeof(double);
  std::size_t written = 0;
  while (written < bytes) {
    const ssize_t now =
        write(result, reinterpret_cast<char*>(hearing.ages_us.data()) + written, bytes - written);
    if (now <= 0) std::_Exit(1);
    written += static_cast<std::size_t>(now);
  }
  std::_Exit(0);
}

void PublishNow(natsConnection* connection) {
  char payload[kPayloadBytes];
  WritePayload(payload);
  Must(natsConnection_Publish(connection, kSubject, payload, static_cast<int>(kPayloadBytes)),
       "publish");
}

std::uint64_t PublishEvenly(natsConnection* connection, double seconds) {
  const auto messages = static_cast<std::int64_t>(seconds * kLatencyRate);
  const std::int64_t begin = NowNs();
  for (std::int64_t i = 0; i < messages; ++i) {
    SleepUntilNs(begin + i * (1'000'000'000 / kLatencyRate));
    PublishNow(connection);
  }
  return static_cast<std::uint64_t>(messages);
}

std::uint64_t PublishMany(natsConnection* connection, double seconds) {
  natsSubscription* credit = nullptr;
  Must(natsConnection_SubscribeSync(&credit, connection, kCredit), "subscribe");
  Must(natsConnection_Flush(connection), "flush");
  const std::int64_t end = NowNs() + static_cast<std::int64_t>(seconds * 1e9);
  std::uint64_t sent = 0;
  std::uint64_t heard = 0;
  while (NowNs() < end) {
    for (; sent + kChunk - heard > kWindow; heard += kChunk) {
      natsMsg* message = nullptr;
      Must(natsSubscription_NextMsg(&message, credit, kPatienceMs), "credit");
      natsMsg_Destroy(message);
    }
    for (std::uint64_t i = 0; i < kChunk; ++i) PublishNow(connection);
    sent += kChunk;
  }
  return sent;
}

/// What the pipe brings until its other end is closed.
std::string ReadAll(int fd) {
  std::string all;
  std::vector<char> chunk(1 << 16);
  for (ssize_t now = 0; (now = read(fd, chunk.data(), chunk.size())) > 0;)
    all.append(chunk.data(), static_cast<std::size_t>(now));
  return all;
}

int Pair(int port, double seconds, bool latency) {
  int ready[2];
  int result[2];
  if (pipe(ready) != 0 || pipe(result) != 0) return 1;
  const pid_t child = fork();  // before cnats has threads
  if (child < 0) return 1;
  if (child == 0) {
    close(result[0]);
    Subscriber(port, latency, ready[1], result[1]);
  }
  close(ready[1]);
  close(result[1]);
  char go = 0;
  if (read(ready[0], &go, 1) != 1) return 1;

  natsConnection* connection = Connect(port, latency);
  const double cpu = OwnCpuSeconds();
  const std::int64_t begin = NowNs();
  const std::uint64_t sent =
      latency ? PublishEvenly(connection, seconds) : PublishMany(connection, seconds);
  Must(natsConnection_PublishString(connection, kDone, std::to_string(sent).c_str()), "end");
  Must(natsConnection_Flush(connection), "flush");
  const double took = static_cast<double>(NowNs() - begin) / 1e9;
  const double spent = OwnCpuSeconds() - cpu;

  const std::string told = ReadAll(result[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0 || told.size() < sizeof(double)) return 1;
  double their_cpu = 0;
  std::memcpy(&their_cpu, told.data(), sizeof(their_cpu));
  std::vector<double> ages(told.size() / sizeof(double) - 1);
  if (!ages.empty())
    std::memcpy(ages.data(), told.data() + sizeof(double), ages.size() * sizeof(double));
  if (latency)
    PrintLatency(ages, spent + their_cpu);
  else
    PrintThroughput(sent, took, spent + their_cpu);
  return 0;
}

std::int64_t ResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::strtoll(line.c_str() + 8, nullptr, 10) * 1024;
  return 0;
}

int Subscribe(int port, std::uint64_t count) {
  natsConnection* connection = Connect(port, false);
  const std::int64_t before = ResidentBytes();
  const std::int64_t begin = NowNs();
  std::vector<natsSubscription*> subscriptions(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    Must(natsConnection_SubscribeSync(&subscriptions[i], connection,
                                      fmt::format("bench.room.{:08}", i).c_str()),
         "subscribe");
  }
  Must(natsConnection_FlushTimeout(connection, kPatienceMs), "flush");
  fmt::print("{{\"messages\": {}, \"seconds\": {:.6f}, \"bytes\": {}}}\n", count,
             static_cast<double>(NowNs() - begin) / 1e9,
             ResidentBytes() - before - static_cast<std::int64_t>(count * sizeof(void*)));
  return 0;
}

int Main(const std::vector<std::string>& words) {
  if (words.size() != 4) {
    fmt::print(stderr, "usage: bus_bare latency|bulk|subscribe NATS_PORT SECONDS|COUNT\n");
    return 2;
  }
  const int port = std::stoi(words[2]);
  if (words[1] == "subscribe") return Subscribe(port, std::stoull(words[3]));
  return Pair(port, std::stod(words[3]), words[1] == "latency");
}

}  // namespace
}  // namespace tideway::bench

int main(int argc, char** argv) { return tideway::bench::Main({argv, argv + argc}); }
