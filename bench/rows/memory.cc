#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "bench/error.h"
#include "bench/host/process.h"
#include "bench/host/server.h"
#include "bench/load/client.h"
#include "bench/load/workload.h"
#include "bench/rows/row.h"

namespace tideway::bench {
namespace {

constexpr int kValueBytesMin = 8;
constexpr int kValueBytesSpan = 9;  // 8 to 16 bytes
constexpr auto kSettle = std::chrono::seconds(1);
/// Redis frees the query buffer of a client that has been silent for two seconds.
constexpr auto kConnectionSettle = std::chrono::seconds(4);

enum class Gauge { kResident, kUsedMemory };

struct MemoryPlan {
  Durability durability;
  Gauge gauge;
};

double ReadGauge(const Server& server, Gauge gauge) {
  if (gauge == Gauge::kResident) return static_cast<double>(ReadResidentBytes(server.pid()));
  const double used = Client(server.port()).InfoNumber("used_memory");
  if (used < 0) throw BenchError("INFO tells no used_memory");
  return used;
}

/// A fresh server for each run: memory that an earlier run left behind would be used again.
class MemoryExperiment : public Experiment {
 public:
  MemoryExperiment(const Side& side, const Options& options, MemoryPlan plan)
      : side_(side), options_(options), plan_(plan) {}

  Sample Measure() override {
    std::filesystem::remove_all(side_.data_dir);
    Server server(side_.spec, plan_.durability, side_.data_dir);
    const double before = ReadGauge(server, plan_.gauge);
    Sample sample;
    sample.value = GrowthPerItem(server, before);
    return sample;
  }

 protected:
  /// Makes the keys or connections and returns the growth since `before`, in bytes an item.
  virtual double GrowthPerItem(const Server& server, double before) = 0;

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const MemoryPlan& plan() const { return plan_; }

 private:
  Side side_;
  Options options_;
  MemoryPlan plan_;
};

class KeyMemoryExperiment : public MemoryExperiment {
 public:
  using MemoryExperiment::MemoryExperiment;

 protected:
  double GrowthPerItem(const Server& server, double before) override {
    Populate(server.port(), options().memory_keys, [](std::string& out, std::int64_t key) {
      const int bytes = kValueBytesMin + static_cast<int>(key % kValueBytesSpan);
      AppendCommand(out, {"SET", KeyName(key), ValueOf(key, bytes)});
      return std::string_view("+OK\r\n").size();
    });
    std::this_thread::sleep_for(kSettle);
    return (ReadGauge(server, plan().gauge) - before) / options().memory_keys;
  }
};

class ConnectionMemoryExperiment : public MemoryExperiment {
 public:
  using MemoryExperiment::MemoryExperiment;

 protected:
  double GrowthPerItem(const Server& server, double before) override {
    std::vector<int> sockets;
    double growth = 0;
    try {
      for (int i = 0; i < options().idle_connections; ++i) {
        sockets.push_back(Connect(server.port()));
        PingOn(sockets.back());
      }
      std::this_thread::sleep_for(kConnectionSettle);
      growth = ReadGauge(server, plan().gauge) - before;
    } catch (...) {
      for (const int fd : sockets) close(fd);
      throw;
    }
    for (const int fd : sockets) close(fd);
    return growth / options().idle_connections;
  }

 private:
  static void PingOn(int fd) {
    SendAll(fd, "PING\r\n");
    char reply[16];
    if (read(fd, reply, sizeof(reply)) != 7) throw BenchError("a connection gave no PONG");
  }
};

template <typename Kind>
Row MemoryRow(std::string name, std::string title, double floor, MemoryPlan plan) {
  Row row;
  row.name = std::move(name);
  row.title = std::move(title);
  row.unit = "bytes";
  row.better = Better::kLower;
  row.floor = floor;
  row.runs_max = 3;
  row.settings = fmt::format(
      "both {}; {}", DurabilityName(plan.durability),
      plan.gauge == Gauge::kResident ? "growth of RssAnon" : "growth of INFO's used_memory");
  row.make = [plan](const Side& side, const Options& options,
                    Shared&) -> std::unique_ptr<Experiment> {
    return std::make_unique<Kind>(side, options, plan);
  };
  return row;
}

}  // namespace

std::vector<Row> MemoryRows() {
  constexpr auto kNone = Durability::kNone;
  constexpr auto kEverysec = Durability::kEverysec;
  using Key = KeyMemoryExperiment;
  using Connection = ConnectionMemoryExperiment;
  return {
      MemoryRow<Key>("mem_key_rss", "a small key, resident", 0.8, {kNone, Gauge::kResident}),
      MemoryRow<Key>("mem_key_used", "a small key, used_memory", 0.8, {kNone, Gauge::kUsedMemory}),
      MemoryRow<Key>("mem_key_rss_journal", "a small key, resident, journal", 0.8,
                     {kEverysec, Gauge::kResident}),
      MemoryRow<Connection>("mem_conn_rss", "an idle connection, resident", 0.5,
                            {kNone, Gauge::kResident}),
      MemoryRow<Connection>("mem_conn_used", "an idle connection, used_memory", 0.5,
                            {kNone, Gauge::kUsedMemory}),
  };
}

}  // namespace tideway::bench
