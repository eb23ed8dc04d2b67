// Tables of a large hash's fields and a large set's members: one block an item in a SegmentTable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "backend/data/key_hash.h"
#include "backend/data/memory.h"
#include "backend/data/segment_table.h"

namespace tideway::backend {

/// A field of a hash and its value. The bytes of both follow.
struct Field {
  uint32_t field_size;
  uint32_t value_size;

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view field() const { return {data(), field_size}; }
  std::string_view value() const { return {data() + field_size, value_size}; }
  size_t block_size() const { return sizeof(Field) + field_size + value_size; }

  static Field* New(std::string_view field, std::string_view value) {
    Field* const made =
        static_cast<Field*>(AllocateBlock(sizeof(Field) + field.size() + value.size()));
    made->field_size = static_cast<uint32_t>(field.size());
    made->value_size = static_cast<uint32_t>(value.size());
    CopyBytes(made->data(), field);
    CopyBytes(made->data() + field.size(), value);
    return made;
  }
};

/// A member of a set. The bytes follow.
struct Member {
  uint32_t size;

  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view view() const { return {data(), size}; }
  size_t block_size() const { return sizeof(Member) + size; }

  static Member* New(std::string_view member) {
    Member* const made = static_cast<Member*>(AllocateBlock(sizeof(Member) + member.size()));
    made->size = static_cast<uint32_t>(member.size());
    CopyBytes(made + 1, member);
    return made;
  }
};

struct FieldTraits {
  using Item = Field;
  static std::string_view KeyOf(const Field* item) { return item->field(); }
  static uint64_t PositionOf(const Field* item) { return KeyHash(item->field()); }
};

struct MemberTraits {
  using Item = Member;
  static std::string_view KeyOf(const Member* item) { return item->view(); }
  static uint64_t PositionOf(const Member* item) { return KeyHash(item->view()); }
};

/// A SegmentTable that owns its items and knows its size in bytes.
template <class Traits>
class OwningTable {
 public:
  using Item = typename Traits::Item;

  OwningTable() = default;
  OwningTable(const OwningTable&) = delete;
  OwningTable& operator=(const OwningTable&) = delete;
  ~OwningTable() {
    table_.ForEach([](Item* item) { FreeBlock(item, item->block_size()); });
  }

  size_t size() const { return table_.size(); }
  /// Members that belong to the value, too, but were not put here by the engine that loaded it.
  size_t hidden() const { return hidden_; }
  void set_hidden(size_t members) { hidden_ = members; }
  size_t bytes() const { return SizeClass(sizeof(*this)) + table_.bytes() + item_bytes_; }
  const SegmentTable<Traits>& table() const { return table_; }

  Item* Find(std::string_view key) const { return table_.Find(KeyHash(key), key); }
  /// Precondition: absent. Takes the item.
  void Insert(Item* item) {
    item_bytes_ += SizeClass(item->block_size());
    table_.Insert(Traits::PositionOf(item), item);
  }
  /// Puts `to` where `from` was and frees `from`.
  void Replace(Item* from, Item* to) {
    item_bytes_ += SizeClass(to->block_size()) - SizeClass(from->block_size());
    table_.Replace(Traits::PositionOf(to), from, to);
    FreeBlock(from, from->block_size());
  }
  void Erase(Item* item) {
    item_bytes_ -= SizeClass(item->block_size());
    table_.Erase(Traits::PositionOf(item), item);
    FreeBlock(item, item->block_size());
  }

 private:
  SegmentTable<Traits> table_;
  size_t item_bytes_ = 0;
  size_t hidden_ = 0;
};

using FieldTable = OwningTable<FieldTraits>;
using MemberTable = OwningTable<MemberTraits>;

}  // namespace tideway::backend
