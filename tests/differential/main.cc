// Sends the same random commands to redis-server and to the server under test and compares
// everything a client can see. Exit status: 0 no difference, 1 differences, 2 could not run.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>

#include "tests/differential/known.h"
#include "tests/differential/session.h"

namespace {

using namespace tideway::tests;

constexpr const char* kUsage = R"(differential_test [options]
  --server PATH       server under test (default: TIDEWAY_BIN)
  --server-args ARGS  further arguments of it, separated by blanks
  --oracle PATH       redis-server 7.0 (default: redis-server)
  --count N           commands to send (default 50000)
  --seed N            first episode's seed (default: random, printed)
  --families A,B      of: strings hashes sets keys transactions pubsub connection server command
  --only A,B          only these commands ("CONFIG GET" or CONFIG)
  --without A,B       not these commands
  --resp 2|3          all connections speak this version (default: some each)
  --notify FLAGS      notify-keyspace-events, given at the start; CONFIG SET is not used then
  --pipeline N        commands in one go (default 64)
  --episode N         commands between two empty databases (default 1500)
  --findings N        stop after so many kinds of difference (default 20)
  --tidb              the data of the server under test are in TiDB: see --known
  --known             list the differences that are meant, with their reasons
  --self-check        a deliberately wrong layer over the server must be found out
)";

struct Options {
  Arena::Settings arena;
  SessionSettings session;
  bool self_check = false;
  bool known = false;
};

std::set<std::string> Split(const std::string& text, bool upper) {
  std::set<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) out.insert(upper ? Upper(part) : part);
  return out;
}

bool ParseNumber(const std::string& text, std::uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

bool Apply(const std::string& name, const std::string& value, Options* options) {
  std::uint64_t number = 0;
  const bool numeric = ParseNumber(value, &number);
  SessionSettings& session = options->session;
  if (name == "--server") {
    options->arena.subject = value;
  } else if (name == "--server-args") {
    std::istringstream in(value);
    for (std::string arg; in >> arg;) options->arena.subject_args.push_back(arg);
  } else if (name == "--oracle") {
    options->arena.oracle = value;
  } else if (name == "--families") {
    session.generator.families = Split(value, false);
  } else if (name == "--only") {
    session.generator.only = Split(value, true);
  } else if (name == "--without") {
    session.generator.without = Split(value, true);
  } else if (name == "--notify") {
    options->arena.notify = value;
    session.generator.without.insert("CONFIG SET");
  } else if (!numeric) {
    return false;
  } else if (name == "--count") {
    session.count = number;
  } else if (name == "--seed") {
    session.seed = number;
  } else if (name == "--resp") {
    session.generator.resp = static_cast<int>(number);
  } else if (name == "--pipeline" && number > 0) {
    session.pipeline = number;
  } else if (name == "--episode" && number > 0) {
    session.episode = number;
  } else if (name == "--findings" && number > 0) {
    session.findings = number;
  } else {
    return false;
  }
  return true;
}

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--self-check") {
      options->self_check = true;
      continue;
    }
    if (name == "--known") {
      options->known = true;
      continue;
    }
    if (name == "--tidb") {
      AcceptTidbDifferences();
      options->session.generator.without.insert("SWAPDB");
      continue;
    }
    std::string value;
    const std::size_t equals = name.find('=');
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      return false;
    }
    if (!Apply(name, value, options)) {
      std::fprintf(stderr, "unknown option or bad value: %s %s\n", name.c_str(), value.c_str());
      return false;
    }
  }
  return true;
}

// Each way of being wrong must be found within the count.
int SelfCheck(Arena* arena, SessionSettings settings) {
  settings.findings = 1;
  settings.quiet = true;
  int missed = 0;
  for (const auto& [fault, name] : Corrupter::Faults()) {
    Corrupter corrupter(fault, settings.seed);
    arena->set_corrupter(&corrupter);
    Session session(arena, settings);
    const bool found = !session.Run();
    arena->set_corrupter(nullptr);
    std::printf("self-check: %-15s %s after %zu commands\n", std::string(name).c_str(),
                found ? "found" : "MISSED", session.commands());
    std::fflush(stdout);
    missed += found ? 0 : 1;
  }
  return missed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.session.seed = std::random_device{}();
  if (const char* binary = std::getenv("TIDEWAY_BIN")) options.arena.subject = binary;
  if (!Parse(argc, argv, &options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (options.known) {
    std::fputs(KnownDifferences().c_str(), stdout);
    return 0;
  }
  if (options.arena.subject.empty()) {
    std::fputs("no server under test: give --server or set TIDEWAY_BIN\n", stderr);
    return 2;
  }
  Arena arena(options.arena);
  if (!arena.Start()) {
    std::fprintf(stderr, "%s\n", arena.error().c_str());
    return 2;
  }
  // Redis itself answers it in cluster mode only, where most other things are not to be had.
  if (IsRedis(options.arena.subject)) options.session.generator.without.insert("CLUSTER KEYSLOT");
  std::printf("differential test of %s, seed %llu\n", options.arena.subject.c_str(),
              static_cast<unsigned long long>(options.session.seed));
  std::fflush(stdout);
  if (options.self_check) return SelfCheck(&arena, options.session);
  Session session(&arena, options.session);
  const bool equal = session.Run();
  std::printf("%zu commands, %s\n", session.commands(), equal ? "no difference" : "DIFFERENCES");
  return equal ? 0 : 1;
}
