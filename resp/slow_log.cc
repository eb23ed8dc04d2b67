#include "resp/slow_log.h"

#include <algorithm>

namespace tideway::resp {
namespace {
constexpr size_t kArgsMax = 32;       // Redis's SLOWLOG_ENTRY_MAX_ARGC
constexpr size_t kArgBytesMax = 128;  // Redis's SLOWLOG_ENTRY_MAX_STRING

std::vector<std::string> Trimmed(Args args) {
  std::vector<std::string> kept;
  const size_t count = std::min(args.size(), kArgsMax);
  kept.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (count != args.size() && i == count - 1) {
      kept.push_back("... (" + std::to_string(args.size() - count + 1) + " more arguments)");
    } else if (args[i].size() > kArgBytesMax) {
      kept.push_back(std::string(args[i].substr(0, kArgBytesMax)) + "... (" +
                     std::to_string(args[i].size() - kArgBytesMax) + " more bytes)");
    } else {
      kept.emplace_back(args[i]);
    }
  }
  return kept;
}
}  // namespace

void SlowLog::Add(Args args, int64_t unix_s, int64_t duration_us, std::string_view address,
                  std::string_view name, size_t entries_max) {
  std::lock_guard lock(mutex_);
  entries_.push_front(
      {next_id_++, unix_s, duration_us, Trimmed(args), std::string(address), std::string(name)});
  while (entries_.size() > entries_max) entries_.pop_back();
}

std::vector<SlowLogEntry> SlowLog::Newest(size_t count) const {
  std::lock_guard lock(mutex_);
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(std::min(count, entries_.size()));
  return {entries_.begin(), end};
}

size_t SlowLog::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

void SlowLog::Clear() {
  std::lock_guard lock(mutex_);
  entries_.clear();
}

void SlowLog::Trim(size_t entries_max) {
  std::lock_guard lock(mutex_);
  while (entries_.size() > entries_max) entries_.pop_back();
}

}  // namespace tideway::resp
