// Decides, record by record, what recovery does with the journal: no I/O, no state but tickets.
//
// Records come in order of generation and key. Those that the checkpoint covers are ignored: it may
// have begun in a generation that was in use already. As long as tickets are consecutive they are
// replayed. At the first hole the rest is either a tail that was never synced (a power loss wrote
// some of it and not all), which is ignored, or proof of damage: a later record that was written
// when the missing tickets were already on disk.
#pragma once

#include <cstdint>
#include <string>

#include "backend/rocksdb/group.h"

namespace tideway::backend {

class RecoveryScan {
 public:
  enum class Action : uint8_t { kReplay, kIgnore, kRefuse };

  /// `next` is the first ticket that the checkpoint does not hold.
  explicit RecoveryScan(Ticket next) : begin_(next), next_(next) {}

  Action Step(const StoredGroup& group);

  /// First ticket that was not replayed.
  Ticket next() const { return next_; }
  /// True when records were ignored: they must be erased before next() is given to a new batch.
  bool has_lost_tail() const { return lost_tail_; }
  /// After kRefuse: which tickets, for an operator.
  const std::string& refusal() const { return refusal_; }

 private:
  const Ticket begin_;
  Ticket next_;
  bool lost_tail_ = false;
  std::string refusal_;
};

}  // namespace tideway::backend
