#include "resp/config/config_words.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>

#include "backend/limits.h"
#include "resp/protocol/inline_split.h"
#include "resp/protocol/request_arena.h"

namespace tideway::resp {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::optional<std::vector<std::string>> SplitWords(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return std::nullopt;
  RequestArena arena;
  const std::string_view* words = nullptr;
  const auto count = SplitInline(line, &arena, &words);
  if (!count || *count > limits::kConfigWordsMax) return std::nullopt;
  return std::vector<std::string>(words, words + *count);
}

std::string QuoteWord(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '\\':
      case '"':
        out += '\\', out += c;
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\a':
        out += "\\a";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte > 0x7e) {
          fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else {
          out += c;
        }
      }
    }
  }
  out += '"';
  return out;
}

std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace tideway::resp
