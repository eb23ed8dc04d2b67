// One line of the log as text, made without I/O. backend/log.h is what the rest of tideway uses.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tideway::log {

/// From the most talkative to the most urgent; the words of the `loglevel` setting.
enum class Level : uint8_t { kDebug, kVerbose, kNotice, kWarning };

/// What a line looks like; the words of the `log-format` setting.
enum class Format : uint8_t { kText, kJson };

/// What is known of one message.
struct Record {
  Level level;
  std::chrono::system_clock::time_point time;
  int64_t pid;
  std::string_view message;
};

/// "debug", "verbose", "notice" or "warning".
std::string_view LevelName(Level level);

/// Redis's line, in local time, with its newline:
///   12345:M 22 Nov 2026 23:48:11.123 * message
/// The mark before the message is . - * # from debug to warning. Control characters of the message
/// are written as \n or \x1b, so that a client's bytes can neither forge a second line nor steer
/// a terminal. A message over limits::kLogMessageBytesMax is cut and says by how much.
std::string TextLine(const Record& record);

/// One JSON object and a newline, time in UTC:
///   {"time":"2026-11-22T23:48:11.123Z","level":"notice","pid":12345,"message":"..."}
/// Always valid JSON: bytes that are not UTF-8 become U+FFFD. Cut as TextLine.
std::string JsonLine(const Record& record);

}  // namespace tideway::log
