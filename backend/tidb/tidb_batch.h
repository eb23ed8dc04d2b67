// A batch of the TiDB engine: the executor's side of it, and where it stands on its way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "backend/data/keyspace.h"
#include "backend/store.h"
#include "backend/tidb/blind_write.h"

namespace tideway::backend {

/// Confined to its I/O thread. Between Load and OnCommitted it belongs to the thread's engine.
class TidbBatch final : public Batch {
 public:
  TidbBatch(BatchOwner& owner, size_t thread) : Batch(owner, thread), view_(Nothing()) {}
  View& view() override { return view_; }

  /// Copies what the executor's reads point to: the input is gone when the answer comes.
  void Pin() {
    words_.clear();
    for (Read& read : reads) read.key = words_.emplace_back(read.key);
    for (RangeRead& range : ranges) range.prefix = words_.emplace_back(range.prefix);
    for (MemberRead& read : members) read.member = words_.emplace_back(read.member);
    for (BlindWrite& write : blind) {
      write.key = words_.emplace_back(write.key);
      write.value = words_.emplace_back(write.value);
    }
    blind_fits_ = !blind.empty() && std::all_of(blind.begin(), blind.end(), FitsBlind);
  }
  /// It has ended: the copies are not needed any more, nor what it was shown.
  void Unpin() {
    words_.clear();
    Detach();
  }
  /// A view of nothing: for batches that read nothing.
  void Detach() {
    view_.set_keyspace(Nothing());
    view_.set_range_answers(nullptr);
  }

  /// Bytes of keys and values that it is known to write.
  size_t bytes() const {
    size_t bytes = 0;
    for (const BlindWrite& write : blind) bytes += write.key.size() + write.value.size();
    return bytes;
  }
  /// It is written before its handlers run. After conflicts it goes the slower way, which gets
  /// through.
  bool goes_blind() const { return blind_fits_ && conflicts < kBlindConflictsMax; }
  /// Not blind any more: others wait for the same keys, and together with them, in one transaction,
  /// is faster; or the node knows too little of the database.
  void LoadFirst() { blind_fits_ = false; }

  int64_t deadline_ms = 0;       // monotonic
  int conflicts = 0;             // how often it had to run again
  bool committed = false;        // its owner has called Commit in this attempt
  bool alone = false;            // refused together with others: it travels by itself
  uint64_t flush_announced = 0;  // start_ts of the transaction that said its FLUSHDB comes
  int troubles = 0;              // how often the database could not serve it
  int64_t not_before_ms = 0;     // it waits so long before it goes again; monotonic
  bool in_trip = false;          // it is part of a transaction: Commit waits for the others

 private:
  static constexpr int kBlindConflictsMax = 2;

  // Nobody puts anything there: one for all batches of a thread.
  static Keyspace& Nothing() {
    thread_local Keyspace nothing;
    return nothing;
  }

  View view_;
  std::deque<std::string> words_;
  bool blind_fits_ = false;
};

}  // namespace tideway::backend
