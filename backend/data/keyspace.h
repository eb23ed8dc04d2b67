// All keys of all databases, in stripes that are locked one by one.
//
// A key's hash chooses its stripe, the same one in every database, so MOVE, COPY and SWAPDB need no
// other locks than those of their keys. Whoever touches a stripe holds its mutex; several are taken
// in ascending order. The keyspace itself never locks: the store's batches do, and a keyspace that
// a batch owns alone needs no locks at all.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/data/change.h"
#include "backend/data/encoding_limits.h"
#include "backend/data/key_table.h"
#include "backend/data/reclaimer.h"
#include "backend/data/stripe_mutex.h"
#include "backend/data/watch_registry.h"
#include "backend/limits.h"
#include "backend/result.h"

namespace tideway::backend {

class View;

/// NextDueMs() of a stripe without expiring keys.
inline constexpr int64_t kNothingDue = INT64_MAX;

/// One stripe. Everything in it but the atomics is guarded by `mutex`.
struct alignas(64) Stripe {
  StripeMutex mutex;
  /// By table number (see Keyspace::table_of); null until the first key.
  std::vector<std::unique_ptr<KeyTable>> tables;
  /// The numbers of those that are not null, in no order: databases may be many.
  std::vector<uint32_t> made;
  WatchRegistry watches;
  std::atomic<size_t> bytes{0};
  /// Not later than the first expiry of the stripe; exact after Keyspace::NextDueMs().
  std::atomic<int64_t> due_hint_ms{kNothingDue};
};

/// Where EncodeSlice goes on. Default: at the start of a stripe of a database.
struct SliceCursor {
  struct CutValue {
    std::string key;
    uint64_t at;  // byte of a string, scan cursor of a hash or set
  };
  uint64_t position = 0;             // in the table
  bool scanned = false;              // no keys are left but the cut ones
  std::vector<CutValue> cut_values;  // begun, not finished
};

class Keyspace {
 public:
  struct Options {
    uint32_t databases = 16;  // 1 … 65536
    /// Longest string that ApplyChanges accepts, in bytes. No setting: a directory must stay
    /// readable whatever the settings were when it was written. Tests make it small.
    size_t string_bytes_max = limits::kValueBytesMax;
  };

  explicit Keyspace(Options options);
  Keyspace() : Keyspace(Options{}) {}
  ~Keyspace();
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  uint32_t database_count() const { return options_.databases; }
  size_t string_bytes_max() const { return options_.string_bytes_max; }
  EncodingLimits& limits() { return limits_; }
  static constexpr uint32_t stripe_count() { return kStripes; }
  static constexpr uint32_t StripeOf(uint64_t hash) { return backend::StripeOf(hash); }
  Stripe& stripe(uint32_t index) { return stripes_[index]; }
  const Stripe& stripe(uint32_t index) const { return stripes_[index]; }

  /// Bytes of all keys, values and indexes. Any thread, no lock.
  size_t UsedBytes() const;
  /// Keys of a database, and how many of them expire. All stripes are held, or nobody writes.
  size_t KeyCount(uint32_t db) const;
  size_t ExpiringCount(uint32_t db) const;
  /// When the expiring keys of a database expire on average (Unix ms), from a sample of them; 0
  /// without any. All stripes are held.
  int64_t MeanExpiryMs(uint32_t db) const;
  /// Changes with every SWAPDB. Any thread.
  uint64_t swap_epoch() const { return swap_epoch_.load(std::memory_order_acquire); }

  /// Starts to bring the keys of a batch into the processor's caches, all of them at once instead
  /// of one by one as they are opened. `reads` is a range of things with `hash` and `db`; their
  /// stripes are held. Worth it from about 50,000 keys on; does little when there are fewer.
  template <class Reads>
  void Prefetch(const Reads& reads) const;

  /// When the stripe's next key expires (Unix ms), or kNothingDue. The stripe is held.
  int64_t NextDueMs(uint32_t stripe);
  /// The same without the stripe: not later than the truth, and put right by NextDueMs().
  int64_t DueHintMs(uint32_t stripe) const {
    return stripes_[stripe].due_hint_ms.load(std::memory_order_relaxed);
  }

