#include "tests/crash/rounds.h"

#include <algorithm>
#include <cstdio>

namespace tideway::tests {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kShutdownTime{20'000};

void Append(std::vector<std::string>* all, const std::vector<std::string>& more) {
  all->insert(all->end(), more.begin(), more.end());
}

// The last operations of the first thread count as acknowledged, and some more are invented.
void PretendAcknowledged(Record* record, Time safe_until) {
  History& history = record->histories[0];
  for (int i = 0; i < 5; ++i) {
    history.sent.push_back({.operation = MakeOperation(0, history.first + history.sent.size()),
                            .acknowledged = true,
                            .acknowledged_at = safe_until});
  }
}

// One key of a transaction is an older one.
void ForgeContents(Client* client) { client->Call({"SET", "t0:a", "1"}); }

std::string Describe(const Start& start) {
  return "appendfsync " + start.appendfsync + (start.drop_unsynced ? ", power loss" : ", SIGKILL") +
         ", " + std::to_string(start.io_threads) + " I/O threads";
}

}  // namespace

Rounds::Rounds(Site* site, const RoundSettings& settings)
    : site_(*site),
      settings_(settings),
      contents_(settings.threads),
      numbers_(settings.threads, 1) {}

Start Rounds::ChooseStart(std::size_t round, Random* random) const {
  static const std::vector<std::string> turns = {"always", "everysec", "always",  "everysec",
                                                 "no",     "always",   "everysec"};
  Start start;
  start.appendfsync = settings_.policy.empty() ? turns[round % turns.size()] : settings_.policy;
  start.drop_unsynced = random->Percent(80);
  start.io_threads = static_cast<int>(1 + random->Below(4));
  return start;
}

void Rounds::Renew() {
  site_.server().Kill();
  site_.Renew();
  std::fill(contents_.begin(), contents_.end(), Contents{});
  std::fill(numbers_.begin(), numbers_.end(), 1);
}

std::vector<std::string> Rounds::Run() {
  Random random(settings_.seed);
  Renew();
  Start start = ChooseStart(0, &random);
  if (!site_.Begin(start)) return {"the server does not start: " + site_.error()};
  for (std::size_t round = 0; round < settings_.rounds; ++round) {
    const Start next = ChooseStart(round + 1, &random);
    std::vector<std::string> wrong = RunRound(start, next, &random, Sabotage::kNone);
    if (settings_.verbose || !wrong.empty()) {
      std::printf("round %zu (%s): %s\n", round, Describe(start).c_str(),
                  wrong.empty() ? "ok" : "WRONG");
      std::fflush(stdout);
    }
    if (!wrong.empty()) {
      wrong.insert(wrong.begin(), "round " + std::to_string(round) + " of seed " +
                                      std::to_string(settings_.seed) + ", " + Describe(start));
      return wrong;
    }
    start = next;
    if ((round + 1) % settings_.rounds_per_directory != 0) continue;
    Renew();
    if (!site_.Begin(start)) return {"the server does not start: " + site_.error()};
  }
  return {};
}

std::vector<std::string> Rounds::RunSabotaged(Sabotage sabotage) {
  Random random(settings_.seed);
  Renew();
  Start start;
  start.appendfsync = "always";
  if (!site_.Begin(start)) return {};
  return RunRound(start, start, &random, sabotage);
}

std::vector<std::string> Rounds::LoadAndKill(const Start& start, Random* random, Record* record,
                                             Rules* rules) {
  for (std::size_t i = 0; i < settings_.threads; ++i) {
    record->histories.push_back({.before = contents_[i], .first = numbers_[i], .sent = {}});
  }
  const bool gentle = random->Percent(10);
  Load::Settings load_settings;
  load_settings.address = site_.address();
  load_settings.seed = random->Next();
  load_settings.checkpoints = !site_.is_redis() && random->Percent(30);
  Load load(load_settings, record);
  std::this_thread::sleep_for(
      milliseconds(random->Between(settings_.load_min.count(), settings_.load_max.count())));
  std::vector<std::string> wrong;
  if (gentle) {
    load.Stop();
    load.Join();
    rules->safe_until = Clock::now();
    const auto status = site_.server().Terminate(kShutdownTime);
    if (status != 0) wrong.push_back("SIGTERM did not end the server with status 0 in time");
  } else {
    rules->safe_until = Clock::now();
    site_.server().Kill();
    load.Join();
    // Redis hands its log to the system before it answers; what the system has, SIGKILL spares.
    if (!site_.is_redis() && start.appendfsync == "everysec") {
      rules->safe_until -= settings_.everysec_window + settings_.everysec_slack;
    }
    if (!site_.is_redis() && start.appendfsync == "no") rules->safe_until = Time{};
  }
  Append(&wrong, record->errors);
  return wrong;
}

std::vector<std::string> Rounds::ReadAll(std::vector<Contents>* contents) {
  Client client(site_.address());
  contents->clear();
  for (std::size_t i = 0; i < settings_.threads; ++i) {
    contents->push_back(ReadContents(&client, static_cast<int>(i)));
  }
  std::vector<std::string> wrong;
  for (const std::string& key : StrangeKeys(&client, static_cast<int>(settings_.threads))) {
    wrong.push_back("a key that nobody wrote: " + key);
  }
  if (!client.open()) wrong.push_back("the restarted server went away while it was read");
  return wrong;
}

void Rounds::CountLoss(const Record& record, const std::vector<Contents>& contents) {
  for (std::size_t i = 0; i < record.histories.size(); ++i) {
    const History& history = record.histories[i];
    const auto prefix = FindPrefix(history, contents[i]);
    for (std::size_t n = 0; n < history.sent.size(); ++n) {
      if (!history.sent[n].acknowledged) continue;
      ++acknowledged_;
      lost_ += prefix && history.first + n > prefix->high ? 1 : 0;
    }
    numbers_[i] = prefix ? prefix->high + 1 : history.first + history.sent.size();
  }
}

std::vector<std::string> Rounds::RunRound(const Start& start, const Start& next, Random* random,
                                          Sabotage sabotage) {
  Record record;
  Rules rules;
  std::vector<std::string> wrong = LoadAndKill(start, random, &record, &rules);
  if (sabotage == Sabotage::kPretendAcknowledged) PretendAcknowledged(&record, rules.safe_until);
  if (sabotage == Sabotage::kCutJournal && !site_.CutJournal(0.5)) return {};
  if (!site_.Begin(next)) {
    wrong.push_back("the server does not start again: " + site_.error());
    return wrong;
  }
  if (sabotage == Sabotage::kForgeContents) {
    Client client(site_.address());
    ForgeContents(&client);
  }
  std::vector<Contents> contents;
  Append(&wrong, ReadAll(&contents));
  Append(&wrong, Judge(record.histories, contents, record.sightings, rules));
  power_losses_ +=
      !site_.is_redis() && start.drop_unsynced && start.appendfsync != "always" ? 1 : 0;
  CountLoss(record, contents);
  contents_ = std::move(contents);
  return wrong;
}

}  // namespace tideway::tests
