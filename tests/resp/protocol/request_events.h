// Feeds a byte stream to a RequestParser in pieces and tells what came out, for tests and fuzzing.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resp/protocol/request_parser.h"

namespace tideway::resp {

/// What a stream amounts to, in a form that can be compared and printed: one string a request with
/// its arguments in angle brackets, "empty", "error: …"; last, unless there was an error, how many
/// bytes were left waiting.
using RequestEvents = std::vector<std::string>;

/// Stops the program when a promise of the parser is broken; works in every kind of build.
inline void Promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken promise of RequestParser: %s\n", what);
  std::abort();
}

/// Parses `stream`, which arrives in pieces that end at the ascending offsets `cuts` and at its
/// end. Each call of Parse() gets a fresh buffer of exactly the right size, so that a sanitizer
/// sees every read beyond it and every view into an old one.
inline RequestEvents Feed(std::string_view stream, const std::vector<size_t>& cuts,
                          const RequestLimits& bounds) {
  RequestEvents events;
  RequestParser parser;
  RequestArena arena;
  size_t begin = 0;    // of the current request
  size_t decided = 0;  // before this offset nothing new can be told: bytes_missing()
  for (size_t piece = 0; piece <= cuts.size(); ++piece) {
    const size_t end = piece < cuts.size() ? cuts[piece] : stream.size();
    while (begin < end) {
      const size_t size = end - begin;
      const auto buffer = std::make_unique<char[]>(size);
      std::memcpy(buffer.get(), stream.data() + begin, size);
      const ParseStatus status = parser.Parse({buffer.get(), size}, bounds, &arena);
      Promise(status == ParseStatus::kNeedMore || end >= decided, "bytes_missing() were missing");
      if (status == ParseStatus::kNeedMore) {
        Promise(parser.bytes_missing() > 0, "kNeedMore misses something");
        Promise(parser.in_request(), "kNeedMore is inside a request");
        decided = end + parser.bytes_missing();
        break;
      }
      if (status == ParseStatus::kError) {
        events.push_back("error: " + parser.error_text());
        return events;
      }
      Promise(parser.consumed() > 0 && parser.consumed() <= size, "consumed() within the input");
      Promise(!parser.in_request(), "between requests");
      begin += parser.consumed();
      decided = begin;
      if (status == ParseStatus::kEmpty) {
        events.emplace_back("empty");
        continue;
      }
      Promise(!parser.args().empty(), "a request has a name");
      std::string request;
      for (const std::string_view arg : parser.args()) {
        request.append("<").append(arg).append(">");
      }
      events.push_back(request);
      arena.Clear();
    }
  }
  events.push_back("waiting: " + std::to_string(stream.size() - begin));
  return events;
}

inline RequestEvents Feed(std::string_view stream) { return Feed(stream, {}, RequestLimits()); }

}  // namespace tideway::resp
