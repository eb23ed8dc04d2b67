// A whole run: episodes of random steps, the findings, and their report.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/differential/arena.h"
#include "tests/differential/generator.h"
#include "tests/differential/shrink.h"

namespace tideway::tests {

struct SessionSettings {
  std::uint64_t seed = 1;
  std::size_t count = 50'000;  // commands
  std::size_t episode = 1500;  // commands between two empty databases
  std::size_t pipeline = 64;   // commands in one go at most
  std::size_t findings = 20;   // groups of differences, then stop
  std::chrono::milliseconds shrink_limit{15'000};
  bool quiet = false;
  GeneratorSettings generator;
};

class Session {
 public:
  Session(Arena* arena, const SessionSettings& settings);

  // True when no difference was found.
  bool Run();

  std::size_t commands() const { return commands_; }
  std::size_t groups() const { return findings_.size(); }

 private:
  void RunEpisode(std::uint64_t seed);
  void Report(const Setup& setup, const std::vector<Step>& steps, const Difference& difference,
              std::uint64_t seed);
  void Print(const std::string& text) const;

  struct Finding {
    std::size_t seen = 0;
  };

  Arena& arena_;
  Runner runner_;
  SessionSettings settings_;
  std::map<std::string, Finding> findings_;
  std::size_t commands_ = 0;
  std::size_t timing_ = 0;
  std::size_t differences_ = 0;
  bool after_difference_ = true;  // the first Reset() is a thorough one
};

}  // namespace tideway::tests
