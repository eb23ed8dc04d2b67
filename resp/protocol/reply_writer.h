// Encodes replies in RESP2 or RESP3 into a ByteBuffer.
//
// A handler says what it means (a map, a null, a double) and the writer chooses the form that the
// client's protocol version has. Nothing is sent here and nothing fails: a reply that grows beyond
// reply_bytes_max is no longer written, overflowed() says so, and the gate calls ReplaceReply().
//
// Aggregates are a header and then their elements; the caller writes as many as it announced, or
// uses Defer…() and Finish() when the number is known only afterwards.
//
// Not thread-safe. Arguments must not point into the buffer that is written.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "resp/protocol/byte_buffer.h"

namespace tideway::resp {

enum class RespVersion : uint8_t { k2 = 2, k3 = 3 };

class ReplyWriter {
 public:
  static constexpr size_t kUnlimited = std::numeric_limits<size_t>::max() / 2;

  /// Appends to `out`, which must outlive the writer and may hold earlier replies.
  explicit ReplyWriter(ByteBuffer* out, RespVersion version = RespVersion::k2) : out_(out) {
    version_ = version;
    StartReply();
  }

  RespVersion version() const { return version_; }
  void set_version(RespVersion version) { version_ = version; }
  bool resp3() const { return version_ == RespVersion::k3; }
  /// Where the next reply goes, for a writer that serves many clients. Starts a reply.
  void Redirect(ByteBuffer* out, RespVersion version) {
    out_ = out;
    version_ = version;
    StartReply();
  }

  // --- frame of one command's reply

  /// Begins a command's reply: no errors yet, and the limit counts from here.
  void StartReply() {
    start_ = out_->size();
    limit_end_ = std::min(start_ + bytes_max_, output_end_);
    ClearErrors();
  }
  /// How many bytes may wait for the client in all, the replies of before included: the hard bound
  /// of client-output-buffer-limit less what waits elsewhere. For the replies that start from now
  /// on, and never more than the client's due: where it is passed, nothing more is written and
  /// over_output_limit() says so; the client must then be disconnected.
  void set_output_bytes_max(size_t bytes) { output_end_ = bytes < kUnlimited ? bytes : kUnlimited; }
  /// overflowed(), and it is the output's bound that was passed, not that of the reply.
  bool over_output_limit() const {
    return overflowed() && output_end_ < kUnlimited && output_end_ <= start_ + bytes_max_;
  }
  /// reply-bytes-max, for the replies that start from now on.
  void set_bytes_max(size_t bytes) { bytes_max_ = bytes < kUnlimited ? bytes : kUnlimited; }
  /// Bytes of the reply so far; not exact once overflowed().
  size_t reply_bytes() const { return out_->size() - start_; }
  /// True once the reply has passed its limit; it is then incomplete and must be replaced.
  bool overflowed() const { return out_->size() > limit_end_ || limit_end_ == kOverflowed; }
  /// Whether `count` values of at least `bytes_each` can still fit; if not, the reply is
  /// overflowed() now. Ask before making very many.
  bool HasRoomFor(uint64_t count, size_t bytes_each) {
    const size_t size = out_->size();
    if (size <= limit_end_ && count <= (limit_end_ - size) / bytes_each) return true;
    Overflow();
    return false;
  }
  static constexpr size_t kBulkBytesMin = 6;  // "$0" CRLF CRLF
  /// Drops the whole reply and writes one error in its place.
  void ReplaceReply(std::string_view error_text) {
    out_->Truncate(start_);
    limit_end_ = start_ + kUnlimited;
    ClearErrors();
    Error(error_text);
  }

  /// Error replies since StartReply() or ClearErrors(); Raw() is not looked into.
  uint32_t errors() const { return errors_; }
  /// The code of the first of them as errorstats counts it ("WRONGTYPE"), or "" without errors.
  std::string_view first_error_code() const { return {error_code_, error_code_size_}; }
  /// Counts anew without ending the reply: for each command inside EXEC.
  void ClearErrors() {
    errors_ = 0;
    error_code_size_ = 0;
  }

  /// A place to come back to when a command has to run again.
  struct Mark {
    size_t size;
    size_t limit_end;
    uint32_t errors;
  };
  Mark mark() const { return {out_->size(), limit_end_, errors_}; }
  /// Takes back everything written since; open deferred headers from after the mark are void.
  void Rollback(const Mark& mark) {
    out_->Truncate(mark.size);
    limit_end_ = mark.limit_end;
    errors_ = mark.errors;
    if (errors_ == 0) error_code_size_ = 0;
  }

  // --- single values

