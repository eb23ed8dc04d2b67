// RESP requests out of bytes: multibulk (`*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`) and inline (`GET
// k\r\n`).
//
// Pure: no socket, no clock. The caller keeps the unparsed input in one contiguous buffer and calls
// Parse() with all of it, from the first byte of the current request on, whenever it has grown:
//
//   while (!input.empty()) {
//     switch (parser.Parse(input, limits, &arena)) {
//       case ParseStatus::kRequest: batch.push_back(parser.args()); [[fallthrough]];
//       case ParseStatus::kEmpty:   input.remove_prefix(parser.consumed()); continue;
//       case ParseStatus::kNeedMore: /* read, at most parser.bytes_missing() ahead */ return;
//       case ParseStatus::kError:   /* reply parser.error_text(), close */ return;
//     }
//   }
//
// Between two calls that returned kNeedMore the buffer may move and grow, but the bytes already
// seen must stay the same. No argument is copied: args() point into the input of that call, except
// inline arguments with quotes, which are decoded into the arena. The result does not depend on how
// the input was split, and no byte is looked at more than a few times however small the pieces are.
//
// Errors, their texts and the order of the checks are those of Redis 7.0.15. Where Redis itself
// depends on the split (a header line longer than 64 KB that arrives whole), we refuse the line as
// Redis does when it arrives in pieces. The two bytes after a bulk and the one after the CR of a
// header line are skipped unread, as in Redis. A NUL byte in a header or inline line hides the rest
// of the line from Redis; such a line is refused once 64 KB have arrived, not earlier.
//
// A request is checked against the limits that hold when its bytes arrive. AUTH in the middle of a
// pipeline lifts them, so while a client is not authenticated, run each request before parsing the
// next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "backend/limits.h"
#include "resp/protocol/request_arena.h"

namespace tideway::resp {

/// Bounds of one request. Plain data, passed by reference; one for each thread and kind of client.
struct RequestLimits {
  /// Arguments of a multibulk request.
  int64_t args_max = limits::kArgumentsMax;
  /// Bytes of one bulk: proto-max-bulk-len.
  int64_t bulk_bytes_max = limits::kBulkBytesDefault;
  /// False before AUTH where one is required: then limits::kUnauthenticated… hold too.
  bool authenticated = true;
};

enum class ParseStatus : uint8_t {
  kRequest,   // args() and consumed() are set
  kEmpty,     // an empty line, `*0` or `*-1`: consumed() bytes held no request; no reply is due
  kNeedMore,  // the request is not complete; bytes_missing() is set
  kError,     // error_text() is set; the connection must be closed after the reply
};

class RequestParser {
 public:
  /// Parses the request at the start of `input` (see the top of this file). Never call it again
  /// after kError except after Reset(). `arena` receives the views of args().
  ParseStatus Parse(std::string_view input, const RequestLimits& bounds, RequestArena* arena);

  /// After kRequest: command name and arguments, never empty. Valid until arena->Clear() and as
  /// long as the caller keeps the input in place; later calls of Parse() do not touch it.
  std::span<const std::string_view> args() const { return args_; }

  /// After kRequest and kEmpty: bytes of the input that this request took.
  size_t consumed() const { return consumed_; }

  /// After kNeedMore: at least so many more bytes are needed before anything new can be decided.
  /// For a bulk whose length is known it is what remains of the bulk, else 1. A hint for sizing the
  /// next read: a client can announce 512 MB and send nothing, so never allocate it ahead at once.
  size_t bytes_missing() const { return bytes_missing_; }

  /// After kError: the reply's text with its code and without the leading '-', for instance
  /// "ERR Protocol error: invalid multibulk length".
  std::string error_text() const;

  /// True between kNeedMore and the end of that request: some of it has been looked at.
  bool in_request() const { return state_ != State::kStart; }

  /// Forgets the current request (the connection drops its input).
  void Reset() { *this = RequestParser(); }

 private:
  enum class State : uint8_t {
    kStart,       // nothing known
    kInlineLine,  // waiting for the end of an inline line
    kCountLine,   // waiting for the end of `*n`
    kBulkLine,    // waiting for the end of `$n` of the next argument
    kBulkBytes,   // waiting for bulk_length_ bytes and CR LF
  };
  enum class Problem : uint8_t {
    kNone,
    kTooBigInline,
    kUnbalancedQuotes,
    kTooBigCountLine,
    kInvalidCount,
    kUnauthenticatedCount,
    kTooBigBulkLine,
    kExpectedDollar,
    kInvalidBulkLength,
    kUnauthenticatedBulk,
  };
  enum class Line : uint8_t { kFound, kIncomplete, kTooBig };

  bool ParseWhole(std::string_view input, const RequestLimits& bounds, RequestArena* arena);
  ParseStatus ParseInPieces(std::string_view input, const RequestLimits& bounds,
                            RequestArena* arena);
  // Steps of ParseInPieces. False: stop with *status.
  bool ReadCount(std::string_view input, const RequestLimits& bounds, ParseStatus* status);
  bool ReadBulkLength(std::string_view input, const RequestLimits& bounds, ParseStatus* status);
  bool SkipBulk(std::string_view input, ParseStatus* status);
  ParseStatus Collect(std::string_view input, RequestArena* arena);
  ParseStatus ParseInline(std::string_view input, RequestArena* arena);
  Line FindLineEnd(std::string_view input, char end, size_t* line_bytes);
  void Expect(State state, size_t offset) {
    state_ = state;
    offset_ = offset;
    scanned_ = 0;
    line_hidden_ = false;
  }
  ParseStatus NeedMore(size_t bytes) {
    bytes_missing_ = bytes;
    return ParseStatus::kNeedMore;
  }
  ParseStatus Fail(Problem problem) {
    problem_ = problem;
    return ParseStatus::kError;
  }
  ParseStatus Finish(ParseStatus status, size_t bytes) {
    consumed_ = bytes;
    state_ = State::kStart;
    return status;
  }

  std::span<const std::string_view> args_;
  size_t consumed_ = 0;
  size_t bytes_missing_ = 0;
  // Progress through a request that came in pieces; offsets from the first byte of the request.
  size_t offset_ = 0;   // of the element that state_ waits for
  size_t scanned_ = 0;  // bytes of the current line already searched for its end
  size_t bulk_length_ = 0;
  int64_t args_total_ = 0;
  int64_t args_left_ = 0;
  State state_ = State::kStart;
  bool line_hidden_ = false;  // a NUL came before the end of the current line
  Problem problem_ = Problem::kNone;
  char unexpected_ = 0;  // for kExpectedDollar
};

}  // namespace tideway::resp
