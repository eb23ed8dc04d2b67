#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "bench/error.h"
#include "bench/host/server.h"
#include "bench/load/client.h"
#include "bench/load/workload.h"
#include "bench/rows/meter.h"
#include "bench/rows/row.h"

namespace tideway::bench {
namespace {

constexpr auto kIdleSettle = std::chrono::seconds(2);

double Milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// Start-up on an empty directory, or on one that a stopped server left behind.
class StartExperiment : public Experiment {
 public:
  StartExperiment(const Side& side, const Options& options, Durability durability, bool filled)
      : side_(side), keys_(filled ? options.memory_keys : 0), durability_(durability) {
    if (!filled) return;
    Server server(side_.spec, durability_, side_.data_dir);
    Populate(server.port(), keys_, [](std::string& out, std::int64_t key) {
      AppendCommand(out, {"SET", KeyName(key), ValueOf(key, 16)});
      return std::string_view("+OK\r\n").size();
    });
  }

  Sample Measure() override {
    if (keys_ == 0) std::filesystem::remove_all(side_.data_dir);
    Server server(side_.spec, durability_, side_.data_dir);
    Sample sample;
    sample.value = Milliseconds(server.startup());
    const std::string size = Client(server.port()).Call({"DBSIZE"});
    if (size != std::to_string(keys_)) {
      throw BenchError(fmt::format("after the start DBSIZE was {}", size));
    }
    return sample;
  }

 private:
  Side side_;
  int keys_;
  Durability durability_;
};

/// A server that nobody talks to, with a few connections open.
class IdleExperiment : public Experiment {
 public:
  IdleExperiment(const Side& side, const Options& options)
      : options_(options),
        server_(side.spec, Durability::kEverysec, side.data_dir),
        client_(server_.port()) {
    client_.Call({"SET", "k", "v"});
    std::this_thread::sleep_for(kIdleSettle);
  }

  Sample Measure() override {
    const Meter meter(server_.pid());
    std::this_thread::sleep_for(options_.idle);
    return meter.CpuPercent();
  }

 private:
  Options options_;
  Server server_;
  Client client_;
};

Row StartRow(std::string name, std::string title, std::optional<double> floor,
             Durability durability, bool filled) {
  Row row;
  row.name = std::move(name);
  row.title = std::move(title);
  row.unit = "ms";
  row.better = Better::kLower;
  row.floor = floor;
  if (filled) row.runs_max = 3;
  row.settings = fmt::format("both {}; fork to first PONG", DurabilityName(durability));
  row.make = [durability, filled](const Side& side, const Options& options,
                                  Shared&) -> std::unique_ptr<Experiment> {
    return std::make_unique<StartExperiment>(side, options, durability, filled);
  };
  return row;
}

Row IdleRow() {
  Row row;
  row.name = "idle_cpu";
  row.title = "processor time when idle";
  row.unit = "%";
  row.better = Better::kLower;
  row.floor = 0.2;
  row.floor_on = FloorOn::kOurValue;
  row.runs_max = 3;
  row.settings = "both journal everysec; one silent connection";
  row.make = [](const Side& side, const Options& options, Shared&) -> std::unique_ptr<Experiment> {
    return std::make_unique<IdleExperiment>(side, options);
  };
  return row;
}

}  // namespace

std::vector<Row> StartRows() {
  return {
      StartRow("start_empty", "start-up, empty store, journal", 1.5, Durability::kEverysec, false),
      StartRow("start_empty_none", "start-up, empty store, no journal", 1.5, Durability::kNone,
               false),
      StartRow("start_1m", "start-up with 1,000,000 keys", {}, Durability::kEverysec, true),
      IdleRow(),
  };
}

}  // namespace tideway::bench
