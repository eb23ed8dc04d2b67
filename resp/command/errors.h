// Error texts that several commands share, as Redis 7.0 words them. With their code, without '-'.
#pragma once

#include <string>
#include <string_view>

#include "resp/command/command.h"

namespace tideway::resp {

inline constexpr std::string_view kWrongTypeError =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kSyntaxError = "ERR syntax error";
inline constexpr std::string_view kNotIntegerError = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotFloatError = "ERR value is not a valid float";
inline constexpr std::string_view kNoSuchKeyError = "ERR no such key";
inline constexpr std::string_view kOutOfRangeError = "ERR index out of range";
inline constexpr std::string_view kInvalidCursorError = "ERR invalid cursor";
inline constexpr std::string_view kInvalidDbError = "ERR DB index is out of range";
inline constexpr std::string_view kStringTooLongError =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

/// A client's word as Redis's errors print it: as a C string, up to a NUL byte.
inline std::string Printed(std::string_view word) {
  return std::string(word.substr(0, word.find('\0')));
}

/// Answers WRONGTYPE and returns true when the key exists and is of another type.
inline bool IsWrongType(const backend::Key& key, backend::ValueType wanted, ReplyWriter& reply) {
  if (!key.exists() || key.type() == wanted) return false;
  reply.Error(kWrongTypeError);
  return true;
}

/// What a subcommand answers that takes fewer arguments than its arity lets through.
inline std::string SubcommandSyntaxError(Args args, std::string_view container) {
  return "ERR unknown subcommand or wrong number of arguments for '" + Printed(args[1]) +
         "'. Try " + std::string(container) + " HELP.";
}

/// "ERR wrong number of arguments for 'mset' command".
inline std::string ArityError(std::string_view command) {
  return "ERR wrong number of arguments for '" + std::string(command) + "' command";
}

}  // namespace tideway::resp
