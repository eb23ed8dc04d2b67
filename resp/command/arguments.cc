#include "resp/command/arguments.h"

#include <limits>
#include <string>

#include "resp/command/errors.h"
#include "resp/protocol/glob.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::optional<int64_t> IntegerOrReply(std::string_view text, ReplyWriter& reply) {
  const auto value = ParseInt64(text);
  if (!value) reply.Error(kNotIntegerError);
  return value;
}

std::optional<int32_t> Int32OrReply(std::string_view text, ReplyWriter& reply) {
  constexpr int64_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  const auto value = IntegerOrReply(text, reply);
  if (!value) return std::nullopt;
  if (*value >= kMin && *value <= kMax) return static_cast<int32_t>(*value);
  reply.Error("ERR value is out of range, value must between " + std::to_string(kMin) + " and " +
              std::to_string(kMax));
  return std::nullopt;
}

std::optional<int64_t> ExpiryOrReply(const ExpiryArgument& argument, int64_t now_ms,
                                     std::string_view command, ReplyWriter& reply) {
  auto time = IntegerOrReply(argument.text, reply);
  if (!time) return std::nullopt;
  std::optional<int64_t> ms = time;
  if (*time <= 0) ms = std::nullopt;
  if (ms && argument.seconds) ms = CheckedMul(*ms, 1000);
  if (ms && !argument.absolute) ms = CheckedAdd(*ms, now_ms);
  if (!ms) reply.Error("ERR invalid expire time in '" + std::string(command) + "' command");
  return ms;
}

bool ScanOptions::Matches(std::string_view name) const {
  return !has_pattern || GlobMatch(pattern, name);
}

std::optional<ScanOptions> ScanOptionsOrReply(Args args, size_t cursor_at, bool with_type,
                                              ReplyWriter& reply) {
  ScanOptions options;
  const auto cursor = ParseCursor(args[cursor_at]);
  if (!cursor) {
    reply.Error(kInvalidCursorError);
    return std::nullopt;
  }
  options.cursor = *cursor;
  for (size_t i = cursor_at + 1; i < args.size(); i += 2) {
    const bool has_value = i + 1 < args.size();
    if (has_value && EqualsIgnoreCase(args[i], "count")) {
      const auto count = IntegerOrReply(args[i + 1], reply);
      if (!count) return std::nullopt;
      if (*count < 1) {
        reply.Error(kSyntaxError);
        return std::nullopt;
      }
      options.count = static_cast<size_t>(*count);
    } else if (has_value && EqualsIgnoreCase(args[i], "match")) {
      options.pattern = args[i + 1];
      options.has_pattern = !MatchesAll(options.pattern);
    } else if (has_value && with_type && EqualsIgnoreCase(args[i], "type")) {
      options.type = args[i + 1];
    } else {
      reply.Error(kSyntaxError);
      return std::nullopt;
    }
  }
  return options;
}

}  // namespace tideway::resp
