// From a long run of steps that ends in a difference to a short one.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "tests/differential/runner.h"
#include "tests/differential/step.h"

namespace tideway::tests {

struct Reproduction {
  std::vector<Step> steps;
  Difference difference;  // as the shortened steps show it
  bool stable = false;    // false: a replay did not show it again; `steps` are what went before
};

// Replays from empty databases, one command at a time, leaving out what is not needed, until no
// single step can go or `limit` has passed.
Reproduction Shrink(Runner* runner, const Setup& setup, const std::vector<Step>& steps,
                    const Difference& difference, std::chrono::milliseconds limit);

}  // namespace tideway::tests
