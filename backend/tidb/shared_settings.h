// Settings that hold on every node over the same data: a row each in tw_settings, where the newest
// commit wins. A node writes what was set on it until the database takes it, and looks for what was
// set on others. Pure SQL out, answers in; the housekeeper carries it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/tidb/sql_connection.h"

namespace tideway::backend {

class SharedSettings {
 public:
  /// To be remembered. What is known already is not written again. Any thread.
  void Share(std::string_view name, std::string_view value);

  // --- the housekeeper's thread
  /// Something waits to be written.
  bool pending() const;
  /// Writes what waits, and looks.
  std::string NextSql();
  using Changes = std::vector<std::pair<std::string, std::string>>;  // name, value
  /// What others have set since the last answer; all there is with the first one. After an error
  /// everything stays as it was, and is tried again.
  Changes Take(const SqlReply& reply);

 private:
  struct Known {
    std::optional<std::string> value;
    uint64_t rev = 0;      // of the row that said so
    bool waits = false;    // to be written
    uint64_t version = 0;  // grows with each Share()
  };

  mutable std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;  // guarded by mutex_
  std::map<std::string, uint64_t> writing_;          // versions in the last NextSql()
};

}  // namespace tideway::backend
