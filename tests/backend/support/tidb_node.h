// A node as the store sees it: one I/O thread, played by the test, over a database of TiDB.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend/clock.h"
#include "backend/store.h"
#include "tests/backend/support/store_engine.h"
#include "tests/support/manual_port.h"

namespace tideway::test {

/// Confined to the thread that made it. What one node does inside another's handler happens between
/// that one's load and its commit:
///
///   a.Run({"k"}, [&](View& view) { if (a.attempts() == 1) b.Add("k"); … });   // must run again
class TidbNode {
 public:
  struct Options {
    uint16_t port = 0;  // of TiDB, or of what stands before it
    std::string database = {};
    std::string uri = {};  // instead of both: the words of `backend`
    int64_t backend_timeout_ms = 30'000;
    uint32_t connections = 1;
    size_t value_bytes_max = size_t{64} << 20;
  };

  /// The tables must be there: see MakeTables().
  explicit TidbNode(const Options& options);
  ~TidbNode();
  TidbNode(const TidbNode&) = delete;
  TidbNode& operator=(const TidbNode&) = delete;

  /// As the executor would: batches of the store's time, run again inside as often as need be.
  backend::Outcome Run(const BatchDriver::Keys& keys, const BatchDriver::Handler& handler,
                       uint32_t db = 0);
  /// How often the handler of the last Run() ran.
  int attempts() const { return attempts_; }

  backend::Outcome Set(const std::string& key, const std::string& value, int64_t ttl_ms = 0);
  backend::Outcome Erase(const std::string& key);
  /// INCR: what the key holds afterwards is one more than before.
  backend::Outcome Add(const std::string& key);
  /// "-" when absent.
  std::string Get(const std::string& key);

  /// What an I/O thread does when no client asks for anything; for so long at least.
  void Work(std::chrono::milliseconds time = std::chrono::milliseconds(0));
  /// "event db key" of what the node told as nobody's doing.
  const std::vector<std::string>& told() const { return heard_.told; }
  /// What the node was told that another one has set; "-" for nothing.
  std::string shared(const std::string& name) const {
    const auto found = heard_.settings.find(name);
    return found == heard_.settings.end() ? "-" : found->second;
  }

  backend::Store& store() { return *store_; }
  BatchDriver& driver() { return *driver_; }
  ManualPort& port() { return port_; }

 private:
  class Heard final : public backend::StoreListener {
   public:
    backend::Announcement OnStoreEvents(std::vector<backend::EventNote> events) override;
    void OnSharedSetting(std::string_view name, std::string_view value) override {
      settings[std::string(name)] = value;
    }
    std::vector<std::string> told;
    std::map<std::string, std::string> settings;
  };

  ManualPort port_;
  Heard heard_;
  std::unique_ptr<backend::Store> store_;
  std::unique_ptr<BatchDriver> driver_;
  int attempts_ = 0;
};

/// Creates the database and its tables; false when that cannot be done.
bool MakeTables(uint16_t port, const std::string& database);

}  // namespace tideway::test
