#include "tests/crash/load.h"

#include <cstdlib>

namespace tideway::tests {
namespace {

using Clock = std::chrono::steady_clock;

// The whole operation's answer: that of EXEC, or of its only command.
bool Acknowledged(const Reply& reply) {
  return reply != nullptr && !IsError(reply) && reply->type != REDIS_REPLY_NIL;
}

}  // namespace

Load::Load(const Settings& settings, Record* record) : settings_(settings), record_(*record) {
  threads_.emplace_back([this] { Listen(); });
  while (!listening_) std::this_thread::yield();
  for (std::size_t i = 0; i < record_.histories.size(); ++i) {
    threads_.emplace_back([this, i] { Write(static_cast<int>(i), settings_.seed + i); });
  }
  threads_.emplace_back([this] { Observe(settings_.seed + 1000); });
  if (settings_.checkpoints) threads_.emplace_back([this] { Checkpoint(settings_.seed + 2000); });
}

void Load::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Load::Complain(const std::string& text) {
  const std::lock_guard lock(mutex_);
  record_.errors.push_back(text);
}

void Load::Write(int thread, std::uint64_t seed) {
  Random random(seed);
  Client client(settings_.address, thread % 2 == 1);
  std::uint64_t number = record_.histories[static_cast<std::size_t>(thread)].first;
  while (!stop_ && number != 0) number = WriteSome(&client, thread, number, &random);
}

std::uint64_t Load::WriteSome(Client* client, int thread, std::uint64_t number, Random* random) {
  History& history = record_.histories[static_cast<std::size_t>(thread)];
  const std::size_t from = history.sent.size();
  const std::size_t wanted = random->Percent(40) ? 1 : 1 + random->Below(settings_.depth);
  for (std::size_t i = 0; i < wanted; ++i, ++number) {
    int seen_thread = -1;
    std::uint64_t seen_number = 0;
    if (FollowsOther(number)) {
      if (i > 0) break;  // it needs a look at another thread first
      seen_thread = static_cast<int>(random->Below(record_.histories.size()));
      const auto seen = client->Text({"GET", ProgressKey(seen_thread)});
      if (!client->open()) return 0;
      seen_number = seen ? std::strtoull(seen->c_str(), nullptr, 10) : 0;
      std::vector<Sighting> own;
      See(seen_thread, seen_number, &own);
      const std::lock_guard lock(mutex_);
      record_.sightings.insert(record_.sightings.end(), own.begin(), own.end());
    }
    history.sent.push_back({.operation = MakeOperation(thread, number, seen_thread, seen_number)});
    const Operation& operation = history.sent.back().operation;
    if (operation.transaction) client->Append({"MULTI"});
    for (const auto& argv : operation.commands) client->Append(argv);
    if (operation.transaction) client->Append({"EXEC"});
  }
  return ReadAnswers(client, thread, from) ? number : 0;
}

bool Load::ReadAnswers(Client* client, int thread, std::size_t from) {
  History& history = record_.histories[static_cast<std::size_t>(thread)];
  for (std::size_t i = from; i < history.sent.size(); ++i) {
    Sent& sent = history.sent[i];
    const std::size_t replies =
        sent.operation.commands.size() + (sent.operation.transaction ? 2 : 0);
    Reply reply;
    for (std::size_t n = 0; n < replies; ++n) {
      reply = client->Read();
      if (reply == nullptr) return false;
      if (IsError(reply)) {
        Complain("thread " + std::to_string(thread) + " was answered " + reply->str);
        return false;
      }
    }
    if (!Acknowledged(reply)) {
      Complain("thread " + std::to_string(thread) + " got a null");
      return false;
    }
    sent.acknowledged = true;
    sent.acknowledged_at = Clock::now();
  }
  return true;
}

void Load::See(int thread, std::uint64_t number, std::vector<Sighting>* own) {
  if (number > 0) own->push_back({thread, number, Clock::now()});
}

void Load::Observe(std::uint64_t seed) {
  Random random(seed);
  Client client(settings_.address);
  std::vector<Sighting> own;
  while (!stop_ && client.open()) {
    const int thread = static_cast<int>(random.Below(record_.histories.size()));
    const auto seen = client.Text({"GET", ProgressKey(thread)});
    if (seen) See(thread, std::strtoull(seen->c_str(), nullptr, 10), &own);
  }
  const std::lock_guard lock(mutex_);
  record_.sightings.insert(record_.sightings.end(), own.begin(), own.end());
}

// Hears of every INCR. The nth of a thread is an operation whose number follows from its kind.
void Load::Listen() {
  Client client(settings_.address, true);
  const Reply subscribed = client.Call({"SUBSCRIBE", "__keyevent@0__:incrby"});
  listening_ = true;
  if (client.open()) client.SetTimeout(std::chrono::milliseconds(200));
  std::vector<std::uint64_t> next;
  for (const History& history : record_.histories) next.push_back(history.first);
  std::vector<Sighting> own;
  for (;;) {
    const Reply message = client.Read();
    if (message == nullptr) break;  // the server went away, or the load has ended
    if (message->type != REDIS_REPLY_ARRAY || message->elements != 3) continue;
    const std::string key(message->element[2]->str, message->element[2]->len);
    for (std::size_t i = 0; i < next.size(); ++i) {
      const int thread = static_cast<int>(i);
      if (key != CounterKey(thread)) continue;
      while (MakeOperation(thread, next[i]).commands[0][0] != "INCR") ++next[i];
      See(thread, next[i], &own);
      ++next[i];
    }
  }
  const std::lock_guard lock(mutex_);
  record_.sightings.insert(record_.sightings.end(), own.begin(), own.end());
}

void Load::Checkpoint(std::uint64_t seed) {
  Random random(seed);
  Client client(settings_.address);
  while (!stop_ && client.open()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random.Between(20, 300)));
    client.Call({"BGREWRITEAOF"});
  }
}

Contents ReadContents(Client* client, int thread) {
  Contents contents;
  const std::string mine = "t" + std::to_string(thread) + ":";
  for (const char* name :
       {"progress", "hash", "count", "set", "a", "b", "c", "d", "log", "follows", "short-lived"}) {
    const std::string key = mine + name;
    const std::string type = client->Text({"TYPE", key}).value_or("none");
    if (type == "string") contents[key] = client->Text({"GET", key}).value_or("(gone)");
    if (type == "hash") {
      const auto fields = client->List({"HGETALL", key});
      for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        contents[key + "/" + fields[i]] = fields[i + 1];
      }
    }
    if (type == "set") {
      for (const std::string& member : client->List({"SMEMBERS", key})) {
        contents[key + "/m:" + member] = "";
      }
    }
    const auto expiry = client->Text({"PEXPIRETIME", key});
    if (expiry && (*expiry)[0] != '-') contents[key + "@"] = *expiry;
  }
  return contents;
}

std::vector<std::string> StrangeKeys(Client* client, int threads) {
  std::vector<std::string> strange;
  for (const std::string& key : client->List({"KEYS", "*"})) {
    const int thread = key.size() > 1 && key[0] == 't' ? std::atoi(key.c_str() + 1) : -1;
    if (thread < 0 || thread >= threads) strange.push_back(key);
  }
  return strange;
}

}  // namespace tideway::tests
