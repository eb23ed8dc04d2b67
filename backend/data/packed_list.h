// A list of short strings in one block: the small form of hashes and sets.
//
// Each element is a varint length and its bytes, in insertion order. A hash is field, value, field,
// value … Look-ups walk the bytes, which beats a table while there are few of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "backend/data/memory.h"
#include "backend/data/varint.h"

namespace tideway::backend {

class PackedList {
 public:
  /// Larger lists become tables, whatever the settings say (as in Redis).
  static constexpr size_t kMaxBytes = size_t{1} << 30;

  static PackedList* New();
  static void Free(PackedList* list) { FreeBlock(list, sizeof(PackedList) + list->used_); }
  static PackedList* Copy(const PackedList& list);

  /// Elements, of which a hash has two a field.
  size_t count() const { return count_; }
  size_t used() const { return used_; }
  size_t bytes() const { return SizeClass(sizeof(PackedList) + used_); }

  const char* begin() const { return reinterpret_cast<const char*>(this + 1); }
  const char* end() const { return begin() + used_; }
  /// The element at `at`, which moves to the next.
  static std::string_view Take(const char*& at) {
    const size_t size = static_cast<size_t>(TakeVarint(at));
    const std::string_view element(at, size);
    at += size;
    return element;
  }

  /// Where an element equal to `wanted` starts among every `stride`-th element; end() when none.
  const char* Find(std::string_view wanted, size_t stride) const;
  /// Where element number `index` starts.
  const char* At(size_t index) const;

  // Each returns the list to use from now on; it may have moved.
  static PackedList* Append(PackedList* list, std::string_view element);
  /// Replaces the element that starts at `at` (in the list) by `element`.
  static PackedList* Replace(PackedList* list, const char* at, std::string_view element);
  /// Removes `elements` elements from the one that starts at `at`.
  static PackedList* Remove(PackedList* list, const char* at, size_t elements);

 private:
  /// Makes `new_size` bytes of room where `old_size` bytes were at `offset`.
  static PackedList* Splice(PackedList* list, size_t offset, size_t old_size, size_t new_size);
  char* data() { return reinterpret_cast<char*>(this + 1); }

  uint32_t used_;
  uint32_t count_;
};

}  // namespace tideway::backend
