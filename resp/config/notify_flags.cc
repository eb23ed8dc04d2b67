#include "resp/config/notify_flags.h"

#include <array>

#include "backend/event.h"

namespace tideway::resp {
namespace {

struct Letter {
  char letter;
  uint32_t bits;
};

/// In the order of printing. A stands first, so that its parts are printed only without it.
constexpr std::array<Letter, 15> kLetters = {{
    {'A', backend::kNotifyAll},
    {'g', backend::kNotifyGeneric},
    {'$', backend::kNotifyString},
    {'l', backend::kNotifyList},
    {'s', backend::kNotifySet},
    {'h', backend::kNotifyHash},
    {'z', backend::kNotifyZset},
    {'x', backend::kNotifyExpired},
    {'e', backend::kNotifyEvicted},
    {'t', backend::kNotifyStream},
    {'d', backend::kNotifyModule},
    {'n', backend::kNotifyNew},
    {'K', backend::kNotifyKeyspace},
    {'E', backend::kNotifyKeyevent},
    {'m', backend::kNotifyKeyMiss},
}};

}  // namespace

std::optional<uint32_t> ParseNotifyFlags(std::string_view text) {
  uint32_t flags = 0;
  for (const char c : text) {
    uint32_t bits = 0;
    for (const Letter& row : kLetters) {
      if (row.letter == c) bits = row.bits;
    }
    if (bits == 0) return std::nullopt;
    flags |= bits;
  }
  return flags;
}

std::string FormatNotifyFlags(uint32_t flags) {
  std::string text;
  for (const Letter& row : kLetters) {
    if ((flags & row.bits) != row.bits) continue;
    text += row.letter;
    flags &= ~row.bits;
  }
  return text;
}

}  // namespace tideway::resp
