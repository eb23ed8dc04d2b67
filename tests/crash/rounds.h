// Rounds of load, SIGKILL, restart and judgement.
#pragma once

#include <string>
#include <vector>

#include "tests/crash/load.h"
#include "tests/crash/site.h"

namespace tideway::tests {

struct RoundSettings {
  std::uint64_t seed = 1;
  std::size_t rounds = 20;
  std::size_t threads = 6;
  std::size_t rounds_per_directory = 10;
  std::chrono::milliseconds load_min{30};
  std::chrono::milliseconds load_max{2200};
  // `appendfsync everysec` may lose what came within a second of the crash, and within the sync
  // that was under way.
  std::chrono::milliseconds everysec_window{1000};
  std::chrono::milliseconds everysec_slack{300};
  std::string policy;  // always, everysec, no; empty: in turn
  bool verbose = false;
};

// How a round is falsified on purpose, to see that it is noticed.
enum class Sabotage { kNone, kPretendAcknowledged, kCutJournal, kForgeContents };

class Rounds {
 public:
  Rounds(Site* site, const RoundSettings& settings);

  // Empty when every rule held in every round, else what did not, with seed and round.
  std::vector<std::string> Run();

  // One round in a fresh directory under `appendfsync always`, falsified.
  std::vector<std::string> RunSabotaged(Sabotage sabotage);

  // Over all rounds: acknowledged operations, and those of them that a crash took (legally).
  std::size_t acknowledged() const { return acknowledged_; }
  std::size_t lost() const { return lost_; }
  std::size_t power_losses() const { return power_losses_; }  // rounds in which some could be lost

 private:
  void Renew();
  Start ChooseStart(std::size_t round, Random* random) const;
  // Loads, ends the server, starts it again with `next` and judges.
  std::vector<std::string> RunRound(const Start& start, const Start& next, Random* random,
                                    Sabotage sabotage);
  std::vector<std::string> LoadAndKill(const Start& start, Random* random, Record* record,
                                       Rules* rules);
  std::vector<std::string> ReadAll(std::vector<Contents>* contents);
  void CountLoss(const Record& record, const std::vector<Contents>& contents);

  Site& site_;
  RoundSettings settings_;
  std::vector<Contents> contents_;      // of each thread, as last verified
  std::vector<std::uint64_t> numbers_;  // each thread's next operation
  std::size_t acknowledged_ = 0;
  std::size_t lost_ = 0;
  std::size_t power_losses_ = 0;
};

}  // namespace tideway::tests
