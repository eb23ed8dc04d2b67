// Splits an inline request line into arguments by Redis's quoting rules.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "resp/protocol/request_arena.h"

namespace tideway::resp {

/// Splits `line` (without its line end, no NUL in it) at blanks. In "double quotes" \n \r \t \b \a
/// \xHH and \anything are decoded, in 'single quotes' only \'; a closing quote must be followed by
/// a blank or the end.
///
/// The views are reserved and committed in `arena` and begin at *args. They point into `line`,
/// those with quotes into bytes of the arena. Returns their number (0 for a blank line), or nullopt
/// when quotes are unbalanced.
std::optional<size_t> SplitInline(std::string_view line, RequestArena* arena,
                                  const std::string_view** args);

}  // namespace tideway::resp
