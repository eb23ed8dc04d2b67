// Words of a configuration line, by Redis's quoting rules.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tideway::resp {

/// Splits a line at white space. A word, or a part of one, may be quoted:
///   "..."  with \n \r \t \b \a, \xHH for any byte, and \c for any other c itself
///   '...'  with \' only
/// After a closing quote there must be white space or the end. nullopt: quotes that do not close or
/// that stand against other text, a zero byte, or more than limits::kConfigWordsMax words.
std::optional<std::vector<std::string>> SplitWords(std::string_view line);

/// The text in double quotes, so that SplitWords gives it back. Bytes that are not printable ASCII
/// are written as escapes.
std::string QuoteWord(std::string_view text);

/// `text` without white space at both ends.
std::string_view TrimSpace(std::string_view text);

/// ASCII letters to lower case.
std::string ToLower(std::string_view text);

}  // namespace tideway::resp
