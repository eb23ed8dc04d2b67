#include "cdc/name_header.h"

namespace tideway::cdc {
namespace {
constexpr std::string_view kDigits = "0123456789abcdef";
}  // namespace

std::string EncodeNameHeader(std::string_view name) {
  std::string text;
  text.reserve(name.size() * 2);
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string DecodeNameHeader(std::string_view text) {
  if (text.size() % 2 != 0) return {};
  std::string name;
  for (size_t i = 0; i < text.size(); i += 2) {
    const size_t high = kDigits.find(text[i]);
    const size_t low = kDigits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return {};
    name += static_cast<char>(high << 4 | low);
  }
  return name;
}

}  // namespace tideway::cdc
