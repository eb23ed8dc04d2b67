// What a command handler sees of the data: keys as they are now, mutators, and a place to note events.
//
// Handlers run on a View and nothing else, whatever engine lies below: the embedded engine lets the
// View work on its own keyspace while the stripes of the batch are held; other engines fill a small
// keyspace with what the batch declared it reads. Every mutator changes the keyspace *and* appends
// the change in journal form (backend/data/change.h) to the batch, so that commit knows what was
// done without asking the handler.
//
// Threads: a View is used by one thread at a time, which holds whatever the store's Load() took.
// Views handed out (string_view results) stay valid until the next mutation of that key or the end
// of the batch, whichever comes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/event.h"

namespace tideway::backend {

class Keyspace;
struct Entry;
class View;

enum class ValueType : uint8_t { kNone = 0, kString = 1, kHash = 2, kSet = 3 };

/// Redis's word for the type: "none", "string", "hash", "set".
std::string_view TypeName(ValueType type);

/// expire_at_ms() of a key without expiry.
inline constexpr int64_t kNoExpiry = -1;

/// What a write does to the expiry of the key it writes.
struct ExpiryChange {
  enum class Kind : uint8_t { kKeep, kClear, kAt };
  Kind kind = Kind::kKeep;
  int64_t at_ms = kNoExpiry;  // Unix time in ms, for kAt
  static ExpiryChange Keep() { return {}; }
  static ExpiryChange Clear() { return {Kind::kClear, kNoExpiry}; }
  static ExpiryChange At(int64_t ms) { return {Kind::kAt, ms}; }
};

/// An event that a handler noted, in order. `key` is owned: it outlives the stripes.
struct EventNote {
  Event event;
  uint32_t db;
  std::string key;
};

/// One key as the running command sees it. Cheap to copy; valid until the command ends. A copy does
/// not see that another Key object of the same name erased or created the key: open each name once,
/// or open again after such a change.
class Key {
 public:
  // --- state
  bool exists() const { return entry_ != nullptr; }
  ValueType type() const;
  uint32_t db() const { return db_; }
  std::string_view name() const { return name_; }
  /// Unix ms, or kNoExpiry.
  int64_t expire_at_ms() const;
  /// Redis's OBJECT ENCODING word for the value as it would be stored by Redis 7.0:
  /// int embstr raw listpack hashtable intset.
  std::string_view EncodingName() const;
  /// Bytes that this key, its value and its part of the index take.
  size_t MemoryUsage() const;
  /// Seconds since the key was last opened by a command that touches it.
  int64_t IdleSeconds() const;

  // --- any type. Mutators journal the change; they note no events (handlers do).
  /// Removes the key. Precondition: exists().
  void Erase();
  /// Removes the key when it is a hash or set without members; tells whether it did.
  bool EraseIfEmpty();
  /// Precondition: exists(). ms may be in the past: the caller decides what that means.
  void SetExpiry(int64_t at_ms);
  /// Removes the expiry; tells whether there was one.
  bool ClearExpiry();
  /// Makes `target` this key's value and expiry (replacing whatever it had) and this key absent.
  void MoveTo(Key& target);
  /// Makes `target` a copy of this key's value and expiry, replacing whatever it had.
  void CopyTo(Key& target) const;

  // --- strings. Precondition of reads: type() == kString.
  std::string_view String() const;
  /// Replaces a value of any type or creates the key. `value` must not point into this key's value.
  void SetString(std::string_view value, ExpiryChange expiry);
  /// Overwrites from `offset`, growing with zero bytes; creates the key when absent. Amortised
  /// growth: appending n times costs O(total). OBJECT ENCODING becomes raw, as in Redis.
  void SpliceString(size_t offset, std::string_view bytes);

  // --- hashes. Precondition: kHash, or absent for HashSet (creates it) and HashGet/Size (nothing).
  size_t HashSize() const;
  std::optional<std::string_view> HashGet(std::string_view field) const;
  /// True when the field is new. `value` must not point into this hash.
  bool HashSet(std::string_view field, std::string_view value);
  /// True when the field was there. Leaves an empty hash in place: call EraseIfEmpty() after.
  bool HashErase(std::string_view field);
  /// Calls fn(field, value) for each field; insertion order while listpack-encoded.
  template <class Fn>
  void HashForEach(Fn&& fn) const;
  /// One SCAN step: calls fn for about `count` fields from `cursor`; returns the next cursor, 0 = done.
  uint64_t HashScan(uint64_t cursor, size_t count,
                    const std::function<void(std::string_view, std::string_view)>& fn) const;
  /// A field and its value chosen by `random` (uniform over the fields). Precondition: HashSize() > 0.
  std::pair<std::string_view, std::string_view> HashRandom(uint64_t random) const;

  // --- sets. Preconditions as for hashes.
  size_t SetSize() const;
  bool SetContains(std::string_view member) const;
  /// True when the member is new. Creates the set when the key is absent.
  bool SetAdd(std::string_view member);
  /// True when the member was there. Leaves an empty set in place: call EraseIfEmpty() after.
  bool SetRemove(std::string_view member);
  template <class Fn>  // fn(member); ascending while intset-encoded
  void SetForEach(Fn&& fn) const;
  uint64_t SetScan(uint64_t cursor, size_t count,
                   const std::function<void(std::string_view)>& fn) const;
  /// A member chosen by `random`, owned because integer members have no bytes. Precondition: not empty.
  std::string SetRandom(uint64_t random) const;
};

/// The keyspace as the commands of one batch see it.
class View {
 public:
  // --- the running command's frame, set by the executor before each handler
  /// The selected database of the client.
  uint32_t db() const;
  /// Wall time of the command, Unix ms; fixed for the whole of an EXEC.
  int64_t now_ms() const;
  /// A uniform 64-bit number; seeded by the server, never by clients.
  uint64_t Random();

  // --- keys
  /// For commands that read: counts a hit or miss, notes `keymiss` (class m) on a miss, touches the
  /// access time. A due key is absent; it is erased and told as `expired` on the way.
  Key OpenRead(std::string_view key);
  /// For commands that write: as OpenRead without hit/miss counting and without `keymiss`.
  Key OpenWrite(std::string_view key);
  /// In another database (COPY, MOVE).
  Key OpenWriteIn(uint32_t db, std::string_view key);
  /// Without touching the access time or counting (OBJECT, DEBUG, TTL with NOTOUCH…).
  Key Peek(std::string_view key);

  /// Notes that Redis would fire `event` for the key; delivered after commit if the flags ask for it.
  void Note(Event event, const Key& key);
  void Note(Event event, uint32_t db, std::string_view key);

  /// Revision of a key for WATCH: changes whenever the key is written, expires or is flushed.
  uint64_t WatchRevision(uint32_t db, std::string_view key);

  // --- ranges. The command's row must say that it reads everything.
  size_t DbSize(uint32_t db) const;
  size_t ExpiringCount(uint32_t db) const;
  uint32_t database_count() const;
  /// One SCAN step over the current database; fn(key) for each live key, about `count` of them.
  /// Every key present during the whole iteration is told at least once. Returns the next cursor.
  uint64_t Scan(uint64_t cursor, size_t count, const std::function<void(const Key&)>& fn);
  /// Every live key of the current database.
  void ForEachKey(const std::function<void(const Key&)>& fn);
  /// A live key of the current database, or nullopt when there is none.
  std::optional<std::string> RandomKey();
  /// Empties a database; returns how many keys it had. Large ones are freed off the hot path.
  size_t Flush(uint32_t db);
  void Swap(uint32_t a, uint32_t b);
};

}  // namespace tideway::backend
