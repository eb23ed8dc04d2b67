// tidb_side_by_side SQL_PORT TIDB_PID REDIS_PORT: tideway and a plain SQL client over the same
// TiDB, one after the other, in rounds. Prints ratios; started by bench/tidb/run.sh.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "bench/tidb/clients.h"

namespace tideway::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Op = void (Client::*)(uint64_t key);
using Connect = std::function<std::unique_ptr<Client>()>;

constexpr uint64_t kKeys = 20'000;
constexpr int kRounds = 3;
constexpr auto kLoadTime = std::chrono::seconds(3);
constexpr int kLatencyRounds = 5;
constexpr int kLatencyCalls = 300;

// CPU seconds that a process has used so far.
double CpuSeconds(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream rest(text.substr(text.rfind(')') + 2));
  std::string word;
  double ticks = 0;
  for (int field = 3; rest >> word; ++field) {
    if (field == 14 || field == 15) ticks += std::stod(word);  // utime, stime
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Load {
  double operations = 0;
  double seconds = 0;
  double tidb_cpu = 0;
  double per_cpu() const { return operations / std::max(tidb_cpu, 0.01); }
};

// `clients` threads run `op` for a while, on keys that differ unless `keys` is 1.
Load Run(const Connect& connect, Op op, int clients, uint64_t keys, int tidb) {
  std::vector<std::unique_ptr<Client>> connections;
  for (int i = 0; i < clients; ++i) connections.push_back(connect());
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> done{0};
  std::atomic<bool> failed{false};
  const double cpu_before = CpuSeconds(tidb);
  const auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] {
      uint64_t random = static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15u + 1;
      uint64_t count = 0;
      try {
        for (; !stop; ++count) {
          random = random * 6364136223846793005u + 1442695040888963407u;
          ((*connections[static_cast<size_t>(i)]).*op)((random >> 33) % keys);
        }
        connections[static_cast<size_t>(i)]->Flush();
      } catch (const std::exception& error) {
        failed = true;
        fmt::print(stderr, "{}\n", error.what());
      }
      done += count;
    });
  }
  std::this_thread::sleep_for(kLoadTime);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  if (failed) fmt::print("  (errors, see above)\n");
  const std::chrono::duration<double> seconds = Clock::now() - begin;
  return {static_cast<double>(done), seconds.count(), CpuSeconds(tidb) - cpu_before};
}

// Median time of one call of one client, in µs.
double Latency(Client& client, Op op) {
  std::vector<double> times;
  for (int i = 0; i < kLatencyCalls; ++i) {
    const auto begin = Clock::now();
    (client.*op)(static_cast<uint64_t>(i));
    client.Flush();
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + kLatencyCalls / 2, times.end());
  return times[kLatencyCalls / 2];
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Named {
  const char* name;
  Op op;
};

class SideBySide {
 public:
  SideBySide(uint16_t sql, int tidb, uint16_t redis) : sql_(sql), tidb_(tidb), redis_(redis) {}

  void RunAll() {
    fmt::print(
        "over TiDB's own store (unistore), medians; beside it a client that sends one SQL\n"
        "statement a command, on tables of bare values and on rows that expire and tell\n");
    for (const Named& each : {Named{"SET", &Client::Set}, Named{"GET", &Client::Get},
                              Named{"INCR", &Client::Incr}, Named{"HSET", &Client::HSet}}) {
      Throughput(each);
    }
    for (const Named& each : {Named{"SET", &Client::Set}, Named{"GET", &Client::Get}}) {
      RoundTrips(each, 4, 64);
      RoundTrips(each, 256, 1);
    }
    for (const Named& each : {Named{"GET", &Client::Get}, Named{"SET", &Client::Set},
                              Named{"SET NX EX, GET, DEL", &Client::LockedGet}}) {
      OneClient(each);
    }
    HotKey();
  }

 private:
  Connect Sql() const {
    return [this] { return ConnectSql(sql_, "plain"); };
  }
  Connect SqlRows() const {
    return [this] { return ConnectSqlRows(sql_, "plain"); };
  }
  Connect Redis(size_t pipeline) const {
    return [this, pipeline] { return ConnectRedis(redis_, pipeline); };
  }

  void Throughput(const Named& each) {
    std::vector<double> to_values;
    std::vector<double> to_rows;
    std::vector<double> plain;
    for (int round = 0; round < kRounds; ++round) {
      const Load values = Run(Sql(), each.op, 8, kKeys, tidb_);
      const Load rows = Run(SqlRows(), each.op, 8, kKeys, tidb_);
      const Load tideway = Run(Redis(64), each.op, 4, kKeys, tidb_);
      to_values.push_back(tideway.per_cpu() / values.per_cpu());
      to_rows.push_back(tideway.per_cpu() / rows.per_cpu());
      plain.push_back(values.per_cpu());
    }
    fmt::print(
        "{:<22} operations a TiDB CPU second: {:.2f} x bare values ({:.0f}), {:.2f} x rows\n",
        each.name, Median(to_values), Median(plain), Median(to_rows));
  }

  void RoundTrips(const Named& each, int clients, size_t pipeline) {
    const auto figure = [&](const char* name) {
      return static_cast<double>(BackendFigure(redis_, name));
    };
    const double trips = figure("backend_round_trips");
    const double commands = figure("backend_commands");
    const double rows = figure("backend_rows_written");
    const double transactions = figure("backend_transactions");
    Run(Redis(pipeline), each.op, clients, kKeys, tidb_);
    const double made = figure("backend_transactions") - transactions;
    fmt::print("{:<22} {} clients, pipeline {}: {:.1f} commands a round trip", each.name, clients,
               pipeline,
               (figure("backend_commands") - commands) / (figure("backend_round_trips") - trips));
    if (made > 0)
      fmt::print(", {:.1f} rows a write", (figure("backend_rows_written") - rows) / made);
    fmt::print("\n");
  }

  void OneClient(const Named& each) {
    std::vector<double> to_values;
    std::vector<double> to_rows;
    std::vector<double> times;
    const auto values = ConnectSql(sql_, "plain");
    const auto rows = ConnectSqlRows(sql_, "plain");
    const auto redis = ConnectRedis(redis_, 1);
    for (int round = 0; round < kLatencyRounds; ++round) {
      times.push_back(Latency(*redis, each.op));
      to_values.push_back(times.back() / Latency(*values, each.op));
      to_rows.push_back(times.back() / Latency(*rows, each.op));
    }
    fmt::print("{:<22} one client: {:.2f} x the latency of bare values, {:.2f} x rows, {:.0f} us\n",
               each.name, Median(to_values), Median(to_rows), Median(times));
  }

  void HotKey() {
    const Load one = Run(Redis(1), &Client::Incr, 1, 1, tidb_);
    const Load many = Run(Redis(1), &Client::Incr, 200, 1, tidb_);
    fmt::print("INCR of one hot key    200 clients: {:.1f} x the throughput of one client\n",
               many.operations / many.seconds / (one.operations / one.seconds));
  }

  const uint16_t sql_;
  const int tidb_;
  const uint16_t redis_;
};

}  // namespace
}  // namespace tideway::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: {} SQL_PORT TIDB_PID REDIS_PORT (see bench/tidb/run.sh)\n", argv[0]);
    return 2;
  }
  tideway::bench::SideBySide(static_cast<uint16_t>(std::stoi(argv[1])), std::stoi(argv[2]),
                             static_cast<uint16_t>(std::stoi(argv[3])))
      .RunAll();
}