  void Ok() { Raw("+OK\r\n"); }
  void Pong() { Raw("+PONG\r\n"); }
  void Queued() { Raw("+QUEUED\r\n"); }
  /// `+text`; CR and LF in it become spaces.
  void Simple(std::string_view text);
  /// `-text`: with its code, without the '-' ("ERR syntax error"). CR and LF become spaces.
  void Error(std::string_view text);
  void Integer(int64_t value) {
    char* p = Room(4, 3 + kIntegerMax);
    if (p == nullptr) [[unlikely]]
      return;
    *p++ = ':';
    p = PutInteger(p, value);
    out_->CommitTo(PutCrLf(p));
  }
  void Bulk(std::string_view bytes) {
    const size_t size = bytes.size();
    char* p = Room(size + 6, size + 5 + kIntegerMax);
    if (p == nullptr) [[unlikely]]
      return;
    p = PutHeader(p, '$', size);
    if (size != 0) std::memcpy(p, bytes.data(), size);
    out_->CommitTo(PutCrLf(p + size));
  }
  /// The integer's decimal form as a bulk.
  void BulkInteger(int64_t value) {
    char text[kIntegerMax];
    Bulk({text, static_cast<size_t>(PutInteger(text, value) - text)});
  }
  /// `$-1` or `_`.
  void Null() { resp3() ? Raw("_\r\n") : Raw("$-1\r\n"); }
  /// `*-1` or `_`.
  void NullArray() { resp3() ? Raw("_\r\n") : Raw("*-1\r\n"); }
  /// `,1.5`, or a bulk.
  void Double(double value);
  /// `#t` and `#f`, or `:1` and `:0`.
  void Bool(bool value) {
    resp3() ? Raw(value ? "#t\r\n" : "#f\r\n") : Raw(value ? ":1\r\n" : ":0\r\n");
  }
  /// `=15\r\ntxt:…`, or a bulk. `format` has three letters: "txt", "mkd".
  void Verbatim(std::string_view format, std::string_view text);
  /// `(digits`, or a bulk.
  void BigNumber(std::string_view digits);

  // --- aggregates: headers, to be followed by their elements

  void Array(size_t elements) { Header('*', elements); }
  /// `%pairs`, or an array of twice as many.
  void Map(size_t pairs) { resp3() ? Header('%', pairs) : Header('*', pairs * 2); }
  /// `~elements`, or an array.
  void Set(size_t elements) { Header(resp3() ? '~' : '*', elements); }
  /// `>elements`, or an array.
  void Push(size_t elements) { Header(resp3() ? '>' : '*', elements); }
  /// `|pairs`, ahead of a reply. Precondition: resp3(), RESP2 has no such thing.
  void Attribute(size_t pairs) { Header('|', pairs); }

  /// A header whose number comes later.
  struct Deferred {
    size_t position;
    uint8_t header_bytes;
    char kind;
    bool doubled;
  };
  /// `expected` is a guess: one with the right number of digits makes Finish() free, any other
  /// costs a move of what was written in between.
  Deferred DeferArray(size_t expected = 0) { return Defer('*', false, expected); }
  Deferred DeferMap(size_t expected = 0) {
    return resp3() ? Defer('%', false, expected) : Defer('*', true, expected);
  }
  Deferred DeferSet(size_t expected = 0) { return Defer(resp3() ? '~' : '*', false, expected); }
  Deferred DeferPush(size_t expected = 0) { return Defer(resp3() ? '>' : '*', false, expected); }
  /// Sets the number of elements (pairs for a map) of `header`. Nested ones: innermost first.
  void Finish(const Deferred& header, size_t elements);

  // --- encoded already

  /// Appends bytes that are RESP of this client's version.
  void Raw(std::string_view encoded) {
    char* p = Room(encoded.size(), encoded.size());
    if (p == nullptr) [[unlikely]]
      return;
    std::memcpy(p, encoded.data(), encoded.size());
    out_->Commit(encoded.size());
  }

 private:
  static constexpr size_t kIntegerMax = 20;
  static constexpr size_t kErrorCodeMax = 30;  // Redis looks for its end in 32 bytes with the '-'
  static constexpr size_t kOverflowed = 0;     // nothing fits any more

  // Room for a value that takes at least `least` and at most `most` bytes; null when the reply is
  // or would be over its limit. A value may then end a few bytes beyond the limit: overflowed()
  // sees it, and nothing more is written.
  char* Room(size_t least, size_t most) {
    if (out_->size() + least > limit_end_) [[unlikely]]
      return Overflow();
    return out_->Ensure(most);
  }
  char* Overflow();

  static char* PutCrLf(char* p) {
    std::memcpy(p, "\r\n", 2);
    return p + 2;
  }
  static char* PutInteger(char* p, int64_t value) {
    if (value >= 0 && value < 10) {
      *p = static_cast<char>('0' + value);
      return p + 1;
    }
    return std::to_chars(p, p + kIntegerMax, value).ptr;
  }
  static char* PutHeader(char* p, char kind, size_t number) {
    *p++ = kind;
    return PutCrLf(PutInteger(p, static_cast<int64_t>(number)));
  }
  void Header(char kind, size_t number) {
    char* p = Room(4, 3 + kIntegerMax);
    if (p == nullptr) [[unlikely]]
      return;
    out_->CommitTo(PutHeader(p, kind, number));
  }
  Deferred Defer(char kind, bool doubled, size_t expected);
  void Line(char kind, std::string_view text);

  ByteBuffer* out_;
  size_t start_ = 0;
  size_t limit_end_ = 0;  // the size of *out_ that this reply may reach, or kOverflowed
  size_t bytes_max_ = kUnlimited;
  size_t output_end_ = kUnlimited;  // the size that *out_ may reach
  uint32_t errors_ = 0;
  RespVersion version_ = RespVersion::k2;
  uint8_t error_code_size_ = 0;
  char error_code_[kErrorCodeMax] = {};
};

}  // namespace tideway::resp
