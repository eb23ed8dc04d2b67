// When the journal's writer writes and when it syncs: a pure decision, taken anew at each wake-up.
//
// Under kEverySec and kNo the writer lets batches gather for a few milliseconds, so that it is not
// woken for each of them; under kAlways the fsync itself is what batches gather behind. With
// nothing pending and nothing to sync it sleeps until it is woken.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/journal.h"

namespace tideway::backend {

/// Longest time that a batch waits in memory for company, when it is not to be synced at once.
inline constexpr int64_t kGatherUs = 5'000;
/// Time between syncs under kEverySec. Half of what is promised, since a sync takes its time too.
inline constexpr int64_t kSyncIntervalUs = 500'000;

/// What the writer knows when it wakes up. Times are monotonic microseconds.
struct WriterView {
  int64_t now_us = 0;
  SyncPolicy policy = SyncPolicy::kEverySec;
  size_t pending_bytes = 0;
  int64_t pending_since_us = 0;  // valid when pending_bytes > 0
  size_t unsynced_bytes = 0;
  int64_t unsynced_since_us = 0;  // valid when unsynced_bytes > 0
  bool sync_requested = false;    // somebody waits: Flush, a checkpoint, the end
  size_t group_bytes = 0;         // worth writing at once
  size_t unsynced_bytes_max = 0;
};

struct WriterPlan {
  bool write = false;
  bool sync = false;      // after writing
  int64_t sleep_us = -1;  // when neither: how long, or -1 until woken
};

WriterPlan PlanWriter(const WriterView& view);

}  // namespace tideway::backend
