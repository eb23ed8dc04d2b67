// The set held by an entry: an IntSet while all members are integers and few, a PackedList while
// there are very few, a MemberTable from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "backend/data/encoding_limits.h"
#include "backend/data/entry.h"
#include "backend/data/function_ref.h"
#include "backend/data/int_set.h"
#include "backend/data/member_table.h"
#include "backend/data/packed_list.h"

namespace tideway::backend {

/// A handle on an entry of type kSet; as cheap as a pointer.
class SetValue {
 public:
  /// The view is valid during the call only: integers have no stored bytes.
  using MemberFn = FunctionRef<void(std::string_view member)>;
  /// Sets of strings up to this are packed. Redis 7.0 calls them "hashtable" all the same.
  static constexpr size_t kPackedMembersMax = 24;
  static constexpr size_t kPackedMemberBytesMax = 64;

  explicit SetValue(Entry* entry) : entry_(entry) {}

  /// Gives a new entry its empty set.
  static void Init(Entry* entry);
  /// Gives `to` a copy of the set of this one.
  void CopyTo(Entry* to) const;
  /// Frees the value.
  void Destroy();

  /// With the hidden members.
  size_t size() const;
  /// Makes it a MemberTable of which so many members are hidden: they are counted, and no more.
  void ShowPartly(size_t hidden);
  /// Bytes of the value, without the entry. Constant time.
  size_t bytes() const;

  bool Contains(std::string_view member) const;
  /// True when the member is new. The view may not point into this set.
  bool Add(std::string_view member, const EncodingLimits& limits);
  /// True when the member was there.
  bool Remove(std::string_view member);

  void ForEach(MemberFn fn) const;
  /// Tells about `count` members from `cursor` on, all of them while no table; 0 at the end.
  uint64_t Scan(uint64_t cursor, size_t count, MemberFn fn) const;
  /// Precondition: size() > 0.
  std::string Random(uint64_t random) const;

 private:
  IntSet* integers() const { return static_cast<IntSet*>(entry_->value()); }
  PackedList* list() const { return static_cast<PackedList*>(entry_->value()); }
  MemberTable* table() const { return static_cast<MemberTable*>(entry_->value()); }
  bool AddInteger(std::string_view member, const EncodingLimits& limits, bool& added);
  void ConvertFromIntegers(std::string_view next_member);
  void ConvertToTable();

  Entry* entry_;
};

}  // namespace tideway::backend
