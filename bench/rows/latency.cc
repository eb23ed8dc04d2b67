#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bench/error.h"
#include "bench/host/server.h"
#include "bench/load/closed_loop.h"
#include "bench/load/open_loop.h"
#include "bench/rows/loads.h"
#include "bench/rows/row.h"

namespace tideway::bench {
namespace {

constexpr int kProbes = 3;

class LatencyExperiment : public Experiment {
 public:
  LatencyExperiment(const Side& side, const Options& options, Durability durability,
                    const Load& load, const Shared& shared)
      : options_(options),
        shared_(shared),
        workload_(
            MakeWorkload(load.match, /*pipeline=*/1, options.keys, options.seed, load.append)),
        server_(side.spec, durability, side.data_dir) {
    Populate(server_.port(), options.keys, load.populate);
  }

  /// Requests a second that the server answers to as many connections, each waiting for its reply:
  /// the median of a few short runs.
  double MaximumRate() {
    std::array<double, kProbes> rates{};
    for (double& rate : rates) {
      ClosedLoop loop(server_.port(), workload_, options_.connections, options_.seed);
      loop.Run(options_.warmup);
      rate = static_cast<double>(loop.Run(options_.measure)) / options_.measure.count();
    }
    std::nth_element(rates.begin(), rates.begin() + kProbes / 2, rates.end());
    return rates[kProbes / 2];
  }

  Sample Measure() override {
    LatencyResult result = RunOpenLoop(server_.port(), workload_, options_.connections,
                                       shared_.requests_per_s, options_.warmup, options_.measure);
    if (result.latency_us.empty()) throw BenchError("no request fell into the measured time");
    Sample sample;
    sample.value = Quantile(result.latency_us, 0.99);
    sample.remark =
        fmt::format("at {:.0f} k a second: p50 {:.0f}, p99.9 {:.0f} us; sent late p99 {:.0f} us",
                    shared_.requests_per_s / 1e3, Quantile(result.latency_us, 0.5),
                    Quantile(result.latency_us, 0.999), Quantile(result.lateness_us, 0.99));
    return sample;
  }

 private:
  Options options_;
  const Shared& shared_;
  Workload workload_;
  Server server_;
};

Row LatencyRow(std::string name, std::string title, Durability ours, Durability peer,
               MakeLoad make_load) {
  Row row;
  row.name = std::move(name);
  row.title = std::move(title);
  row.unit = "us";
  row.better = Better::kLower;
  row.floor = 1.1;
  row.settings =
      fmt::format("ours {}, peer {}; 50 connections, open loop at half of the peer's rate",
                  DurabilityName(ours), DurabilityName(peer));
  row.make = [ours, peer, make_load](const Side& side, const Options& options,
                                     Shared& shared) -> std::unique_ptr<Experiment> {
    auto experiment = std::make_unique<LatencyExperiment>(side, options, side.is_peer ? peer : ours,
                                                          make_load(options), shared);
    if (side.is_peer) shared.requests_per_s = experiment->MaximumRate() / 2;
    return experiment;
  };
  return row;
}

}  // namespace

std::vector<Row> LatencyRows() {
  return {
      LatencyRow("p99_get", "p99 of GET at half of the peer's rate", Durability::kEverysec,
                 Durability::kNone, GetLoad),
      LatencyRow("p99_set", "p99 of SET at half of the peer's rate, journal", Durability::kEverysec,
                 Durability::kEverysec, SetLoad),
  };
}

}  // namespace tideway::bench
