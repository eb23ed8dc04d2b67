#include "backend/rocksdb/writer_schedule.h"

#include <algorithm>

namespace tideway::backend {
namespace {

bool SyncIsDue(const WriterView& view) {
  if (view.unsynced_bytes == 0) return false;
  if (view.sync_requested || view.policy == SyncPolicy::kAlways) return true;
  if (view.unsynced_bytes >= view.unsynced_bytes_max) return true;
  return view.policy == SyncPolicy::kEverySec &&
         view.now_us >= view.unsynced_since_us + kSyncIntervalUs;
}

bool WriteIsDue(const WriterView& view) {
  if (view.pending_bytes == 0) return false;
  return view.sync_requested || view.policy == SyncPolicy::kAlways ||
         view.pending_bytes >= view.group_bytes || view.now_us >= view.pending_since_us + kGatherUs;
}

}  // namespace

WriterPlan PlanWriter(const WriterView& view) {
  WriterPlan plan;
  plan.write = WriteIsDue(view);
  plan.sync = SyncIsDue(view) ||
              (plan.write && (view.sync_requested || view.policy == SyncPolicy::kAlways));
  if (plan.write || plan.sync) return plan;

  int64_t until_us = -1;
  if (view.pending_bytes > 0) until_us = view.pending_since_us + kGatherUs;
  if (view.unsynced_bytes > 0 && view.policy == SyncPolicy::kEverySec) {
    const int64_t sync_us = view.unsynced_since_us + kSyncIntervalUs;
    until_us = until_us < 0 ? sync_us : std::min(until_us, sync_us);
  }
  if (until_us >= 0) plan.sleep_us = std::max<int64_t>(until_us - view.now_us, 1);
  return plan;
}

}  // namespace tideway::backend
