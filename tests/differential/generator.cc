#include "tests/differential/generator.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/harness/resp_value.h"

namespace tideway::tests {
namespace {

const Recipe* Weighted(Random* random, std::span<const Recipe> recipes) {
  int total = 0;
  for (const Recipe& recipe : recipes) total += recipe.weight;
  int roll = static_cast<int>(random->Below(static_cast<std::size_t>(total)));
  for (const Recipe& recipe : recipes) {
    roll -= recipe.weight;
    if (roll < 0) return &recipe;
  }
  return &recipes.back();
}

// An argument moved or copied there could become a TTL that ends within the run.
bool TakesTime(const Args& argv) {
  const std::string name = CommandName(argv);
  return name.find("EXPIRE") != std::string::npos || name.find("EX") != std::string::npos ||
         name == "SET" || name == "CLIENT PAUSE" || name == "DEBUG SLEEP" || name == "WAIT";
}

// Their replies have no bound or wait for others; the recipes choose the arguments with care.
bool LeaveAlone(const Args& argv) {
  const std::string name = CommandName(argv);
  return name == "SRANDMEMBER" || name == "HRANDFIELD" || name == "SETRANGE" ||
         name == "CLIENT PAUSE" || name == "CLIENT REPLY" || name == "CLIENT KILL" ||
         name == "DEBUG SLEEP" || name == "WAIT";
}

}  // namespace

Generator::Generator(std::uint64_t seed, const GeneratorSettings& settings)
    : settings_(settings), random_(seed), subscribers_(random_.Percent(25)) {
  if (!settings_.families.empty() && settings_.families.count("pubsub") == 0) subscribers_ = false;
}

Setup Generator::MakeSetup() {
  Setup setup;
  setup.resp = settings_.resp;
  setup.notify =
      random_.Percent(55)
          ? "AKE"
          : random_.Pick({"AKEnm", "AKEn", "AKEm", "KA", "EA", "KEg$", "KEhx", "KEsgn", ""});
  // A RESP3 client that hears its own misses gets them between the elements of Redis's reply, where
  // no client can read them.
  if (subscribers_) std::erase(setup.notify, 'm');
  return setup;
}

bool Generator::Allowed(const Args& argv) const {
  const std::string name = CommandName(argv);
  if (settings_.without.count(name) != 0) return false;
  return settings_.only.empty() || settings_.only.count(name) != 0 ||
         settings_.only.count(Upper(argv[0])) != 0;
}

int Generator::PickLane() {
  if (random_.Percent(96)) return lane_;
  lane_ = static_cast<int>(random_.Below(kFirstSubscriberLane));
  // Theirs are the slow steps: one by one, each with a look at all subscribers.
  if (subscribers_ && random_.Percent(15)) {
    lane_ = kFirstSubscriberLane + static_cast<int>(random_.Below(kLanes - kFirstSubscriberLane));
  }
  return lane_;
}

const Recipe* Generator::PickRecipe(bool subscriber) {
  if (subscriber && random_.Percent(70)) return Weighted(&random_, SubscribeRecipes());
  int total = 0;
  const auto chosen = [this](const Family& family) {
    return settings_.families.empty() || settings_.families.count(std::string(family.name)) != 0;
  };
  for (const Family& family : Families()) total += chosen(family) ? family.weight : 0;
  int roll = static_cast<int>(random_.Below(static_cast<std::size_t>(std::max(total, 1))));
  for (const Family& family : Families()) {
    if (!chosen(family)) continue;
    roll -= family.weight;
    if (roll < 0) return Weighted(&random_, family.recipes);
  }
  return &StringRecipes()[0];
}

void Generator::Mutate(Args* argv) {
  if (LeaveAlone(*argv)) return;
  const std::size_t words = CommandName(*argv).find(' ') == std::string::npos ? 1 : 2;
  switch (random_.Below(4)) {
    case 0:
      argv->resize(words + random_.Below(argv->size() - words + 1));
      break;
    case 1:
      argv->push_back(pools_.Garbage());
      break;
    case 2:
      if (argv->size() > words) {
        (*argv)[words + random_.Below(argv->size() - words)] = pools_.Garbage();
      }
      break;
    default:
      if (argv->size() > words + 1 && !TakesTime(*argv)) {
        const std::size_t at = words + random_.Below(argv->size() - words - 1);
        std::swap((*argv)[at], (*argv)[at + 1]);
      }
      break;
  }
}

Step Generator::MakeCommand() {
  Step step;
  step.lane = PickLane();
  const auto lane = static_cast<std::size_t>(step.lane);
  const bool subscriber = step.lane >= kFirstSubscriberLane;
  if (multi_[lane] && random_.Percent(16)) {
    multi_[lane] = false;
    step.argv = {pools_.Word(random_.Percent(85) ? "EXEC" : "DISCARD")};
    return step;
  }
  for (int attempt = 0; attempt < 200; ++attempt) {
    step.argv = MakeCall(*PickRecipe(subscriber), &pools_);
    // A bad letter of notify-keyspace-events makes Redis lose its flag n (known.cc).
    const bool mutates = random_.Percent(2.5);
    if (mutates && CommandName(step.argv) != "CONFIG SET") Mutate(&step.argv);
    if (Allowed(step.argv)) break;
  }
  const std::string name = CommandName(step.argv);
  if (name == "MULTI" && step.argv.size() == 1) multi_[lane] = true;
  if ((name == "EXEC" || name == "DISCARD" || name == "RESET") && step.argv.size() == 1) {
    multi_[lane] = false;
  }
  return step;
}

Step Generator::MakeDue(Kind kind) {
  Step step;
  step.kind = kind;
  step.lane = PickLane();
  std::string key;
  step.argv = ShortTtlCall(&pools_, &key);
  step.touch = TouchCall(&pools_, key);
  return step;
}

// Requests in unusual forms, and one at the end that may break the protocol.
Step Generator::MakeRaw() {
  Step step;
  step.kind = Kind::kRaw;
  const std::size_t parts = 1 + random_.Below(4);
  for (std::size_t i = 0; i < parts; ++i) {
    step.raw += random_.Pick({"PING\r\n",
                              "ping hello\r\n",
                              "ECHO \"a b\\x41\\n\"\r\n",
                              "ECHO 'it''s'\r\n",
                              "echo 'single \\' quote'\r\n",
                              "\r\n",
                              "   \r\n",
                              "PING\n",
                              "*0\r\n",
                              "*-1\r\n",
                              "*1\r\n$4\r\nPING\r\n",
                              "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
                              "GET\r\n",
                              "no-such \"quoted arg\" x\r\n",
                              "CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\n",
                              "CLIENT REPLY SKIP\r\nGET\r\n",
                              "*1\r\n$0\r\n\r\n",
                              "SELECT 1\r\n",
                              "MULTI\r\nPING\r\nEXEC\r\n",
                              "*-5\r\n",
                              "ECHO \"\"\r\n",
                              "*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\r\n\r\n",
                              "RESET\r\n"});
  }
  if (random_.Percent(50)) {
    step.raw +=
        random_.Pick({"ECHO \"unbalanced\r\n", "ECHO 'x'y\r\n", "*1\r\n4\r\nPING\r\n", "*abc\r\n",
                      "*1048577\r\n", "*1\r\n$-1\r\n", "*1\r\n$abc\r\n", "*1\r\n$536870913\r\n",
                      "*1\r\n$ 4\r\nPING\r\n", "*9223372036854775808\r\n", "QUIT\r\n",
                      "quit now\r\n", "*1\r\n+PING\r\n", "*2147483648\r\n", "*1\r\n$\r\n", "*\r\n",
                      "* 1\r\n", "*1\r\n$4294967296\r\n"});
  }
  return step;
}

// One write of a client that listens to what it sends itself: what it hears, and between which
// replies, is told by every byte. What the pipeline does before it subscribes it must not hear.
Step Generator::MakeOwnMessages() {
  Step step;
  step.kind = Kind::kRaw;
  const bool resp3 = random_.Percent(70);
  // HELLO's answer has the client's number, which differs.
  if (resp3) step.raw += "CLIENT REPLY SKIP\r\nHELLO 3\r\n";
  const std::size_t parts = 3 + random_.Below(10);
  for (std::size_t i = 0; i < parts; ++i) {
    step.raw += random_.Pick(
        {"SET own:k v\r\n", "SET own:k v\r\n", "DEL own:k\r\n", "INCR own:n\r\n",
         "PUBLISH own:c x\r\n", "PUBLISH own:c x\r\n", "SPUBLISH own:c x\r\n",
         "SUBSCRIBE own:c\r\n", "SUBSCRIBE __keyevent@0__:set\r\n",
         "SUBSCRIBE __keyspace@0__:own:k own:c\r\n", "SSUBSCRIBE own:c\r\n", "PSUBSCRIBE own:*\r\n",
         "UNSUBSCRIBE own:c\r\n", "UNSUBSCRIBE __keyevent@0__:set\r\n", "SUNSUBSCRIBE own:c\r\n",
         "PUNSUBSCRIBE own:*\r\n", "PING\r\n"});
  }
  // Or PUBSUB CHANNELS could see what it heard for as long as its end goes unnoticed.
  step.raw += "RESET\r\n";
  return step;
}

Step Generator::Next() {
  const bool all = settings_.families.empty() && settings_.only.empty();
  if (all && random_.Percent(0.1)) return MakeRaw();
  if (all && random_.Percent(0.1)) return MakeOwnMessages();
  if ((all || settings_.families.count("keys") != 0) && random_.Percent(0.1)) {
    return MakeDue(Kind::kDue);
  }
  if (all && random_.Percent(0.02)) return MakeDue(Kind::kActiveExpiry);
  return MakeCommand();
}

}  // namespace tideway::tests
