// Checks replies while they arrive.
#pragma once

#include <cstddef>
#include <string_view>

#include "bench/load/workload.h"

namespace tideway::bench {

/// Follows the replies to one batch, in whatever pieces they arrive.
class ReplyCheck {
 public:
  explicit ReplyCheck(Match match) : match_(match) {}

  /// The next pieces answer `batch`, which must stay alive until Feed returns true.
  void Expect(const Batch& batch) {
    batch_ = &batch;
    seen_ = 0;
  }

  /// Takes the next bytes of the connection; true when the batch is answered completely. Throws
  /// BenchError on an error reply, on bytes that are not the expected ones, and on bytes too many.
  bool Feed(std::string_view bytes);

 private:
  Match match_;
  const Batch* batch_ = nullptr;
  std::size_t seen_ = 0;  ///< bytes (kExact, kLength) or lines (kLines)
};

}  // namespace tideway::bench
