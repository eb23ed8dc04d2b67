#include "resp/protocol/inline_split.h"

namespace tideway::resp {
namespace {

// Where an argument may begin and a closing quote may be followed.
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// What ends an argument without quotes: not \v and \f, as in Redis.
bool EndsWord(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Runs of bytes between blanks: each argument begins with one.
size_t CountRuns(std::string_view line) {
  size_t runs = 0;
  bool in_run = false;
  for (const char c : line) {
    const bool space = IsSpace(c);
    runs += !space && !in_run;
    in_run = !space;
  }
  return runs;
}

// Decodes one line's quoted arguments into bytes taken from the arena once.
class Decoder {
 public:
  Decoder(std::string_view line, RequestArena* arena) : line_(line), arena_(arena) {}

  // Decodes the argument at *at; false when its quotes are unbalanced. Moves *at behind it.
  bool Decode(size_t* at, std::string_view* out) {
    if (next_ == nullptr) next_ = arena_->AllocateBytes(line_.size());
    const char* begin = next_;
    size_t i = *at;
    while (i < line_.size() && !EndsWord(line_[i])) {
      const char c = line_[i++];
      if (c != '"' && c != '\'') {
        *next_++ = c;
        continue;
      }
      if (!(c == '"' ? DecodeDouble(&i) : DecodeSingle(&i))) return false;
      if (i < line_.size() && !IsSpace(line_[i])) return false;
      break;  // a closing quote ends the argument
    }
    *out = {begin, static_cast<size_t>(next_ - begin)};
    *at = i;
    return true;
  }

 private:
  bool DecodeDouble(size_t* at) {
    for (size_t i = *at; i < line_.size(); ++i) {
      const char c = line_[i];
      if (c == '"') {
        *at = i + 1;
        return true;
      }
      if (c != '\\' || i + 1 == line_.size()) {
        *next_++ = c;
        continue;
      }
      const bool hex = line_[i + 1] == 'x' && i + 3 < line_.size() && HexDigit(line_[i + 2]) >= 0 &&
                       HexDigit(line_[i + 3]) >= 0;
      if (hex) {
        *next_++ = static_cast<char>(HexDigit(line_[i + 2]) * 16 + HexDigit(line_[i + 3]));
        i += 3;
      } else {
        *next_++ = Unescape(line_[++i]);
      }
    }
    return false;
  }

  bool DecodeSingle(size_t* at) {
    for (size_t i = *at; i < line_.size(); ++i) {
      if (line_[i] == '\'') {
        *at = i + 1;
        return true;
      }
      if (line_[i] == '\\' && i + 1 < line_.size() && line_[i + 1] == '\'') ++i;
      *next_++ = line_[i];
    }
    return false;
  }

  std::string_view line_;
  RequestArena* arena_;
  char* next_ = nullptr;
};

}  // namespace

std::optional<size_t> SplitInline(std::string_view line, RequestArena* arena,
                                  const std::string_view** args) {
  std::string_view* out = arena->ReserveViews(CountRuns(line));
  *args = out;
  Decoder decoder(line, arena);
  size_t count = 0;
  for (size_t i = 0;;) {
    while (i < line.size() && IsSpace(line[i])) ++i;
    if (i == line.size()) break;
    const size_t begin = i;
    while (i < line.size() && !EndsWord(line[i]) && line[i] != '"' && line[i] != '\'') ++i;
    if (i == line.size() || EndsWord(line[i])) {
      out[count++] = line.substr(begin, i - begin);
      continue;
    }
    i = begin;
    if (!decoder.Decode(&i, &out[count])) return std::nullopt;
    ++count;
  }
  arena->CommitViews(count);
  return count;
}

}  // namespace tideway::resp
