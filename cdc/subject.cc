#include "cdc/subject.h"

#include <xxhash.h>

namespace tideway::cdc {
namespace {

constexpr std::string_view kSeparators = ":/";
constexpr std::string_view kOwnToken = "__key";
constexpr std::string_view kHashMark = "%h";
constexpr size_t kHashDigits = 32;
constexpr std::string_view kDigits = "0123456789abcdef";

// What a token has as it is: nothing that NATS, its tools or a terminal takes for something else.
bool IsPlain(char c) {
  return c > ' ' && c < '\x7f' && c != '.' && c != '*' && c != '>' && c != '%';
}

void AppendToken(std::string_view bytes, std::string& out) {
  out += '.';
  if (bytes.empty()) out += '%';
  for (const char c : bytes) {
    if (IsPlain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

// Takes the tokens of a name one by one.
class Tokens {
 public:
  explicit Tokens(std::string_view name) : rest_(name) {}

  /// The next token that ends with its separator (or is the leading __key); nullopt when what is
  /// left is the last token.
  std::optional<std::string_view> NextWhole() {
    if (taken_ == kNameTokensMax) return std::nullopt;
    size_t size = 0;
    if (taken_ == 0 && rest_.starts_with(kOwnToken)) {
      size = kOwnToken.size();
    } else {
      const size_t end = rest_.find_first_of(kSeparators);
      if (end == std::string_view::npos) return std::nullopt;
      size = end + 1;
    }
    ++taken_;
    const std::string_view token = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return token;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  size_t taken_ = 0;
};

void AppendHash(std::string_view name, std::string& out) {
  const XXH128_hash_t hash = XXH3_128bits(name.data(), name.size());
  out += '.';
  out += kHashMark;
  for (const uint64_t half : {hash.high64, hash.low64}) {
    for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[(half >> shift) & 15];
  }
}

int HexDigit(char c) {
  const size_t at = kDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// Appends the bytes of one token to `name`; false when AppendToken makes no such text.
bool DecodeToken(std::string_view token, std::string& name) {
  if (token == "%") return true;
  if (token.empty()) return false;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '%') {
      if (!IsPlain(token[i])) return false;
      name += token[i];
      continue;
    }
    if (token.size() - i < 3) return false;
    const int high = HexDigit(token[i + 1]);
    const int low = HexDigit(token[i + 2]);
    if (high < 0 || low < 0) return false;
    name += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return true;
}

std::string_view LastToken(std::string_view tokens) {
  const size_t dot = tokens.rfind('.');
  return dot == std::string_view::npos ? tokens : tokens.substr(dot + 1);
}

}  // namespace

bool AppendName(std::string_view name, std::string& subject) {
  const size_t begin = subject.size();
  Tokens tokens(name);
  while (const auto token = tokens.NextWhole()) {
    AppendToken(*token, subject);
    if (subject.size() - begin > kNameBytesMax) break;
  }
  // Each byte takes at least one: what is surely too long is not encoded first.
  if (subject.size() - begin + tokens.rest().size() <= kNameBytesMax) {
    AppendToken(tokens.rest(), subject);
    if (subject.size() - begin <= kNameBytesMax) return false;
  }
  subject.resize(begin);
  AppendHead(name, subject);
  AppendHash(name, subject);
  return true;
}

void AppendHead(std::string_view head, std::string& subject) {
  const size_t begin = subject.size();
  Tokens tokens(head);
  for (size_t i = 0; i < kHeadTokensMax; ++i) {
    const size_t before = subject.size();
    const auto token = tokens.NextWhole();
    if (!token) return;
    if (before - begin + token->size() <= kHeadBytesMax) AppendToken(*token, subject);
    if (subject.size() == before || subject.size() - begin > kHeadBytesMax) {
      subject.resize(before);
      return;
    }
  }
}

std::optional<std::string> NameOf(std::string_view tokens) {
  if (IsHashForm(tokens)) return std::nullopt;
  std::string name;
  while (true) {
    const size_t dot = tokens.find('.');
    if (!DecodeToken(tokens.substr(0, dot), name)) return std::nullopt;
    if (dot == std::string_view::npos) return name;
    tokens.remove_prefix(dot + 1);
  }
}

bool IsHashForm(std::string_view tokens) {
  const std::string_view last = LastToken(tokens);
  return last.size() == kHashMark.size() + kHashDigits && last.starts_with(kHashMark);
}

bool SubjectMatches(std::string_view pattern, std::string_view subject) {
  while (true) {
    const size_t pattern_dot = pattern.find('.');
    const size_t subject_dot = subject.find('.');
    const std::string_view wanted = pattern.substr(0, pattern_dot);
    if (wanted == ">") return pattern_dot == std::string_view::npos;
    if (wanted != "*" && wanted != subject.substr(0, subject_dot)) return false;
    if (pattern_dot == std::string_view::npos || subject_dot == std::string_view::npos) {
      return pattern_dot == subject_dot;
    }
    pattern.remove_prefix(pattern_dot + 1);
    subject.remove_prefix(subject_dot + 1);
  }
}

}  // namespace tideway::cdc
