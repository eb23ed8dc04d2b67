// The integer forms that Redis treats specially.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tideway::backend {

/// The number, when `text` is exactly how it prints: no sign but a needed '-', no leading zeros, no
/// spaces, within 64 bits. These are the strings that Redis encodes as integers.
inline std::optional<int64_t> ParseCanonicalInteger(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  const size_t digit = text[0] == '-' ? 1 : 0;
  if (digit == text.size() || text[digit] < '0' || text[digit] > '9') return std::nullopt;
  if (text[digit] == '0' && text.size() > 1) return std::nullopt;
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

/// The digits of a number, without an allocation.
class IntegerText {
 public:
  explicit IntegerText(int64_t number)
      : size_(
            static_cast<size_t>(std::to_chars(text_, text_ + sizeof(text_), number).ptr - text_)) {}
  std::string_view view() const {
    if (size_ > sizeof(text_)) __builtin_unreachable();  // else g++ 12 warns of what cannot be
    return {text_, size_};
  }

 private:
  char text_[20];
  size_t size_;
};

}  // namespace tideway::backend
