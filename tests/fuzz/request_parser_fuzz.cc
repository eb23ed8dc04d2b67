// Whatever the bytes and however they are split, the parser keeps its promises (Promise() in
// request_events.h) and the result is that of the unsplit stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

#include "tests/resp/protocol/request_events.h"

namespace {

using tideway::resp::Feed;
using tideway::resp::Promise;
using tideway::resp::RequestLimits;

// The first bytes choose the limits and where the rest is cut.
constexpr size_t kChoiceBytes = 8;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kChoiceBytes) return 0;
  const uint8_t* choice = data;
  const std::string_view stream(reinterpret_cast<const char*>(data) + kChoiceBytes,
                                size - kChoiceBytes);
  RequestLimits bounds;
  bounds.authenticated = (choice[0] & 1) == 0;
  if ((choice[0] & 2) != 0) bounds.bulk_bytes_max = 16;
  if ((choice[0] & 4) != 0) bounds.args_max = 4;

  std::vector<size_t> cuts;
  for (size_t i = 1; i < kChoiceBytes; ++i) cuts.push_back(choice[i] * (stream.size() + 1) / 256);
  std::sort(cuts.begin(), cuts.end());

  const auto whole = Feed(stream, {}, bounds);
  Promise(Feed(stream, cuts, bounds) == whole, "the same result for every split");
  // Byte by byte too, unless the input is long.
  if (stream.size() <= 256) {
    cuts.resize(stream.size());
    for (size_t i = 0; i < cuts.size(); ++i) cuts[i] = i;
    Promise(Feed(stream, cuts, bounds) == whole, "the same result byte by byte");
  }
  return 0;
}
