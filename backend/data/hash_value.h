// The hash held by an entry: a PackedList while small, a FieldTable from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "backend/data/encoding_limits.h"
#include "backend/data/entry.h"
#include "backend/data/function_ref.h"
#include "backend/data/member_table.h"
#include "backend/data/packed_list.h"

namespace tideway::backend {

/// A handle on an entry of type kHash; as cheap as a pointer. Views that it returns are valid until
/// the next change of this hash.
class HashValue {
 public:
  using FieldFn = FunctionRef<void(std::string_view field, std::string_view value)>;

  explicit HashValue(Entry* entry) : entry_(entry) {}

  /// Gives a new entry its empty hash.
  static void Init(Entry* entry);
  /// Gives `to` a copy of the hash of this one.
  void CopyTo(Entry* to) const;
  /// Frees the value.
  void Destroy();

  /// With the hidden fields.
  size_t size() const;
  /// Makes it a FieldTable of which so many fields are hidden: they are counted, and no more.
  void ShowPartly(size_t hidden);
  /// Bytes of the value, without the entry. Constant time.
  size_t bytes() const;

  std::optional<std::string_view> Get(std::string_view field) const;
  /// True when the field is new. Neither view may point into this hash.
  bool Set(std::string_view field, std::string_view value, const EncodingLimits& limits);
  /// True when the field was there.
  bool Erase(std::string_view field);

  void ForEach(FieldFn fn) const;
  /// Tells about `count` fields from `cursor` on, all of them while packed; 0 at the end.
  uint64_t Scan(uint64_t cursor, size_t count, FieldFn fn) const;
  /// Precondition: size() > 0.
  std::pair<std::string_view, std::string_view> Random(uint64_t random) const;

 private:
  bool packed() const { return entry_->encoding() == Encoding::kPacked; }
  PackedList* list() const { return static_cast<PackedList*>(entry_->value()); }
  FieldTable* table() const { return static_cast<FieldTable*>(entry_->value()); }
  void ConvertToTable();

  Entry* entry_;
};

}  // namespace tideway::backend
