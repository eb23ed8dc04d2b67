// Glob patterns as Redis matches them (KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET).
//
//   ?       any one byte                 [abc] [a-z] [^a]   one byte of a class; `\` quotes in it
//   *       any bytes, also none         \x                 the byte x itself
//
// Exactly Redis 7.0's rules, with their corners: an unterminated class ends at the pattern's end; a
// range may stand backwards; a `]` right after `x-` is the end of a range; a `\` at the pattern's
// end is itself; bytes compare as signed; and the empty string matches only the empty pattern, not
// `*` (Redis's commands treat a lone `*` apart: see MatchesAll).
//
// Iterative, no allocation, at most pattern.size() × (string.size() + 1) steps, so a hostile
// pattern cannot stall a thread. Redis gives up on patterns with more than 1,000 runs of `*`; here
// they match as they should.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tideway::resp {

enum class GlobCase : uint8_t { kSensitive, kInsensitive };

/// True when the whole of `string` matches `pattern`.
bool GlobMatch(std::string_view pattern, std::string_view string,
               GlobCase letters = GlobCase::kSensitive);

/// As GlobMatch; adds to *steps the number of pattern elements looked at. For tests of the bound.
bool GlobMatchCounted(std::string_view pattern, std::string_view string, GlobCase letters,
                      uint64_t* steps);

/// True for the pattern `*`, which KEYS and SCAN take as "no pattern": it matches also "".
inline bool MatchesAll(std::string_view pattern) { return pattern == "*"; }

/// The bytes before the first of `* ? [ \`: everything that matches starts with them.
std::string_view LiteralHead(std::string_view pattern);

/// True when the pattern has none of `* ? [ \`, so that only the equal string matches.
bool IsLiteral(std::string_view pattern);

}  // namespace tideway::resp
