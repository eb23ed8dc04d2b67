// Kills the server under load, again and again, and compares what comes back with what its clients
// were told. Exit status: 0 all rules held, 1 one did not, 2 could not run.
#include <csignal>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "tests/crash/faults.h"
#include "tests/crash/rounds.h"

namespace {

using namespace tideway::tests;

constexpr const char* kUsage = R"(crash [options]
  --server PATH    server under test (default: TIDEWAY_BIN); redis-server works too
  --rounds N       kills (default 20)
  --seed N         default: random, printed
  --threads N      threads that write (default 6)
  --load-ms N      longest load of a round (default 2200)
  --policy P       always, everysec or no (default: in turn)
  --slack-ms N     what `everysec` may lose beyond a second (default 300)
  --only PART      rounds, faults, directories or self-check (default: all)
  --verbose        a line for each round
)";

struct Options {
  std::string server;
  std::string only;
  RoundSettings rounds;
};

bool ParseNumber(const std::string& text, std::uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

bool Apply(const std::string& name, const std::string& value, Options* options) {
  std::uint64_t number = 0;
  if (name == "--server") {
    options->server = value;
  } else if (name == "--only") {
    options->only = value;
  } else if (name == "--policy") {
    options->rounds.policy = value;
  } else if (!ParseNumber(value, &number)) {
    return false;
  } else if (name == "--rounds") {
    options->rounds.rounds = number;
  } else if (name == "--seed") {
    options->rounds.seed = number;
  } else if (name == "--threads" && number > 0) {
    options->rounds.threads = number;
  } else if (name == "--load-ms" && number > 30) {
    options->rounds.load_max = std::chrono::milliseconds(number);
  } else if (name == "--slack-ms") {
    options->rounds.everysec_slack = std::chrono::milliseconds(number);
  } else {
    return false;
  }
  return true;
}

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--verbose") {
      options->rounds.verbose = true;
    } else if (i + 1 >= argc || !Apply(name, argv[i + 1], options)) {
      std::fprintf(stderr, "unknown option or bad value: %s\n", name.c_str());
      return false;
    } else {
      ++i;
    }
  }
  return true;
}

bool Report(const std::string& part, const std::vector<std::string>& wrong) {
  std::printf("%s: %s\n", part.c_str(), wrong.empty() ? "ok" : "WRONG");
  for (const std::string& line : wrong) std::printf("  %s\n", line.c_str());
  std::fflush(stdout);
  return wrong.empty();
}

// A tester that cannot fail proves nothing: each falsified round must be found out.
bool SelfCheck(Site* site, RoundSettings settings) {
  settings.load_min = settings.load_max = std::chrono::milliseconds(700);
  bool all = true;
  const auto check = [&](Sabotage sabotage, const char* name) {
    const auto wrong = Rounds(site, settings).RunSabotaged(sabotage);
    std::printf("self-check, %s: %s\n", name, wrong.empty() ? "MISSED" : "found");
    std::fflush(stdout);
    all = all && !wrong.empty();
  };
  check(Sabotage::kPretendAcknowledged, "writes that never were");
  check(Sabotage::kCutJournal, "a journal cut short");
  check(Sabotage::kForgeContents, "half a transaction taken back");
  return all;
}

bool RunRounds(Site* site, const RoundSettings& settings) {
  Rounds rounds(site, settings);
  std::vector<std::string> wrong = rounds.Run();
  // Were nothing ever lost, the layer that drops unsynced bytes would not be at work.
  if (wrong.empty() && rounds.power_losses() >= 5 && rounds.lost() == 0) {
    wrong.push_back("no power loss took anything: TIDEWAY_FAULT_FS has no effect");
  }
  std::printf("%zu rounds, %zu acknowledged operations, %zu of them lost within the rules\n",
              settings.rounds, rounds.acknowledged(), rounds.lost());
  return Report("rounds", wrong);
}

}  // namespace

int main(int argc, char** argv) {
  // hiredis writes without MSG_NOSIGNAL, and the server is killed under its hands.
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  options.rounds.seed = std::random_device{}();
  if (const char* binary = std::getenv("TIDEWAY_BIN")) options.server = binary;
  if (!Parse(argc, argv, &options) || options.server.empty()) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  Site site(options.server);
  std::printf("crash test of %s, seed %llu\n", options.server.c_str(),
              static_cast<unsigned long long>(options.rounds.seed));
  std::fflush(stdout);
  const auto wanted = [&](const char* part) {
    return options.only.empty() || options.only == part;
  };
  bool passed = true;
  if (wanted("self-check")) passed = SelfCheck(&site, options.rounds) && passed;
  if (wanted("rounds")) passed = RunRounds(&site, options.rounds) && passed;
  if (wanted("faults") && !site.is_redis()) {
    for (const char* command : {"enospc", "fsync-error"}) {
      for (const char* policy : {"always", "everysec"}) {
        passed = Report(std::string(command) + ", appendfsync " + policy,
                        TestFailingDisk(&site, command, policy)) &&
                 passed;
      }
    }
  }
  if (wanted("directories") && !site.is_redis()) {
    passed = Report("refused directories", TestRefusedDirectories(&site)) && passed;
  }
  if (!passed) site.Keep();
  return passed ? 0 : 1;
}
