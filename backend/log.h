// The log of the process: leveled lines for operators, in Redis's format or as JSON.
//
//   log::Notice("Ready to accept connections on port {}", port);
//
// Threads: every function may be called from any thread at any time. A line is written whole, with
// one write, before the call returns; lines of one thread keep their order. A level that is off
// costs one relaxed atomic load: nothing is formatted (but the arguments are evaluated).
//
// Failures: logging never fails for its caller. A line that cannot be written is dropped.
//
// Secrets never belong in a message: passwords, values of keys, arguments of AUTH and HELLO.
// resp/config shows secret settings as "(redacted)"; keep to that wherever settings are logged.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "backend/log_line.h"
#include "backend/result.h"

namespace tideway::log {

struct Options {
  Level level = Level::kNotice;
  Format format = Format::kText;
  /// Where lines go: appended to this file, or standard output when empty.
  std::string file;
};

/// Sends all later lines where `options` say. Before the first call: text on standard output from
/// level notice. When the file cannot be opened, kIo is returned and nothing changes.
///
/// The file is opened again when it was renamed or removed, so log rotation needs no signal.
Status Configure(const Options& options);

/// Changes the level alone, at once, for all threads.
void SetLevel(Level level);

namespace internal {
extern std::atomic<Level> threshold;
void Write(Level level, std::string_view message);
}  // namespace internal

/// True when a message of this level would be written. Ask before costly preparations.
inline bool Enabled(Level level) {
  return level >= internal::threshold.load(std::memory_order_relaxed);
}

/// Writes the message as it is, if its level is on.
inline void Message(Level level, std::string_view message) {
  if (Enabled(level)) internal::Write(level, message);
}

template <class... Args>
void Debug(fmt::format_string<Args...> format, Args&&... args) {
  if (Enabled(Level::kDebug)) {
    internal::Write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <class... Args>
void Verbose(fmt::format_string<Args...> format, Args&&... args) {
  if (Enabled(Level::kVerbose)) {
    internal::Write(Level::kVerbose, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <class... Args>
void Notice(fmt::format_string<Args...> format, Args&&... args) {
  if (Enabled(Level::kNotice)) {
    internal::Write(Level::kNotice, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <class... Args>
void Warning(fmt::format_string<Args...> format, Args&&... args) {
  if (Enabled(Level::kWarning)) {
    internal::Write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
  }
}

}  // namespace tideway::log
