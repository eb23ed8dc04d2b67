#include "tests/differential/shrink.h"

#include <algorithm>

namespace tideway::tests {
namespace {

using Clock = std::chrono::steady_clock;

class Shrinker {
 public:
  Shrinker(Runner* runner, const Setup& setup, Clock::time_point deadline)
      : runner_(*runner), setup_(setup), deadline_(deadline) {}

  bool out_of_time() const { return Clock::now() > deadline_; }

  // Replays; true, and the steps cut behind the difference, if it shows in the same group.
  bool Shows(std::vector<Step>* steps, Difference* difference) {
    if (runner_.Reset(setup_, /*thorough=*/true)) return false;
    for (std::size_t i = 0; i < steps->size(); ++i) {
      auto found = runner_.Run({&(*steps)[i], 1}, 1);
      if (!found) continue;
      if (!wanted_.empty() && found->group() != wanted_) return false;
      *difference = std::move(*found);
      steps->resize(i + 1);
      return true;
    }
    return false;
  }

  void set_wanted(const std::string& group) { wanted_ = group; }

  // Only what is at the end: most differences need few steps.
  bool TryTails(std::vector<Step>* steps, Difference* difference) {
    for (std::size_t tail = 1; tail < steps->size() && !out_of_time(); tail *= 4) {
      std::vector<Step> candidate(steps->end() - static_cast<std::ptrdiff_t>(tail), steps->end());
      if (Shows(&candidate, difference)) {
        *steps = std::move(candidate);
        return true;
      }
    }
    return false;
  }

  // Leaves out blocks, halving their size (delta debugging, Zeller and Hildebrandt 2002).
  void DropBlocks(std::vector<Step>* steps, Difference* difference) {
    for (std::size_t block = std::max<std::size_t>(steps->size() / 2, 1); !out_of_time();) {
      bool dropped = false;
      for (std::size_t at = 0; at < steps->size() && !out_of_time();) {
        std::vector<Step> candidate = *steps;
        const auto from = candidate.begin() + static_cast<std::ptrdiff_t>(at);
        const std::size_t count = std::min(block, candidate.size() - at);
        candidate.erase(from, from + static_cast<std::ptrdiff_t>(count));
        if (!candidate.empty() && Shows(&candidate, difference)) {
          *steps = std::move(candidate);
          dropped = true;
        } else {
          at += block;
        }
      }
      if (block == 1 && !dropped) return;
      if (!dropped || block > 1) block = std::max<std::size_t>(block / 2, 1);
    }
  }

  // Shortens commands with many arguments.
  void DropArguments(std::vector<Step>* steps, Difference* difference) {
    for (std::size_t i = 0; i < steps->size(); ++i) {
      if ((*steps)[i].argv.size() <= 6) continue;
      for (std::size_t block = (*steps)[i].argv.size() / 2; block >= 1 && !out_of_time();
           block /= 2) {
        for (std::size_t at = 1; i < steps->size() && at + block <= (*steps)[i].argv.size();) {
          if (out_of_time()) return;
          std::vector<Step> candidate = *steps;
          Args& argv = candidate[i].argv;
          const auto from = argv.begin() + static_cast<std::ptrdiff_t>(at);
          argv.erase(from, from + static_cast<std::ptrdiff_t>(block));
          if (Shows(&candidate, difference)) {
            *steps = std::move(candidate);
          } else {
            at += block;
          }
        }
        if (i >= steps->size()) return;
      }
    }
  }

 private:
  Runner& runner_;
  Setup setup_;
  Clock::time_point deadline_;
  std::string wanted_;
};

}  // namespace

Reproduction Shrink(Runner* runner, const Setup& setup, const std::vector<Step>& steps,
                    const Difference& difference, std::chrono::milliseconds limit) {
  Shrinker shrinker(runner, setup, Clock::now() + limit);
  Reproduction result{.steps = steps, .difference = difference, .stable = false};
  // Any difference counts at first: in a pipeline the first sign may have been a later reply.
  for (int attempt = 0; attempt < 2 && !result.stable; ++attempt) {
    std::vector<Step> all = steps;
    result.stable = shrinker.Shows(&all, &result.difference);
    if (result.stable) result.steps = std::move(all);
  }
  if (!result.stable) {
    result.difference = difference;
    return result;
  }
  shrinker.set_wanted(result.difference.group());
  shrinker.TryTails(&result.steps, &result.difference);
  shrinker.DropBlocks(&result.steps, &result.difference);
  const bool only_dropping_hurts = result.steps.size() > 40;
  if (!only_dropping_hurts) shrinker.DropArguments(&result.steps, &result.difference);
  return result;
}

}  // namespace tideway::tests
