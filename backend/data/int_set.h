// A sorted array of integers in one block, as narrow as the widest member: the form of sets whose
// members are all integers. OBJECT ENCODING calls it intset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backend/data/memory.h"

namespace tideway::backend {

class IntSet {
 public:
  static IntSet* New();
  static void Free(IntSet* set) { FreeBlock(set, set->block_size()); }
  static IntSet* Copy(const IntSet& set);

  size_t count() const { return count_; }
  size_t bytes() const { return SizeClass(block_size()); }
  /// Ascending. Precondition: index < count().
  int64_t At(size_t index) const;
  bool Contains(int64_t number) const;

  /// Precondition: absent. Returns the set to use from now on.
  static IntSet* Add(IntSet* set, int64_t number);
  /// Precondition: present. Returns the set to use from now on.
  static IntSet* Remove(IntSet* set, int64_t number);

 private:
  size_t block_size() const { return sizeof(IntSet) + size_t{count_} * width_; }
  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  void Put(size_t index, int64_t number);
  /// The number of members below `number`.
  size_t LowerBound(int64_t number) const;
  static IntSet* Allocate(uint32_t width, size_t count);

  uint32_t count_;
  uint32_t width_;  // bytes a member: 2, 4 or 8
};

}  // namespace tideway::backend
