// Makes the random steps of one episode.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>

#include "tests/differential/pools.h"
#include "tests/differential/recipes.h"
#include "tests/differential/step.h"

namespace tideway::tests {

struct GeneratorSettings {
  std::set<std::string> families;  // empty: all
  std::set<std::string> only;      // names of commands, upper case; empty: all
  std::set<std::string> without;   // commands that have shown enough differences
  int resp = 0;                    // 2 or 3: for all lanes
};

// One thread. The same seed and settings make the same steps.
class Generator {
 public:
  Generator(std::uint64_t seed, const GeneratorSettings& settings);

  Setup MakeSetup();
  Step Next();

 private:
  bool Allowed(const Args& argv) const;
  int PickLane();
  const Recipe* PickRecipe(bool subscriber);
  void Mutate(Args* argv);
  Step MakeRaw();
  Step MakeOwnMessages();
  Step MakeDue(Kind kind);
  Step MakeCommand();

  GeneratorSettings settings_;
  Random random_;
  Pools pools_{&random_};
  bool subscribers_;  // lanes 4 and 5 take part in this episode
  int lane_ = 0;
  std::array<bool, kLanes> multi_{};
};

}  // namespace tideway::tests
