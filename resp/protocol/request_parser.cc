#include "resp/protocol/request_parser.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "resp/protocol/inline_split.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

constexpr size_t kCrLfBytes = 2;
constexpr ptrdiff_t kSmallestBulk = 6;  // "$0\r\n\r\n"
constexpr int kFastDigitsMax = 9;       // fits an uint32_t whatever the digits are

uint32_t Digit(char c) { return static_cast<uint32_t>(static_cast<unsigned char>(c) - '0'); }

// Reads a length of usual form (1 to 9 digits, no leading zero, CR and one byte more) from `p`.
// Returns where the next element begins; null for any other form or when it has not all arrived.
const char* ReadLength(const char* p, const char* end, uint32_t* length) {
  if (end - p < 3) return nullptr;
  uint32_t digit = Digit(*p);
  if (digit > 9) return nullptr;
  uint32_t value = digit;
  for (int digits = 1; digits <= kFastDigitsMax; ++digits) {
    ++p;
    if (end - p < 2) return nullptr;
    digit = Digit(*p);
    if (digit > 9) {
      if (*p != '\r') return nullptr;
      *length = value;
      return p + kCrLfBytes;
    }
    if (value == 0) return nullptr;
    value = value * 10 + digit;
  }
  return nullptr;
}

int64_t BulkBytesMax(const RequestLimits& bounds) {
  return bounds.authenticated
             ? bounds.bulk_bytes_max
             : std::min(bounds.bulk_bytes_max, limits::kUnauthenticatedBulkBytesMax);
}

int64_t ArgsMax(const RequestLimits& bounds) {
  return bounds.authenticated ? bounds.args_max
                              : std::min(bounds.args_max, limits::kUnauthenticatedArgumentsMax);
}

}  // namespace

ParseStatus RequestParser::Parse(std::string_view input, const RequestLimits& bounds,
                                 RequestArena* arena) {
  if (input.empty()) return NeedMore(1);
  if (state_ == State::kStart) {
    if (ParseWhole(input, bounds, arena)) return ParseStatus::kRequest;
    Expect(input.front() == '*' ? State::kCountLine : State::kInlineLine, 0);
  }
  return ParseInPieces(input, bounds, arena);
}

// The hot path: a multibulk request of usual form that has all arrived, in one pass. Anything else
// (not all there, inline, an error) is left to ParseInPieces, which begins anew.
bool RequestParser::ParseWhole(std::string_view input, const RequestLimits& bounds,
                               RequestArena* arena) {
  const char* p = input.data();
  const char* const end = p + input.size();
  if (*p != '*') return false;
  uint32_t count;
  p = ReadLength(p + 1, end, &count);
  if (p == nullptr || count == 0 || count > ArgsMax(bounds)) return false;
  if (count > (end - p) / kSmallestBulk) return false;  // so that the arena grows by what is here

  const int64_t bytes_max = BulkBytesMax(bounds);
  std::string_view* const views = arena->ReserveViews(count);
  for (uint32_t i = 0; i < count; ++i) {
    if (end - p < kSmallestBulk || *p != '$') return false;
    // One and two digits without a loop: most arguments are that short.
    uint32_t length = Digit(p[1]);
    if (length <= 9 && p[2] == '\r') {
      p += 4;
    } else if (length - 1 <= 8 && Digit(p[2]) <= 9 && p[3] == '\r') {
      length = length * 10 + Digit(p[2]);
      p += 5;
    } else {
      p = ReadLength(p + 1, end, &length);
      if (p == nullptr) return false;
    }
    if (length > bytes_max || end - p < static_cast<ptrdiff_t>(length + kCrLfBytes)) return false;
    views[i] = std::string_view(p, length);
    p += length + kCrLfBytes;
  }
  arena->CommitViews(count);
  args_ = {views, count};
  consumed_ = static_cast<size_t>(p - input.data());
  return true;
}

// Goes on where the last call stopped, element by element. It only checks and counts: the arguments
// are collected once all are there, so that an incomplete request holds no memory of its own.
ParseStatus RequestParser::ParseInPieces(std::string_view input, const RequestLimits& bounds,
                                         RequestArena* arena) {
  ParseStatus status = ParseStatus::kNeedMore;
  while (true) {
    switch (state_) {
      case State::kStart:  // not reached: Parse() has decided
      case State::kInlineLine:
        return ParseInline(input, arena);
      case State::kCountLine:
        if (!ReadCount(input, bounds, &status)) return status;
        break;
      case State::kBulkLine:
        if (!ReadBulkLength(input, bounds, &status)) return status;
        break;
      case State::kBulkBytes:
        if (!SkipBulk(input, &status)) return status;
        if (args_left_ == 0) return Collect(input, arena);
        break;
    }
  }
}

bool RequestParser::ReadCount(std::string_view input, const RequestLimits& bounds,
                              ParseStatus* status) {
  size_t line_bytes = 0;
  const Line line = FindLineEnd(input, '\r', &line_bytes);
  int64_t count = 0;
  if (line == Line::kTooBig) {
    *status = Fail(Problem::kTooBigCountLine);
  } else if (line == Line::kIncomplete || input.size() < line_bytes + kCrLfBytes) {
    *status = NeedMore(1);
  } else if (const auto number = ParseInt64(input.substr(1, line_bytes - 1));
             !number || *number > bounds.args_max) {
    *status = Fail(Problem::kInvalidCount);
  } else if (*number > ArgsMax(bounds)) {
    *status = Fail(Problem::kUnauthenticatedCount);
  } else if (*number <= 0) {
    *status = Finish(ParseStatus::kEmpty, line_bytes + kCrLfBytes);
  } else {
    count = *number;
  }
  if (count == 0) return false;
  args_total_ = count;
  args_left_ = count;
  Expect(State::kBulkLine, line_bytes + kCrLfBytes);
  return true;
}

