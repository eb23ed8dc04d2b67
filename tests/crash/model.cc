#include "tests/crash/model.h"

#include <algorithm>
#include <charconv>

namespace tideway::tests {
namespace {

constexpr std::uint64_t kFarMs = 4'102'444'800'000;  // the year 2100

enum Kind : std::uint64_t {
  kProgress,
  kHash,
  kCount,
  kSetMember,
  kTransaction,
  kLog,
  kFollow,
  kExpire,
  kDelete,
  kKinds
};

// Every other operation notes progress; the others take turns.
Kind KindOf(std::uint64_t number) {
  return number % 2 == 0 ? kProgress : static_cast<Kind>(1 + (number / 2) % (kKinds - 1));
}

std::string Prefixed(int thread, const std::string& name) {
  return "t" + std::to_string(thread) + ":" + name;
}

std::uint64_t Number(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void EraseKey(const std::string& key, Contents* contents) {
  contents->erase(key);
  contents->erase(key + "@");
  const std::string members = key + "/";
  auto at = contents->lower_bound(members);
  while (at != contents->end() && at->first.compare(0, members.size(), members) == 0) {
    at = contents->erase(at);
  }
}

bool HasMembers(const std::string& key, const Contents& contents) {
  const auto at = contents.lower_bound(key + "/");
  return at != contents.end() && at->first.compare(0, key.size() + 1, key + "/") == 0;
}

void ApplyCommand(const std::vector<std::string>& argv, Contents* contents) {
  const std::string& name = argv[0];
  const std::string& key = argv[1];
  if (name == "SET") {
    EraseKey(key, contents);
    (*contents)[key] = argv[2];
  } else if (name == "HSET") {
    (*contents)[key + "/" + argv[2]] = argv[3];
  } else if (name == "INCR") {
    (*contents)[key] = std::to_string(Number((*contents)[key]) + 1);
  } else if (name == "APPEND") {
    (*contents)[key] += argv[2];
  } else if (name == "SADD") {
    (*contents)[key + "/m:" + argv[2]] = "";
  } else if (name == "SREM") {
    contents->erase(key + "/m:" + argv[2]);
    if (!HasMembers(key, *contents)) EraseKey(key, contents);
  } else if (name == "PEXPIREAT") {
    if (contents->count(key) != 0 || HasMembers(key, *contents)) (*contents)[key + "@"] = argv[2];
  } else if (name == "DEL") {
    EraseKey(key, contents);
  }
}

std::uint64_t LastNumber(const History& history) { return history.first + history.sent.size() - 1; }

std::string Name(std::size_t thread) { return "thread " + std::to_string(thread); }

void JudgeAcknowledged(std::size_t thread, const History& history, const Prefix& prefix,
                       const Rules& rules, std::vector<std::string>* wrong) {
  for (std::size_t i = history.sent.size(); i > 0; --i) {
    const Sent& sent = history.sent[i - 1];
    if (!sent.acknowledged || sent.acknowledged_at > rules.safe_until) continue;
    const std::uint64_t number = history.first + i - 1;
    if (number > prefix.high) {
      wrong->push_back(Name(thread) + ": operation " + std::to_string(number) +
                       " was acknowledged in time and is lost; what came back ends with " +
                       std::to_string(prefix.high));
    }
    return;
  }
}

// What was read from another thread before an operation came must have come back with it.
void JudgeChain(std::size_t thread, const History& history, const std::vector<Prefix>& prefixes,
                std::vector<std::string>* wrong) {
  for (std::size_t i = 0; i < history.sent.size(); ++i) {
    const Operation& operation = history.sent[i].operation;
    const std::uint64_t number = history.first + i;
    if (operation.seen_thread < 0 || number > prefixes[thread].low) continue;
    const std::uint64_t other = prefixes[static_cast<std::size_t>(operation.seen_thread)].high;
    if (operation.seen_number <= other) continue;
    wrong->push_back(
        Name(thread) + ": operation " + std::to_string(number) + " came back, but not " +
        Name(static_cast<std::size_t>(operation.seen_thread)) + "'s operation " +
        std::to_string(operation.seen_number) +
        ", which had been read before it; that one ends with " + std::to_string(other));
    return;
  }
}

// The first entries in which two contents differ.
std::string Differences(const Contents& wanted, const Contents& found) {
  std::string out;
  int shown = 0;
  const auto note = [&](const std::string& name, const std::string& a, const std::string& b) {
    if (++shown <= 6) out += "\n      " + name + ": " + a + " / " + b;
  };
  for (const auto& [name, value] : wanted) {
    const auto other = found.find(name);
    if (other == found.end()) {
      note(name, value, "(absent)");
    } else if (other->second != value) {
      note(name, value, other->second);
    }
  }
  for (const auto& [name, value] : found) {
    if (wanted.count(name) == 0) note(name, "(absent)", value);
  }
  return out;
}

// The prefix that is nearest to what came back, for the report.
std::string NearestPrefix(const History& history, const Contents& found) {
  const auto distance = [&found](const Contents& contents) {
    std::size_t same = 0;
    for (const auto& [name, value] : contents) {
      const auto other = found.find(name);
      same += other != found.end() && other->second == value ? 1 : 0;
    }
    return contents.size() + found.size() - 2 * same;
  };
  Contents contents = history.before;
  Contents best = contents;
  std::uint64_t best_number = history.first - 1;
  for (std::size_t i = 0; i < history.sent.size(); ++i) {
    Apply(history.sent[i].operation, &contents);
    if (distance(contents) >= distance(best)) continue;
    best = contents;
    best_number = history.first + i;
  }
  return "nearest is operation " + std::to_string(best_number) + " of " +
         std::to_string(history.first) + "…" + std::to_string(LastNumber(history)) +
         "; it wants / there is:" + Differences(best, found);
}

}  // namespace

bool FollowsOther(std::uint64_t number) { return KindOf(number) == kFollow; }

std::string ProgressKey(int thread) { return Prefixed(thread, "progress"); }
std::string CounterKey(int thread) { return Prefixed(thread, "count"); }

Operation MakeOperation(int thread, std::uint64_t number, int seen_thread,
                        std::uint64_t seen_number) {
  const std::string n = std::to_string(number);
  const std::string short_lived = Prefixed(thread, "short-lived");
  const std::string padding(number % 7 == 0 ? 3000 : number % 90, 'p');
  Operation operation;
  const auto add = [&](std::vector<std::string> argv) {
    operation.commands.push_back(std::move(argv));
  };
  switch (KindOf(number)) {
    case kProgress:
      add({"SET", ProgressKey(thread), n});
      break;
    case kHash:
      add({"HSET", Prefixed(thread, "hash"), "f" + std::to_string(number % 61), n + padding});
      break;
    case kCount:
      add({"INCR", CounterKey(thread)});
      break;
    case kSetMember:
      add({"SADD", Prefixed(thread, "set"), n});
      if (number > 640) add({"SREM", Prefixed(thread, "set"), std::to_string(number - 640)});
      break;
    case kTransaction:
      operation.transaction = true;
      add({"SET", Prefixed(thread, "a"), n});
      add({"HSET", Prefixed(thread, "b"), "n", n});
      add({"SET", Prefixed(thread, "c"), n + padding});
      add({"SADD", Prefixed(thread, "d"), std::to_string(number % 97)});
      break;
    case kLog:
      if (number % 256 < 16) {
        add({"SET", Prefixed(thread, "log"), n});
      } else {
        add({"APPEND", Prefixed(thread, "log"), "," + n});
      }
      break;
    case kFollow:
      operation.seen_thread = seen_thread;
      operation.seen_number = seen_number;
      add({"HSET", Prefixed(thread, "follows"), "t" + std::to_string(seen_thread),
           std::to_string(seen_number) + "@" + n});
      break;
    case kExpire:
      add({"SET", short_lived, n});
      add({"PEXPIREAT", short_lived, std::to_string(kFarMs + number)});
      break;
    case kDelete:
      add({"DEL", short_lived});
      break;
    case kKinds:
      break;
  }
  // More than one command without MULTI would be more than one step of a prefix.
  operation.transaction = operation.commands.size() > 1;
  return operation;
}

void Apply(const Operation& operation, Contents* contents) {
  for (const auto& argv : operation.commands) ApplyCommand(argv, contents);
}

std::optional<Prefix> FindPrefix(const History& history, const Contents& contents) {
  std::optional<Prefix> found;
  Contents state = history.before;
  for (std::size_t i = 0;; ++i) {
    // Sizes first: comparing whole maps at each step would take long.
    if (state.size() == contents.size() && state == contents) {
      const std::uint64_t number = history.first + i - 1;
      if (!found) found = Prefix{number, number};
      found->high = number;
    } else if (found) {
      return found;
    }
    if (i == history.sent.size()) return found;
    Apply(history.sent[i].operation, &state);
  }
}

std::vector<std::string> Judge(const std::vector<History>& histories,
                               const std::vector<Contents>& recovered,
                               const std::vector<Sighting>& sightings, const Rules& rules) {
  std::vector<std::string> wrong;
  std::vector<Prefix> prefixes;
  for (std::size_t i = 0; i < histories.size(); ++i) {
    const auto prefix = FindPrefix(histories[i], recovered[i]);
    if (!prefix) {
      wrong.push_back(Name(i) + ": what came back is no prefix of what was written; " +
                      NearestPrefix(histories[i], recovered[i]));
    }
    // For the other rules, as if nothing were missing.
    prefixes.push_back(prefix.value_or(Prefix{0, LastNumber(histories[i])}));
  }
  for (std::size_t i = 0; i < histories.size(); ++i) {
    JudgeAcknowledged(i, histories[i], prefixes[i], rules, &wrong);
    JudgeChain(i, histories[i], prefixes, &wrong);
  }
  for (const Sighting& sighting : sightings) {
    const std::uint64_t end = prefixes[static_cast<std::size_t>(sighting.thread)].high;
    if (sighting.at > rules.safe_until || sighting.number <= end) continue;
    wrong.push_back(Name(static_cast<std::size_t>(sighting.thread)) + ": operation " +
                    std::to_string(sighting.number) +
                    " had been seen by a reader and is lost; what came back ends with " +
                    std::to_string(end));
    break;
  }
  return wrong;
}

}  // namespace tideway::tests
