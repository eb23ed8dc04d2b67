// One stripe's keys of one database: index, expiry order, values and their bytes.
//
// These are the plain operations on entries, without journal, events or watchers; backend/key.h
// adds those, and replaying the journal does without. An operation that returns an Entry* may have
// moved the entry: the old pointer is dead. `hash` is always KeyHash(key). Not thread-safe: the
// stripe is held.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "backend/data/encoding_limits.h"
#include "backend/data/entry.h"
#include "backend/data/expiry_heap.h"
#include "backend/data/key_hash.h"
#include "backend/data/reclaimer.h"
#include "backend/data/segment_table.h"

namespace tideway::backend {

/// The leading bits of a hash choose the stripe, the next ones the place in its tables.
inline constexpr int kStripeBits = 6;
inline constexpr uint32_t kStripes = 1u << kStripeBits;
constexpr uint32_t StripeOf(uint64_t hash) {
  return static_cast<uint32_t>(hash >> (64 - kStripeBits));
}
constexpr uint64_t PositionOf(uint64_t hash) { return hash << kStripeBits; }

struct EntryTraits {
  using Item = Entry;
  static std::string_view KeyOf(const Entry* entry) { return entry->key(); }
  static uint64_t PositionOf(const Entry* entry) {
    return backend::PositionOf(KeyHash(entry->key()));
  }
};

class alignas(64) KeyTable {
 public:
  /// `meter` receives every change of bytes(); it and the others outlive the table.
  KeyTable(const EncodingLimits& limits, Reclaimer& reclaimer, std::atomic<size_t>& meter)
      : limits_(limits), reclaimer_(reclaimer), meter_(meter) {}
  ~KeyTable();
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  size_t size() const { return keys_.size(); }
  size_t expiring() const { return heap_.size(); }
  /// Bytes of everything in it.
  size_t bytes() const { return keys_.bytes() + heap_.bytes() + entry_bytes_; }
  const SegmentTable<EntryTraits>& keys() const { return keys_; }
  const ExpiryHeap& heap() const { return heap_; }

  Entry* Find(uint64_t hash, std::string_view key) const {
    return keys_.Find(PositionOf(hash), key);
  }

  /// Replaces `old` (any type; null when the key is absent) by a string.
  Entry* SetString(uint64_t hash, std::string_view key, Entry* old, std::string_view value,
                   ExpiryChange expiry);
  /// `old` is a string or null.
  Entry* Splice(uint64_t hash, std::string_view key, Entry* old, size_t offset,
                std::string_view bytes);
  /// Replaces `old` (any type, or null) by an empty hash or set without expiry.
  Entry* ResetTo(ValueType type, uint64_t hash, std::string_view key, Entry* old);
  /// Puts a copy of a value (of any table) and its expiry in place of `old` (or null).
  Entry* PutCopy(uint64_t hash, std::string_view key, Entry* old, const Entry& source);

  // Preconditions: the entry is in this table and of the type.
  bool HashSet(Entry* entry, std::string_view field, std::string_view value);
  bool HashErase(Entry* entry, std::string_view field);
  bool SetAdd(Entry* entry, std::string_view member);
  bool SetRemove(Entry* entry, std::string_view member);
  /// The entry is a hash or set: makes it a table with so many hidden members (member_table.h).
  void ShowPartly(Entry* entry, size_t hidden);
  Entry* SetExpiry(uint64_t hash, Entry* entry, int64_t at_ms);
  /// Precondition: entry->has_expiry().
  Entry* ClearExpiry(uint64_t hash, Entry* entry);
  void Erase(uint64_t hash, Entry* entry);

  /// Takes an entry out, with its value and expiry, for PutTaken() of any table.
  Entry* Take(uint64_t hash, Entry* entry);
  /// Puts a taken entry under another name in place of `old` (or null).
  Entry* PutTaken(uint64_t hash, std::string_view key, Entry* old, Entry* taken);

  /// Stops reporting to the meter: the table was emptied as a whole and waits to be freed.
  void Detach();

  /// Bytes of an entry and of what it owns.
  static size_t EntryBytes(const Entry& entry);

 private:
  static constexpr size_t kFreeApartMembers = 4096;  // larger tables are freed by the reclaimer

  Entry* NewString(std::string_view key, std::string_view value, bool with_expiry);
  bool SetInPlace(Entry* old, std::string_view value, bool with_expiry);
  /// Puts `fresh` where `old` was (or inserts it), takes over or settles the expiry and frees
  /// `old`.
  Entry* Put(uint64_t hash, Entry* old, Entry* fresh);
  Entry* Reshaped(uint64_t hash, Entry* entry, bool with_expiry, size_t inline_size);
  Entry* MoveToBuffer(uint64_t hash, Entry* entry, size_t capacity);
  void FreeEntry(Entry* entry);
  void FreeValue(Entry* entry);
  /// Publishes the change of bytes() since the last call.
  void Account();

  SegmentTable<EntryTraits> keys_;  // first: what a look-up reads is one cache line
  const EncodingLimits& limits_;
  Reclaimer& reclaimer_;
  std::atomic<size_t>& meter_;
  ExpiryHeap heap_;
  size_t entry_bytes_ = 0;
  size_t accounted_ = 0;
};

}  // namespace tideway::backend
