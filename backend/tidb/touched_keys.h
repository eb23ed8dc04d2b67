// Which keys a transaction has to write, and which events their rows have to name.
//
// Read from the change records of the batches that go into the transaction (View::changes()), in
// their order. What a key's row holds is not here: it is in the keyspace by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/event.h"
#include "backend/result.h"

namespace tideway::backend {

/// A key that some record is about. The views are valid until the next Clear() or Add(); `key`
/// points into the records.
struct TouchedKey {
  uint64_t hash;  // KeyHash(key)
  uint32_t db;
  /// The database was emptied after the last record about this key: its row goes with the others.
  bool flushed;
  /// Its whole value was made anew, or erased.
  bool replaced;
  std::string_view key;
  /// Names of its events in order, separated by commas ("hset,expire"); empty when none was noted.
  std::string_view events;
};

/// Meant to be kept and used for transaction after transaction: it allocates only to grow beyond
/// what any before needed. Not thread-safe.
class TouchedKeys {
 public:
  /// Forgets the transaction. Keeps the memory, unless the transaction was a very large one.
  void Clear();
  /// Takes the records of the next batch, which must stay as they are until Clear(). A key is
  /// touched by any record that names it, also one that only tells an event: a row can only tell
  /// events by being written. kCorrupt for records that no View made; then Clear().
  Status Add(std::string_view records);
  /// The distinct keys in the order of first touch, with the events of all batches so far.
  std::span<const TouchedKey> Keys();

  bool empty() const { return keys_.empty() && flushed_.empty() && !swapped_; }
  size_t size() const { return keys_.size(); }
  /// Databases that were emptied, each once, in order.
  std::span<const uint32_t> flushed() const { return flushed_; }
  /// Two databases changed places. Keys are named as the databases were called at their touch.
  bool swapped() const { return swapped_; }
  /// Bytes of all keys' `events`, and of the longest one.
  size_t events_bytes() const { return events_bytes_; }
  size_t longest_events_bytes() const { return longest_events_bytes_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  /// Up to so many keys are compared one by one; more get an index.
  static constexpr size_t kScanMax = 8;
  static constexpr size_t kKeepKeys = size_t{1} << 14;

  /// The events of a key are a list in notes_, in order.
  struct Notes {
    uint32_t first = kNone;
    uint32_t last = kNone;
    size_t bytes = 0;  // of the text
  };
  struct Note {
    Event event;
    uint32_t next;
  };

  uint32_t Touch(uint32_t db, std::string_view key);
  uint32_t Find(uint64_t hash, uint32_t db, std::string_view key) const;
  bool Is(uint32_t number, uint64_t hash, uint32_t db, std::string_view key) const;
  size_t SlotOf(uint64_t hash, uint32_t db) const;
  void PutInIndex(uint32_t number);
  void FillIndex();
  void Flush(uint32_t db);
  void Append(uint32_t number, Event event);

  std::vector<TouchedKey> keys_;
  std::vector<Notes> notes_of_;  // of keys_, by number
  std::vector<Note> notes_;
  std::vector<uint32_t> index_;  // open addressing, a power of two of slots; in use beyond kScanMax
  std::vector<uint32_t> flushed_;
  std::string text_;
  size_t events_bytes_ = 0;
  size_t longest_events_bytes_ = 0;
  uint32_t last_ = kNone;  // the key of the record before
  bool swapped_ = false;
};

}  // namespace tideway::backend
