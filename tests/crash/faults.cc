#include "tests/crash/faults.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <regex>
#include <sstream>
#include <thread>

namespace tideway::tests {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kWriters = 4;
constexpr milliseconds kNoticeTime{3000};  // a fault must be answered with -MISCONF by then
constexpr milliseconds kHealTime{10'000};
constexpr milliseconds kEverySecond{1300};  // what `everysec` may lose

enum class Outcome { kUnknown, kAcknowledged, kRefused };

struct Attempt {
  Outcome outcome = Outcome::kUnknown;
  Clock::time_point at{};
};

// Writers of keys that are each written once, so that each write can be told apart afterwards.
class Writers {
 public:
  explicit Writers(const Address& address) : address_(address) {
    for (int i = 0; i < kWriters; ++i) threads_.emplace_back([this, i] { Write(i); });
  }
  ~Writers() { Join(); }

  void Join() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  const std::map<std::string, Attempt>& attempts() const { return attempts_; }
  std::string strange_error() const { return strange_error_; }
  // How many writes ended so since the last call.
  std::size_t TakeRefused() { return refused_.exchange(0); }
  // Of writes that were sent since the last call: an answer may have been on its way.
  std::size_t TakeAcknowledged() {
    ++phase_;
    return acknowledged_.exchange(0);
  }

 private:
  void Write(int writer) {
    std::map<std::string, Attempt> own;
    auto client = std::make_unique<Client>(address_, writer % 2 == 1);
    for (int number = 0; !stop_; ++number) {
      if (!client->open()) {  // a write of unknown outcome closes the connection
        std::this_thread::sleep_for(milliseconds(5));
        client = std::make_unique<Client>(address_, writer % 2 == 1);
        if (!client->open()) continue;
      }
      const std::string key = "f" + std::to_string(writer) + ":" + std::to_string(number);
      Attempt& attempt = own[key];
      const unsigned phase = phase_;
      const Reply reply = client->Call({"SET", key, key + std::string(200, 'x')});
      attempt.at = Clock::now();
      if (reply == nullptr) continue;
      if (!IsError(reply)) {
        attempt.outcome = Outcome::kAcknowledged;
        if (phase == phase_) ++acknowledged_;
        continue;
      }
      attempt.outcome = Outcome::kRefused;
      ++refused_;
      if (std::string(reply->str).rfind("MISCONF", 0) != 0) {
        const std::lock_guard lock(mutex_);
        strange_error_ = reply->str;
      }
      std::this_thread::sleep_for(milliseconds(1));
    }
    const std::lock_guard lock(mutex_);
    attempts_.insert(own.begin(), own.end());
  }

  Address address_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> refused_{0};
  std::atomic<std::size_t> acknowledged_{0};
  std::atomic<unsigned> phase_{0};
  std::mutex mutex_;
  std::map<std::string, Attempt> attempts_;
  std::string strange_error_;
  std::vector<std::thread> threads_;
};

void Command(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app) << text << "\n";
}

template <typename Condition>
bool Within(milliseconds limit, Condition condition) {
  const auto deadline = Clock::now() + limit;
  while (Clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

// What holds while the disk fails, then that it heals.
std::vector<std::string> FailAndHeal(const Address& address, Writers* writers,
                                     const std::string& control, const std::string& command) {
  std::vector<std::string> wrong;
  Client reader(address);
  reader.Call({"SET", "f:known", "value"});
  std::this_thread::sleep_for(milliseconds(300));
  Command(control, command + " on");
  writers->TakeRefused();
  if (!Within(kNoticeTime, [&] { return writers->TakeRefused() > 0; })) {
    wrong.push_back(command + ": writes are not refused while the disk fails");
  }
  writers->TakeAcknowledged();
  for (int i = 0; i < 50; ++i) {
    if (reader.Text({"GET", "f:known"}) != "value") {
      wrong.push_back(command + ": reads do not go on while the disk fails");
      break;
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  if (const std::size_t count = writers->TakeAcknowledged(); count > 0) {
    wrong.push_back(command + ": " + std::to_string(count) +
                    " writes were acknowledged after one had been refused");
  }
  Command(control, command + " off");
  writers->TakeAcknowledged();
  if (!Within(kHealTime, [&] { return writers->TakeAcknowledged() > 10; })) {
    wrong.push_back(command + ": it does not heal within " + std::to_string(kHealTime.count()) +
                    " ms");
  }
  std::this_thread::sleep_for(kEverySecond + milliseconds(200));
  return wrong;
}

std::vector<std::string> JudgeAttempts(const Address& address,
                                       const std::map<std::string, Attempt>& attempts,
                                       Clock::time_point safe_until, const std::string& command) {
  Client client(address);
  std::size_t lost = 0;
  std::size_t refused_but_done = 0;
  std::string example;
  for (const auto& [key, attempt] : attempts) {
    const bool there = client.Text({"EXISTS", key}) == "1";
    if (attempt.outcome == Outcome::kAcknowledged && !there && attempt.at <= safe_until) {
      ++lost;
      example = key;
    }
    if (attempt.outcome == Outcome::kRefused && there) {
      ++refused_but_done;
      example = key;
    }
  }
  std::vector<std::string> wrong;
  if (lost > 0) {
    wrong.push_back(command + ": " + std::to_string(lost) + " of " +
                    std::to_string(attempts.size()) +
                    " acknowledged writes are lost, the last of them " + example);
  }
  if (refused_but_done > 0) {
    wrong.push_back(command + ": " + std::to_string(refused_but_done) +
                    " refused writes were done all the same, the last of them " + example);
  }
  if (client.Text({"GET", "f:known"}) != "value") wrong.push_back(command + ": f:known is lost");
  return wrong;
}

// Starts a server that must refuse, and looks at its words.
void ExpectRefusal(Site* site, const std::string& what, const std::string& words,
                   std::vector<std::string>* wrong) {
  ServerProcess other;
  const auto status = other.RunToEnd(site->SettingsFor({}, "other"), seconds(30));
  const std::string log = other.Log();
  if (!status) {
    wrong->push_back(what + ": the server started all the same");
  } else if (*status == 0 || *status > 128) {
    wrong->push_back(what + ": it ended with status " + std::to_string(*status) + ": " + log);
  } else if (!std::regex_search(log, std::regex(words, std::regex::icase))) {
    wrong->push_back(what + ": the error does not say \"" + words + "\": " + log);
  }
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

}  // namespace

std::vector<std::string> TestFailingDisk(Site* site, const std::string& command,
                                         const std::string& appendfsync) {
  site->server().Kill();
  site->Renew();
  Start start;
  start.appendfsync = appendfsync;
  start.io_threads = 2;
  start.control_path = site->data_dir() + ".faults";
  WriteFile(start.control_path, "");
  if (!site->Begin(start)) return {"the server does not start: " + site->error()};
  Writers writers(site->address());
  std::vector<std::string> wrong =
      FailAndHeal(site->address(), &writers, start.control_path, command);
  auto safe_until = Clock::now();
  site->server().Kill();
  writers.Join();
  if (appendfsync != "always") safe_until -= kEverySecond;
  if (!writers.strange_error().empty()) {
    wrong.push_back(command + ": an error other than MISCONF: " + writers.strange_error());
  }
  WriteFile(start.control_path, "");
  if (!site->Begin(start)) {
    wrong.push_back(command + ": the server does not start again: " + site->error());
    return wrong;
  }
  const auto more = JudgeAttempts(site->address(), writers.attempts(), safe_until, command);
  wrong.insert(wrong.end(), more.begin(), more.end());
  return wrong;
}

std::vector<std::string> TestRefusedDirectories(Site* site) {
  site->server().Kill();
  site->Renew();
  std::vector<std::string> wrong;
  if (!site->Begin({})) return {"the server does not start: " + site->error()};
  Client client(site->address());
  client.Call({"SET", "key", "value"});
  ExpectRefusal(site, "a directory in use", "in use", &wrong);
  if (client.Text({"GET", "key"}) != "value" || client.Text({"SET", "key", "more"}) != "OK") {
    wrong.push_back("a directory in use: the first server suffered");
  }
  if (site->server().Terminate(seconds(20)) != 0) wrong.push_back("SIGTERM: no clean end");

  const std::string path = site->data_dir() + "/tideway.format";
  const std::string marker = ReadFile(path);
  if (marker.empty()) {
    wrong.push_back("the data directory has no tideway.format, which tells its version");
    return wrong;
  }
  WriteFile(path, std::regex_replace(marker, std::regex("[0-9]+"), "999"));
  ExpectRefusal(site, "a newer version's directory", "newer", &wrong);
  WriteFile(path, marker);
  if (!site->Begin({})) {
    wrong.push_back("a newer version's directory: being refused harmed it: " + site->error());
  } else if (Client(site->address()).Text({"GET", "key"}) != "more") {
    wrong.push_back("a newer version's directory: data are lost after it was refused");
  }
  return wrong;
}

}  // namespace tideway::tests
