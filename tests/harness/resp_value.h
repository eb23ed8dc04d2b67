// RESP2 and RESP3 as a client reads them: where a frame ends, and a frame as a tree.
//
// Independent of resp/protocol/ on purpose: a mistake shared by the server and the tests that
// judge it would stay unseen. (hiredis 0.14 of Debian knows no RESP3.)
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tideway::tests {

// Length in bytes of the first whole frame of `bytes`; 0 if more bytes are needed; -1 if the
// bytes are no RESP.
std::ptrdiff_t FrameLength(std::string_view bytes);

// A parsed frame. `type` is the byte the frame began with. Aggregates (`*`, `~`, `>`, `%`) have
// `items`; a map's items are key, value, key, value… `null` is set for `_`, `$-1` and `*-1`.
struct Value {
  char type = '_';
  bool null = false;
  std::string text;
  std::vector<Value> items;

  bool is_error() const { return type == '-' || type == '!'; }
  bool is_aggregate() const {
    return !null && (type == '*' || type == '~' || type == '>' || type == '%');
  }
  // The number of a `:` frame, else nothing.
  std::optional<long long> integer() const;
  friend bool operator==(const Value&, const Value&) = default;
};

// `frame` must be one whole frame, as FrameLength() measures it.
Value ParseFrame(std::string_view frame);

// The frame that ParseFrame() would turn into `value`.
std::string FormatFrame(const Value& value);

// A request as an array of bulk strings.
void AppendRequest(std::string* out, const std::vector<std::string>& argv);

// Text for people: printable bytes as they are, others as \xNN, cut after `limit` bytes.
std::string Printable(std::string_view bytes, std::size_t limit = 400);

}  // namespace tideway::tests
