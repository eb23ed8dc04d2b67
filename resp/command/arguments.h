// Reading options and numbers out of a command's arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "resp/command/command.h"

namespace tideway::resp {

/// Compares without case, as all option words do.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

/// The integer, or nullopt after answering that it is none.
std::optional<int64_t> IntegerOrReply(std::string_view text, ReplyWriter& reply);

/// An integer that fits in 32 bits, or nullopt after answering in Redis's words why it does not.
std::optional<int32_t> Int32OrReply(std::string_view text, ReplyWriter& reply);

/// An expiry given by a client, relative or absolute, in seconds or milliseconds.
struct ExpiryArgument {
  std::string_view text;
  bool seconds = false;
  bool absolute = false;
};

/// Unix milliseconds of an expiry that must lie after 0, or nullopt after answering why not:
/// "value is not an integer…" or "invalid expire time in 'set' command".
std::optional<int64_t> ExpiryOrReply(const ExpiryArgument& argument, int64_t now_ms,
                                     std::string_view command, ReplyWriter& reply);

/// Options of SCAN, HSCAN and SSCAN.
struct ScanOptions {
  uint64_t cursor = 0;
  size_t count = 10;
  std::string_view pattern;  // empty with has_pattern false: everything
  bool has_pattern = false;
  std::string_view type;  // SCAN only
  bool Matches(std::string_view name) const;
};

/// Parses from args[cursor_at] on; nullopt after answering the error.
std::optional<ScanOptions> ScanOptionsOrReply(Args args, size_t cursor_at, bool with_type,
                                              ReplyWriter& reply);

}  // namespace tideway::resp