bool RequestParser::ReadBulkLength(std::string_view input, const RequestLimits& bounds,
                                   ParseStatus* status) {
  size_t line_bytes = 0;
  const Line line = FindLineEnd(input, '\r', &line_bytes);
  if (line == Line::kTooBig) {
    *status = Fail(Problem::kTooBigBulkLine);
    return false;
  }
  if (line == Line::kIncomplete || input.size() - offset_ < line_bytes + kCrLfBytes) {
    *status = NeedMore(1);
    return false;
  }
  if (input[offset_] != '$') {
    unexpected_ = input[offset_];
    *status = Fail(Problem::kExpectedDollar);
    return false;
  }
  const auto length = ParseInt64(input.substr(offset_ + 1, line_bytes - 1));
  if (!length || *length < 0 || *length > bounds.bulk_bytes_max) {
    *status = Fail(Problem::kInvalidBulkLength);
    return false;
  }
  if (*length > BulkBytesMax(bounds)) {
    *status = Fail(Problem::kUnauthenticatedBulk);
    return false;
  }
  bulk_length_ = static_cast<size_t>(*length);
  Expect(State::kBulkBytes, offset_ + line_bytes + kCrLfBytes);
  return true;
}

bool RequestParser::SkipBulk(std::string_view input, ParseStatus* status) {
  const size_t needed = bulk_length_ + kCrLfBytes;
  const size_t present = input.size() - offset_;
  if (present < needed) {
    *status = NeedMore(needed - present);
    return false;
  }
  --args_left_;
  Expect(State::kBulkLine, offset_ + needed);
  return true;
}

// Walks once more over headers that are known to be good and takes the views.
ParseStatus RequestParser::Collect(std::string_view input, RequestArena* arena) {
  const auto count = static_cast<size_t>(args_total_);
  std::string_view* const views = arena->ReserveViews(count);
  size_t at = input.find('\r') + kCrLfBytes;
  for (size_t i = 0; i < count; ++i) {
    size_t length = 0;
    for (++at; input[at] != '\r'; ++at) length = length * 10 + static_cast<size_t>(input[at] - '0');
    at += kCrLfBytes;
    views[i] = input.substr(at, length);
    at += length + kCrLfBytes;
  }
  arena->CommitViews(count);
  args_ = {views, count};
  return Finish(ParseStatus::kRequest, at);
}

ParseStatus RequestParser::ParseInline(std::string_view input, RequestArena* arena) {
  size_t line_bytes = 0;
  switch (FindLineEnd(input, '\n', &line_bytes)) {
    case Line::kTooBig:
      return Fail(Problem::kTooBigInline);
    case Line::kIncomplete:
      return NeedMore(1);
    case Line::kFound:
      break;
  }
  std::string_view line = input.substr(0, line_bytes);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string_view* views = nullptr;
  const std::optional<size_t> count = SplitInline(line, arena, &views);
  if (!count) return Fail(Problem::kUnbalancedQuotes);
  args_ = {views, *count};
  return Finish(*count == 0 ? ParseStatus::kEmpty : ParseStatus::kRequest, line_bytes + 1);
}

// Looks for the byte that ends the line at offset_; *line_bytes is what lies before it.
RequestParser::Line RequestParser::FindLineEnd(std::string_view input, char end,
                                               size_t* line_bytes) {
  const std::string_view rest = input.substr(offset_);
  const std::string_view window = rest.substr(0, limits::kProtocolLineBytesMax + 1);
  if (!line_hidden_) {
    const std::string_view fresh = window.substr(scanned_);
    const size_t found = fresh.find(end);
    line_hidden_ = fresh.substr(0, found).find('\0') != std::string_view::npos;
    if (found != std::string_view::npos && !line_hidden_) {
      scanned_ += found;
      *line_bytes = scanned_;
      return Line::kFound;
    }
    scanned_ = window.size();
  }
  return rest.size() > limits::kProtocolLineBytesMax ? Line::kTooBig : Line::kIncomplete;
}

std::string RequestParser::error_text() const {
  std::string text = "ERR Protocol error: ";
  switch (problem_) {
    case Problem::kNone:
      return {};
    case Problem::kTooBigInline:
      return text + "too big inline request";
    case Problem::kUnbalancedQuotes:
      return text + "unbalanced quotes in request";
    case Problem::kTooBigCountLine:
      return text + "too big mbulk count string";
    case Problem::kInvalidCount:
      return text + "invalid multibulk length";
    case Problem::kUnauthenticatedCount:
      return text + "unauthenticated multibulk length";
    case Problem::kTooBigBulkLine:
      return text + "too big bulk count string";
    case Problem::kExpectedDollar:
      // Redis replaces line ends in error texts by spaces.
      text += "expected '$', got '";
      text += unexpected_ == '\r' || unexpected_ == '\n' ? ' ' : unexpected_;
      return text + "'";
    case Problem::kInvalidBulkLength:
      return text + "invalid bulk length";
    case Problem::kUnauthenticatedBulk:
      return text + "unauthenticated bulk length";
  }
  return {};
}

}  // namespace tideway::resp
