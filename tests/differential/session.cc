#include "tests/differential/session.h"

#include <algorithm>
#include <cstdio>

namespace tideway::tests {
namespace {

constexpr std::size_t kStateEvery = 500;  // steps
constexpr std::size_t kEnough = 4;        // differences of one group, then its command is left out
constexpr std::size_t kShrunk = 2;        // of one group

std::string Steps(const Reproduction& found) {
  std::string out;
  const std::size_t shown = found.stable ? 60 : 25;
  const std::size_t skip = found.steps.size() > shown ? found.steps.size() - shown : 0;
  if (skip > 0) out += "    … " + std::to_string(skip) + " steps before\n";
  for (std::size_t i = skip; i < found.steps.size(); ++i) {
    out += "    " + Describe(found.steps[i]) + "\n";
  }
  return out;
}

}  // namespace

Session::Session(Arena* arena, const SessionSettings& settings)
    : arena_(*arena), runner_(arena), settings_(settings) {}

void Session::Print(const std::string& text) const {
  if (settings_.quiet) return;
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

bool Session::Run() {
  const auto begin = std::chrono::steady_clock::now();
  std::size_t next_note = 100'000;
  for (std::uint64_t episode = 0; commands_ < settings_.count; ++episode) {
    RunEpisode(settings_.seed + episode);
    if (findings_.size() >= settings_.findings || differences_ >= 10 * settings_.findings) break;
    if (commands_ < next_note) continue;
    next_note += 100'000;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    Print("… " + std::to_string(commands_) + " commands, " +
          std::to_string(static_cast<long>(static_cast<double>(commands_) / took.count())) +
          " a second, " + std::to_string(findings_.size()) + " findings\n");
  }
  if (!findings_.empty()) Print("\nfindings by group:\n");
  for (const auto& [group, finding] : findings_) {
    Print("  " + std::to_string(finding.seen) + " × " + group + "\n");
  }
  if (timing_ > 0) {
    Print(std::to_string(timing_) + " times a clock read beyond the tolerance once, not again\n");
  }
  return findings_.empty();
}

void Session::RunEpisode(std::uint64_t seed) {
  Generator generator(seed, settings_.generator);
  const Setup setup = generator.MakeSetup();
  std::vector<Step> steps;
  const std::size_t wanted = std::min(settings_.episode, settings_.count - commands_);
  while (steps.size() < wanted) {
    steps.push_back(generator.Next());
    const bool check = steps.size() % kStateEvery == 0 || steps.size() == wanted;
    if (check) steps.push_back({.kind = Kind::kState});
  }
  const bool thorough = after_difference_;
  after_difference_ = false;
  if (auto difference = runner_.Reset(setup, thorough)) {
    // Once more with everything closed; RESET may be what is wrong.
    if (auto again = runner_.Reset(setup, true)) {
      Report(setup, {}, *again, seed);
      commands_ += steps.size();
      return;
    }
  }
  auto difference = runner_.Run(steps, settings_.pipeline);
  commands_ += std::min(runner_.position(), steps.size());
  if (!difference) return;
  after_difference_ = true;
  steps.resize(std::min(runner_.position(), steps.size()));
  Report(setup, steps, *difference, seed);
}

void Session::Report(const Setup& setup, const std::vector<Step>& steps,
                     const Difference& difference, std::uint64_t seed) {
  ++differences_;
  const bool shrink = findings_[difference.group()].seen < kShrunk && !steps.empty();
  if (findings_[difference.group()].seen == 0) findings_.erase(difference.group());
  Reproduction found{.steps = steps, .difference = difference};
  if (shrink) found = Shrink(&runner_, setup, steps, difference, settings_.shrink_limit);
  if (difference.timing && !found.stable) {
    ++timing_;
    --differences_;
    return;
  }
  Finding& finding = findings_[found.difference.group()];
  ++finding.seen;
  if (finding.seen >= kEnough && found.difference.aspect != "state") {
    settings_.generator.without.insert(found.difference.command);
  }
  if (finding.seen > kShrunk) return;
  std::string text = "\nDIFFERENCE " + found.difference.group() + "   (--seed " +
                     std::to_string(seed) + ", step " + std::to_string(steps.size()) +
                     ", notify-keyspace-events \"" + setup.notify + "\"" +
                     (found.stable ? "" : ", not seen again in a replay") + ")\n";
  text += "  expected: " + found.difference.expected + "\n";
  text += "  actual:   " + found.difference.actual + "\n";
  text += "  steps:\n" + Steps(found);
  if (!arena_.server(kSubject).Running()) {
    text += "  the server under test ended; its last words:\n" + arena_.server(kSubject).Log(3000);
  }
  Print(text);
}

}  // namespace tideway::tests
