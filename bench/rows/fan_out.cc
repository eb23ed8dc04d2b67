#include <fmt/format.h>

#include "bench/host/server.h"
#include "bench/load/fan_out.h"
#include "bench/rows/meter.h"
#include "bench/rows/row.h"

namespace tideway::bench {
namespace {

constexpr int kPipeline = 16;
constexpr int kPayloadBytes = 64;

class FanOutExperiment : public Experiment {
 public:
  FanOutExperiment(const Side& side, const Options& options, int batch)
      : options_(options),
        server_(side.spec, Durability::kNone, side.data_dir),
        fan_out_(server_.port(), options.subscribers, batch, kPayloadBytes) {}

  Sample Measure() override {
    fan_out_.Run(options_.warmup);
    const Meter meter(server_.pid());
    return meter.PerCpuSecond(static_cast<double>(fan_out_.Run(options_.measure)));
  }

 private:
  Options options_;
  Server server_;
  FanOut fan_out_;
};

Row FanOutRow(std::string name, std::string title, int batch, double floor) {
  Row row;
  row.name = std::move(name);
  row.title = std::move(title);
  row.unit = "deliveries / CPU s";
  row.floor = floor;
  row.settings = "no persistence, 64-byte messages";
  row.make = [batch](const Side& side, const Options& options,
                     Shared&) -> std::unique_ptr<Experiment> {
    return std::make_unique<FanOutExperiment>(side, options, batch);
  };
  return row;
}

}  // namespace

std::vector<Row> FanOutRows() {
  return {
      FanOutRow("fanout_pipe16", "fan-out 1 to 1,000, pipelined by 16", kPipeline, 1.3),
      FanOutRow("fanout_one", "fan-out 1 to 1,000, one at a time", 1, 1.0),
  };
}

}  // namespace tideway::bench