  /// Appends records that rebuild the keys of one stripe of one database from `cursor` on: about
  /// `budget_bytes` of them, cutting large values. False when nothing is left. The stripe is held;
  /// between calls it need not be: what changes meanwhile stands in the journal.
  bool EncodeSlice(uint32_t stripe, uint32_t db, SliceCursor& cursor, size_t budget_bytes,
                   ChangeBuffer& out) const;

  /// The same for the tables of one number, as keys of database `as_db`. SWAPDB gives tables to
  /// another database, but a checkpoint has to name all of them as when it began: the swap stands
  /// in the journal behind it.
  bool EncodeTable(uint32_t stripe, uint32_t table, uint32_t as_db, SliceCursor& cursor,
                   size_t budget_bytes, ChangeBuffer& out) const;

  /// Waits until memory of flushed databases and large values is given back.
  void DrainReclaimer() { reclaimer_.Drain(); }
  /// Of the memory that is given back apart: keys and large values. Any thread.
  const Reclaimer& reclaimer() const { return reclaimer_; }
  void ResetReclaimed() { reclaimer_.ResetFreed(); }

  // --- for View, ApplyChanges and tests. The stripe of the key is held.
  /// Number of the tables that hold a database now. SWAPDB exchanges the numbers of two databases;
  /// it holds all stripes, so that one held stripe is enough to read this.
  uint32_t table_of(uint32_t db) const { return table_of_[db]; }
  uint32_t db_of_table(uint32_t table) const { return db_of_[table]; }
  KeyTable* FindTable(uint32_t stripe, uint32_t db) const {
    return stripes_[stripe].tables[table_of_[db]].get();
  }
  KeyTable& MakeTable(uint32_t stripe, uint32_t db);
  /// A key of the stripe expires at `at_ms`: keeps the hint from being late.
  void NoteDue(uint32_t stripe, int64_t at_ms) {
    std::atomic<int64_t>& hint = stripes_[stripe].due_hint_ms;
    if (at_ms < hint.load(std::memory_order_relaxed)) hint.store(at_ms, std::memory_order_relaxed);
  }
  /// Empties a database. All stripes are held (or the keyspace is owned). Returns its keys.
  size_t Flush(uint32_t db);
  /// All stripes are held.
  void Swap(uint32_t a, uint32_t b);

 private:
  Options options_;
  EncodingLimits limits_;
  std::atomic<uint64_t> swap_epoch_{0};
  std::vector<uint32_t> table_of_;  // by database
  std::vector<uint32_t> db_of_;     // by table number
  Reclaimer reclaimer_;             // outlives the tables of the stripes
  std::array<Stripe, kStripes> stripes_;
};

template <class Reads>
void Keyspace::Prefetch(const Reads& reads) const {
  constexpr size_t kWorthIt = 1024;  // keys a table; fewer lie in the caches anyway
  const auto table_of = [this](const auto& read) {
    const KeyTable* const table = FindTable(StripeOf(read.hash), read.db);
    return table != nullptr && table->size() >= kWorthIt ? table : nullptr;
  };
  if (std::size(reads) < 2) return;
  for (const auto& read : reads)
    if (const KeyTable* const table = table_of(read))
      table->keys().PrefetchSlot(PositionOf(read.hash));
  for (const auto& read : reads)
    if (const KeyTable* const table = table_of(read))
      table->keys().PrefetchItem(PositionOf(read.hash));
}

/// Applies a sequence of change records, as recovery does: whatever a record finds in place (a
/// fuzzy checkpoint may be ahead of it) gives way. Records after the first broken one are not
/// applied. Nobody else uses the keyspace meanwhile.
Status ApplyChanges(Keyspace& keyspace, std::string_view records);

/// Appends records that make `key` of `db` what `entry` is.
void EncodeValue(uint32_t db, std::string_view key, const Entry& entry, ChangeBuffer& out);

}  // namespace tideway::backend
