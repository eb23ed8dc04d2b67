// The rows of the table as data: what is measured, in which unit, against which floor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/options.h"

namespace tideway::bench {

/// What one run of one server gave. Shares and counts are absent where they make no sense.
struct Sample {
  double value = 0;                           ///< in the row's unit
  std::optional<double> kernel_share;         ///< of the server's processor time
  std::optional<double> server_busy;          ///< processors that the server kept busy
  std::optional<double> client_busy;          ///< processors that the generator kept busy
  std::optional<double> instructions_per_op;  ///< of the server
  std::string remark;                         ///< further figures of the run, in words
};

/// One server made ready for one row: started, filled, connected. Destroying it stops the server.
class Experiment {
 public:
  Experiment() = default;
  virtual ~Experiment() = default;
  Experiment(const Experiment&) = delete;
  Experiment& operator=(const Experiment&) = delete;

  /// One run. The runner calls it for the two servers in turn.
  virtual Sample Measure() = 0;
};

/// Which of the two servers an experiment is for, and where it may put data.
struct Side {
  bool is_peer = false;
  ServerSpec spec;
  std::string data_dir;  ///< does not exist yet; removed by the runner
};

/// What a row tells its two experiments; the peer's is made first.
struct Shared {
  double requests_per_s = 0;  ///< open-loop rows: the rate that both servers get
};

enum class Better { kHigher, kLower };

/// What a floor is compared with.
enum class FloorOn { kRatio, kOurValue };

/// One line of the table.
struct Row {
  std::string name;  ///< for --only
  std::string title;
  std::string unit;
  Better better = Better::kHigher;
  std::optional<double> floor;  ///< ratio ours / peer (or our value) that is to be reached
  FloorOn floor_on = FloorOn::kRatio;
  int runs_max = 1'000;  ///< caps --runs for rows that hardly vary or take long
  std::string settings;  ///< how each server ran
  std::string limit;     ///< what limits our figure, as profiles showed
  std::function<std::unique_ptr<Experiment>(const Side&, const Options&, Shared&)> make;
};

std::vector<Row> ThroughputRows();
std::vector<Row> FanOutRows();
std::vector<Row> LatencyRows();
std::vector<Row> MemoryRows();
std::vector<Row> StartRows();

/// All of them, in the order of the table.
std::vector<Row> AllRows();

}  // namespace tideway::bench
