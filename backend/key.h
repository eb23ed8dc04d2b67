// One key as a command handler sees it. Part of the contract in backend/view.h; read that first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "backend/data/function_ref.h"

namespace tideway::backend {

struct Entry;
class KeyTable;
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

  // --- any type. Mutators journal the change; they note no events (handlers do), but for `new`
  // (class n) when they create the key.
  /// Removes the key. Precondition: exists().
  void Erase();
  /// Removes the key when it is a hash or set without members; tells whether it did.
  bool EraseIfEmpty();
  /// Precondition: exists(). ms may be in the past: the caller decides what that means. Negative
  /// times count as 0.
  void SetExpiry(int64_t at_ms);
  /// Removes the expiry; tells whether there was one.
  bool ClearExpiry();
  /// Makes `target` this key's value and expiry (replacing whatever it had) and this key absent.
  /// Nothing happens when both are the same key. Precondition: exists().
  void MoveTo(Key& target);
  /// Makes `target` a copy of this key's value and expiry, replacing whatever it had. Nothing
  /// happens when both are the same key. Precondition: exists().
  void CopyTo(Key& target) const;

  // --- strings. Precondition of reads: type() == kString.
  std::string_view String() const;
  /// Replaces a value of any type or creates the key. `value` must not point into this key's value.
  void SetString(std::string_view value, ExpiryChange expiry);
  /// OBJECT ENCODING will not say "int" until the string is replaced: Redis stores the result of
  /// INCRBYFLOAT so. Not journalled. Precondition: type() == kString.
  void MarkAsText();
  /// Overwrites from `offset`, growing with zero bytes; creates the key when absent. Amortised
  /// growth: appending n times costs O(total). OBJECT ENCODING becomes raw, as in Redis. `bytes`
  /// must not point into this key's value.
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
  void HashForEach(Fn&& fn) const {
    VisitHash(fn);
  }
  /// One SCAN step: calls fn for about `count` fields from `cursor`; returns the next cursor, 0 =
  /// done. All at once while listpack-encoded.
  uint64_t HashScan(uint64_t cursor, size_t count,
                    const std::function<void(std::string_view, std::string_view)>& fn) const;
  /// A field and its value chosen by `random` (uniform over the fields). Precondition: HashSize() >
  /// 0.
  std::pair<std::string_view, std::string_view> HashRandom(uint64_t random) const;
  /// Replaces whatever the key holds (value and expiry) by an empty hash, or creates it: to be
  /// filled by HashSet.
  void ResetToHash();

  // --- sets. Preconditions as for hashes.
  size_t SetSize() const;
  bool SetContains(std::string_view member) const;
  /// True when the member is new. Creates the set when the key is absent.
  bool SetAdd(std::string_view member);
  /// True when the member was there. Leaves an empty set in place: call EraseIfEmpty() after.
  bool SetRemove(std::string_view member);
  template <class Fn>  // fn(member); ascending while intset-encoded. The view dies with the call.
  void SetForEach(Fn&& fn) const {
    VisitSet(fn);
  }
  uint64_t SetScan(uint64_t cursor, size_t count,
                   const std::function<void(std::string_view)>& fn) const;
  /// A member chosen by `random`, owned because integer members have no bytes. Precondition: not
  /// empty.
  std::string SetRandom(uint64_t random) const;
  /// Replaces whatever the key holds (value and expiry) by an empty set, or creates it: to be
  /// filled by SetAdd. What the STORE commands use: Redis overwrites their target, so `new` is only
  /// fired when the key was absent.
  void ResetToSet();

 private:
  friend class View;
  Key(View* view, KeyTable* table, Entry* entry, uint64_t hash, uint32_t db, std::string_view name)
      : view_(view), table_(table), entry_(entry), hash_(hash), name_(name), db_(db) {}

  void VisitHash(FunctionRef<void(std::string_view, std::string_view)> fn) const;
  void VisitSet(FunctionRef<void(std::string_view)> fn) const;
  KeyTable& MutableTable();
  /// After a mutation: remembers the entry, tells watchers, `created` notes `new`.
  void Changed(Entry* entry, bool created);
  /// After a whole value came here, with its expiry.
  void Arrived(Entry* entry);

  View* view_;
  KeyTable* table_;  // null while the database has no key in this stripe
  Entry* entry_;     // null when absent
  uint64_t hash_;
  std::string_view name_;
  uint32_t db_;
};

}  // namespace tideway::backend
