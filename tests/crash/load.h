// The load of a round: threads that write in order and note what was acknowledged, and observers
// that note what could be seen.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/client.h"
#include "tests/crash/model.h"
#include "tests/harness/random.h"

namespace tideway::tests {

// What a round left in the clients' memory.
struct Record {
  std::vector<History> histories;
  std::vector<Sighting> sightings;
  std::vector<std::string> errors;  // error replies and the like, which no rule allows
};

class Load {
 public:
  struct Settings {
    Address address;
    std::uint64_t seed = 0;
    std::size_t depth = 16;    // operations in one go at most
    bool checkpoints = false;  // asks for a rewrite of the journal in between
  };

  // `record` holds for each thread what its keys hold and the next number; the threads add to it.
  Load(const Settings& settings, Record* record);
  ~Load() { Join(); }

  // Waits for all threads: they end when the server goes away, or after Stop().
  void Join();
  void Stop() { stop_ = true; }

 private:
  void Write(int thread, std::uint64_t seed);
  // Writes operations from `number` on; the next number, or 0 when the server went away.
  std::uint64_t WriteSome(Client* client, int thread, std::uint64_t number, Random* random);
  bool ReadAnswers(Client* client, int thread, std::size_t from);
  void Observe(std::uint64_t seed);
  void Listen();
  void Checkpoint(std::uint64_t seed);
  void See(int thread, std::uint64_t number, std::vector<Sighting>* own);
  void Complain(const std::string& text);

  Settings settings_;
  Record& record_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> listening_{false};
  std::mutex mutex_;  // guards record_.sightings and record_.errors
  std::vector<std::thread> threads_;
};

// What the thread's keys hold now.
Contents ReadContents(Client* client, int thread);

// Keys that no thread writes.
std::vector<std::string> StrangeKeys(Client* client, int threads);

}  // namespace tideway::tests
