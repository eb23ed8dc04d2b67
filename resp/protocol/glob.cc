#include "resp/protocol/glob.h"

#include <utility>

namespace tideway::resp {
namespace {

constexpr std::string_view kSpecial = "*?[\\";

// Redis compares plain chars, which are signed on the machines it is mostly run on; it shows in
// ranges that cross 0x7f/0x80.
int Signed(char c) { return static_cast<signed char>(c); }

int Lower(int c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

bool SameByte(char a, char b, GlobCase letters) {
  return a == b || (letters == GlobCase::kInsensitive && Lower(Signed(a)) == Lower(Signed(b)));
}

bool InRange(char first, char last, char c, GlobCase letters) {
  int low = Signed(first);
  int high = Signed(last);
  int byte = Signed(c);
  if (low > high) std::swap(low, high);
  if (letters == GlobCase::kInsensitive) {
    low = Lower(low);
    high = Lower(high);
    byte = Lower(byte);
  }
  return byte >= low && byte <= high;
}

// Matches `c` against the class that begins at *at, just after the '['; moves *at behind the class.
bool MatchClass(std::string_view pattern, size_t* at, char c, GlobCase letters) {
  size_t i = *at;
  const bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool found = false;
  while (i < pattern.size()) {
    const size_t left = pattern.size() - i;
    if (pattern[i] == '\\' && left >= 2) {
      // A quoted byte is compared as it is, whatever the case mode.
      found |= pattern[i + 1] == c;
      i += 2;
    } else if (pattern[i] == ']') {
      ++i;
      break;
    } else if (left >= 3 && pattern[i + 1] == '-') {
      found |= InRange(pattern[i], pattern[i + 2], c, letters);
      i += 3;
    } else {
      found |= SameByte(pattern[i], c, letters);
      ++i;
    }
  }
  *at = i;
  return found != negated;
}

// Matches one byte against the class or escape at *at; moves *at behind it.
bool MatchSpecial(std::string_view pattern, size_t* at, char c, GlobCase letters) {
  const char first = pattern[(*at)++];
  if (first == '[') return MatchClass(pattern, at, c, letters);
  // A backslash: itself when it is the last byte.
  return SameByte(*at < pattern.size() ? pattern[(*at)++] : first, c, letters);
}

template <GlobCase letters, class Count>
bool Match(std::string_view pattern, std::string_view string, Count count) {
  if (string.empty()) return pattern.empty();
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0;
  size_t s = 0;
  // After the last '*' seen: where its rest begins in the pattern, and how far it reaches in the
  // string. Only the last one has to be retried: if its rest matches nowhere, no earlier '*' that
  // takes more bytes can help.
  size_t star_rest = kNone;
  size_t star_end = 0;
  while (s < string.size()) {
    count();
    bool matches = false;
    if (p < pattern.size()) {
      switch (pattern[p]) {
        case '*':
          if (++p == pattern.size()) return true;
          star_rest = p;
          star_end = s;
          continue;
        case '?':
          ++p;
          matches = true;
          break;
        case '[':
        case '\\':
          matches = MatchSpecial(pattern, &p, string[s], letters);
          break;
        default:
          matches = SameByte(pattern[p++], string[s], letters);
          break;
      }
    }
    if (matches) {
      ++s;
      continue;
    }
    if (star_rest == kNone) return false;
    p = star_rest;
    s = ++star_end;
    // The rest can begin only where its first byte stands.
    if (letters == GlobCase::kSensitive && kSpecial.find(pattern[p]) == kNone) {
      s = star_end = string.find(pattern[p], s);
      if (s == kNone) return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view string, GlobCase letters) {
  return letters == GlobCase::kSensitive ? Match<GlobCase::kSensitive>(pattern, string, [] {})
                                         : Match<GlobCase::kInsensitive>(pattern, string, [] {});
}

bool GlobMatchCounted(std::string_view pattern, std::string_view string, GlobCase letters,
                      uint64_t* steps) {
  const auto count = [steps] { ++*steps; };
  return letters == GlobCase::kSensitive ? Match<GlobCase::kSensitive>(pattern, string, count)
                                         : Match<GlobCase::kInsensitive>(pattern, string, count);
}

std::string_view LiteralHead(std::string_view pattern) {
  return pattern.substr(0, pattern.find_first_of(kSpecial));
}

bool IsLiteral(std::string_view pattern) {
  return pattern.find_first_of(kSpecial) == std::string_view::npos;
}

}  // namespace tideway::resp
