// SLOWLOG: the last commands that took longer than slowlog-log-slower-than.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "resp/command/command.h"

namespace tideway::resp {

struct SlowLogEntry {
  int64_t id;
  int64_t unix_s;
  int64_t duration_us;
  std::vector<std::string> args;  // trimmed as Redis does: 32 arguments of 128 bytes
  std::string client_address;
  std::string client_name;
};

/// Thread-safe.
class SlowLog {
 public:
  /// Newest first; keeps at most `entries_max`.
  void Add(Args args, int64_t unix_s, int64_t duration_us, std::string_view address,
           std::string_view name, size_t entries_max);
  /// The newest `count` entries, newest first.
  std::vector<SlowLogEntry> Newest(size_t count) const;
  size_t size() const;
  void Clear();
  /// Drops the oldest beyond `entries_max`.
  void Trim(size_t entries_max);

 private:
  mutable std::mutex mutex_;
  std::deque<SlowLogEntry> entries_;
  int64_t next_id_ = 0;
};

}  // namespace tideway::resp
