// How long a deleted or expired key leaves a row behind.
#pragma once

#include <cstdint>

namespace tideway::backend {

/// WATCHes, readers of the change feed and late events are done with it by then. Column `expire_at`
/// of a tombstone says when that is.
inline constexpr int64_t kTombstoneMs = 10 * 60 * 1'000;

}  // namespace tideway::backend
