#include "backend/rocksdb/recovery_scan.h"

#include <fmt/core.h>

namespace tideway::backend {

RecoveryScan::Action RecoveryScan::Step(const StoredGroup& group) {
  if (group.end() <= begin_ && next_ == begin_ && !lost_tail_) return Action::kIgnore;
  if (group.first < next_ || group.durable >= group.first) {
    refusal_ = fmt::format("the journal record at ticket {} comes after ticket {} was read",
                           group.first, next_ - 1);
    return Action::kRefuse;
  }
  if (!lost_tail_ && group.first == next_) {
    next_ = group.end();
    return Action::kReplay;
  }
  lost_tail_ = true;
  if (group.durable >= next_) {
    refusal_ = fmt::format("batches {} to {} are missing or damaged, although they were on disk",
                           next_, group.durable);
    return Action::kRefuse;
  }
  return Action::kIgnore;
}

}  // namespace tideway::backend
