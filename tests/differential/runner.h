// Runs steps on both servers and compares all that can be seen: replies, events, messages.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/differential/arena.h"
#include "tests/differential/compare.h"
#include "tests/differential/step.h"

namespace tideway::tests {

// One thread. After a difference the servers are out of step: Reset(…, thorough) before the next.
class Runner {
 public:
  explicit Runner(Arena* arena) : arena_(*arena) {}

  std::optional<Difference> Reset(const Setup& setup, bool thorough) {
    return arena_.Reset(setup, thorough);
  }

  // Runs the steps; runs of plain commands on one lane are pipelined, at most `pipeline` of them.
  std::optional<Difference> Run(std::span<const Step> steps, std::size_t pipeline);

  // Steps that Run() was given and finished or failed at, since it last began.
  std::size_t position() const { return position_; }

  // Compares what all databases hold.
  std::optional<Difference> CompareState();

 private:
  // How many of the steps may be sent in one go; at least 1.
  std::size_t Group(std::span<const Step> steps, std::size_t pipeline);
  std::optional<Difference> RunOne(const Step& step);
  std::optional<Difference> RunPipelined(std::span<const Step> steps);
  std::optional<Difference> ReadReplies(std::span<const Step> steps,
                                        const std::vector<bool>& probed);
  std::optional<Difference> RunSubscription(const Step& step);
  std::optional<Difference> RunScan(const Step& step);
  std::optional<Difference> RunPop(const Step& step);
  void LevelEncoding(int lane, const std::string& key);
  std::optional<Difference> RunRandom(const Step& step);
  std::optional<Difference> RunKeySlot(const Step& step);
  std::optional<Difference> RunDue(const Step& step);
  std::optional<Difference> RunUntilExpired(std::span<const Step> steps);
  std::optional<Difference> RunActiveExpiry(const Step& step);
  std::optional<Difference> RunRaw(const Step& step);

  // Sends to both, waits for one reply of each; false if one is missing.
  struct Replies {
    std::string expected, actual;
  };
  void Send(Side side, int lane, const Args& argv);
  Replies Exchange(int lane, const Args& argv);
  std::string Ask(Side side, int lane, const Args& argv);
  // Publishes the barrier on the control connections, compares events and messages.
  std::optional<Difference> Settle(const Args& argv, bool ordered = true);
  // Follows what a reply means for the lane; compares an EXEC element by element.
  void Track(Lane* lane, const Args& argv, const std::string& reply);
  Verdict Judge(const Lane& lane, const Args& argv, const Replies& replies,
                const std::string& encoding);
  static Difference ReplyDifference(const Step& step, const Replies& replies,
                                    const Verdict& verdict);

  Arena& arena_;
  std::size_t position_ = 0;
};

}  // namespace tideway::tests
