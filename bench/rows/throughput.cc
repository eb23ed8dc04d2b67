#include <fmt/format.h>

#include <algorithm>

#include "bench/host/server.h"
#include "bench/load/closed_loop.h"
#include "bench/load/workload.h"
#include "bench/rows/loads.h"
#include "bench/rows/meter.h"
#include "bench/rows/row.h"

namespace tideway::bench {
namespace {

constexpr int kPipeline = 16;
constexpr int kHotKeys = 1'000;

class ThroughputExperiment : public Experiment {
 public:
  ThroughputExperiment(const Side& side, const Options& options, Durability durability,
                       int pipeline, const Load& load)
      : options_(options),
        workload_(MakeWorkload(load.match, pipeline, options.keys, options.seed, load.append)),
        server_(side.spec, durability, side.data_dir) {
    Populate(server_.port(), options.keys, load.populate);
  }

  Sample Measure() override {
    ClosedLoop loop(server_.port(), workload_, options_.connections, options_.seed + runs_++);
    loop.Run(options_.warmup);
    const Meter meter(server_.pid());
    return meter.PerCpuSecond(static_cast<double>(loop.Run(options_.measure)));
  }

 private:
  Options options_;
  Workload workload_;
  Server server_;
  std::uint64_t runs_ = 0;
};

struct Durabilities {
  Durability ours;
  Durability peer;
};

Row ThroughputRow(std::string name, std::string title, int pipeline, std::optional<double> floor,
                  Durabilities durabilities, MakeLoad make_load) {
  Row row;
  row.name = std::move(name);
  row.title = std::move(title);
  row.unit = "op / CPU s";
  row.floor = floor;
  row.settings = fmt::format("ours {}, peer {}", DurabilityName(durabilities.ours),
                             DurabilityName(durabilities.peer));
  row.make = [pipeline, durabilities, make_load](const Side& side, const Options& options,
                                                 Shared&) -> std::unique_ptr<Experiment> {
    return std::make_unique<ThroughputExperiment>(
        side, options, side.is_peer ? durabilities.peer : durabilities.ours, pipeline,
        make_load(options));
  };
  return row;
}

constexpr Durabilities kBothNone = {Durability::kNone, Durability::kNone};
constexpr Durabilities kBothEverysec = {Durability::kEverysec, Durability::kEverysec};
/// Reads: our default against Redis without persistence, its cheapest form.
constexpr Durabilities kDefaultAgainstNone = {Durability::kEverysec, Durability::kNone};

/// The serial commands of ion's operations: lock, change, unlock, each awaited before the next.
class IonExperiment : public Experiment {
 public:
  IonExperiment(const Side& side, const Options& options)
      : options_(options), server_(side.spec, Durability::kEverysec, side.data_dir) {
    workload_.match = Match::kLines;
    for (int key = 0; key < options.keys; key += kKeyStep) {
      const std::string name = KeyName(key);
      AddStep({"SET", "lock-" + name, "1", "EX", "3", "NX"});
      AddStep({"HSET", name, "name", ValueOf(key, options.value_bytes)});
      AddStep({"DEL", "lock-" + name});
    }
  }

  Sample Measure() override {
    ClosedLoop loop(server_.port(), workload_, /*connections=*/1, options_.seed);
    loop.Run(options_.warmup);
    const Meter meter(server_.pid());
    const auto commands = static_cast<double>(loop.Run(options_.measure));
    Sample sample = meter.PerCpuSecond(commands);
    sample.remark = fmt::format("{:.1f} us a command",
                                1e6 * options_.measure.count() / std::max(commands, 1.0));
    return sample;
  }

 private:
  static constexpr int kKeyStep = 100;  ///< every hundredth key is plenty

  void AddStep(const std::vector<std::string>& words) {
    workload_.batches.emplace_back();
    AppendCommand(workload_.batches.back().request, words);
    workload_.batches.back().reply_lines = 1;
  }

  Options options_;
  Workload workload_;
  Server server_;
};

/// The same on a key space that fits the processor's nearest caches.
Row HotKeys(Row row) {
  row.make = [make = row.make](const Side& side, const Options& options, Shared& shared) {
    Options few_keys = options;
    few_keys.keys = kHotKeys;
    return make(side, few_keys, shared);
  };
  return row;
}

Row IonRow() {
  Row row;
  row.name = "ion_serial";
  row.title = "ion's lock, HSET, unlock; one connection, one after another";
  row.unit = "commands / CPU s";
  row.settings = "both journal everysec";
  row.make = [](const Side& side, const Options& options, Shared&) -> std::unique_ptr<Experiment> {
    return std::make_unique<IonExperiment>(side, options);
  };
  return row;
}

}  // namespace

std::vector<Row> ThroughputRows() {
  return {
      ThroughputRow("get_pipe16", "GET, pipeline 16", kPipeline, 1.3, kDefaultAgainstNone, GetLoad),
      ThroughputRow("set_pipe16", "SET, pipeline 16, journal", kPipeline, 1.0, kBothEverysec,
                    SetLoad),
      ThroughputRow("get_conn50", "GET, no pipeline", 1, 1.0, kDefaultAgainstNone, GetLoad),
      ThroughputRow("set_conn50", "SET, no pipeline", 1, 1.0, kBothNone, SetLoad),
      ThroughputRow("set_conn50_journal", "SET, no pipeline, journal", 1, 1.0, kBothEverysec,
                    SetLoad),
      HotKeys(ThroughputRow("get_pipe16_hot", "GET, pipeline 16, 1,000 keys", kPipeline, {},
                            kDefaultAgainstNone, GetLoad)),
      HotKeys(ThroughputRow("set_pipe16_hot", "SET, pipeline 16, 1,000 keys, journal", kPipeline,
                            {}, kBothEverysec, SetLoad)),
      ThroughputRow("set_pipe16_none", "SET, pipeline 16, no journal", kPipeline, {}, kBothNone,
                    SetLoad),
      ThroughputRow("hset_pipe16", "HSET, pipeline 16, journal", kPipeline, {}, kBothEverysec,
                    HsetLoad),
      ThroughputRow("incr_pipe16", "INCR, pipeline 16, journal", kPipeline, {}, kBothEverysec,
                    IncrLoad),
      ThroughputRow("sadd_pipe16", "SADD, pipeline 16, journal", kPipeline, {}, kBothEverysec,
                    SaddLoad),
      ThroughputRow("mget_pipe16", "MGET of 10, pipeline 16", kPipeline, {}, kDefaultAgainstNone,
                    MgetLoad),
      ThroughputRow("hgetall_pipe16", "HGETALL of 10, pipeline 16", kPipeline, {},
                    kDefaultAgainstNone, HgetallLoad),
      ThroughputRow("multi_pipe16", "MULTI SET GET EXEC, 16 of them, journal", kPipeline, {},
                    kBothEverysec, MultiLoad),
      IonRow(),
  };
}

}  // namespace tideway::bench
