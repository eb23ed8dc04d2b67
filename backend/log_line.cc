#include "backend/log_line.h"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <iterator>

#include "backend/limits.h"

namespace tideway::log {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "verbose", "notice", "warning"};
constexpr std::array<char, 4> kLevelMarks = {'.', '-', '*', '#'};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int Milliseconds(std::chrono::system_clock::time_point time) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto since = duration_cast<milliseconds>(time.time_since_epoch()).count();
  return static_cast<int>(((since % 1000) + 1000) % 1000);
}

/// Length of the UTF-8 character at the front of `bytes`, 0 when there is no valid one. Refuses
/// over-long forms, surrogates and what lies beyond U+10FFFF (RFC 3629).
size_t Utf8Length(std::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = at(1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return length;
}

void AppendTextByte(std::string& out, char c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += '\t';
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7f) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
  } else {
    out += c;
  }
}

void AppendJsonString(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\\ufffd";
    } else if (text[0] == '"' || text[0] == '\\') {
      out += '\\';
      out += text[0];
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

/// The part of the message that is written, and how many bytes are not.
struct Cut {
  std::string_view kept;
  size_t left_out;
};

Cut CutMessage(std::string_view message) {
  if (message.size() <= limits::kLogMessageBytesMax) return {message, 0};
  return {message.substr(0, limits::kLogMessageBytesMax),
          message.size() - limits::kLogMessageBytesMax};
}

}  // namespace

std::string_view LevelName(Level level) { return kLevelNames[static_cast<size_t>(level)]; }

std::string TextLine(const Record& record) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(record.time);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::string line = fmt::format(
      "{}:M {:02} {} {:04} {:02}:{:02}:{:02}.{:03} {} ", record.pid, local.tm_mday,
      kMonths[static_cast<size_t>(local.tm_mon)], local.tm_year + 1900, local.tm_hour, local.tm_min,
      local.tm_sec, Milliseconds(record.time), kLevelMarks[static_cast<size_t>(record.level)]);
  const Cut cut = CutMessage(record.message);
  for (const char c : cut.kept) AppendTextByte(line, c);
  if (cut.left_out > 0) line += fmt::format("... ({} more bytes)", cut.left_out);
  line += '\n';
  return line;
}

std::string JsonLine(const Record& record) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(record.time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::string line = fmt::format(
      R"({{"time":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z","level":"{}","pid":{},"message":")",
      utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
      Milliseconds(record.time), LevelName(record.level), record.pid);
  const Cut cut = CutMessage(record.message);
  AppendJsonString(line, cut.kept);
  if (cut.left_out > 0) line += fmt::format("... ({} more bytes)", cut.left_out);
  line += "\"}\n";
  return line;
}

}  // namespace tideway::log
