#include "backend/data/int_set.h"

#include <limits>

namespace tideway::backend {
namespace {

template <class Narrow>
bool Fits(int64_t number) {
  return number >= std::numeric_limits<Narrow>::min() &&
         number <= std::numeric_limits<Narrow>::max();
}

uint32_t WidthOf(int64_t number) {
  if (Fits<int16_t>(number)) return 2;
  return Fits<int32_t>(number) ? 4 : 8;
}

template <class Narrow>
int64_t Load(const char* from) {
  Narrow number;
  std::memcpy(&number, from, sizeof(number));
  return number;
}

template <class Narrow>
void Save(char* to, int64_t number) {
  const Narrow narrow = static_cast<Narrow>(number);
  std::memcpy(to, &narrow, sizeof(narrow));
}

}  // namespace

IntSet* IntSet::Allocate(uint32_t width, size_t count) {
  IntSet* const set = static_cast<IntSet*>(AllocateBlock(sizeof(IntSet) + count * width));
  set->count_ = static_cast<uint32_t>(count);
  set->width_ = width;
  return set;
}

IntSet* IntSet::New() { return Allocate(2, 0); }

IntSet* IntSet::Copy(const IntSet& set) {
  IntSet* const copy = Allocate(set.width_, set.count_);
  std::memcpy(copy->data(), set.data(), size_t{set.count_} * set.width_);
  return copy;
}

int64_t IntSet::At(size_t index) const {
  const char* const from = data() + index * width_;
  if (width_ == 2) return Load<int16_t>(from);
  return width_ == 4 ? Load<int32_t>(from) : Load<int64_t>(from);
}

void IntSet::Put(size_t index, int64_t number) {
  char* const to = data() + index * width_;
  if (width_ == 2) Save<int16_t>(to, number);
  if (width_ == 4) Save<int32_t>(to, number);
  if (width_ == 8) Save<int64_t>(to, number);
}

size_t IntSet::LowerBound(int64_t number) const {
  size_t low = 0;
  size_t high = count_;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (At(middle) < number) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool IntSet::Contains(int64_t number) const {
  const size_t at = LowerBound(number);
  return at < count_ && At(at) == number;
}

IntSet* IntSet::Add(IntSet* set, int64_t number) {
  const size_t count = set->count_;
  const size_t at = set->LowerBound(number);
  const uint32_t width = WidthOf(number);
  if (width > set->width_) {
    IntSet* const wide = Allocate(width, count + 1);
    for (size_t i = 0; i < count; ++i) wide->Put(i < at ? i : i + 1, set->At(i));
    Free(set);
    set = wide;
  } else {
    const size_t size = set->width_;
    if (SizeClass(sizeof(IntSet) + (count + 1) * size) != set->bytes()) {
      IntSet* const larger = Allocate(set->width_, count + 1);
      std::memcpy(larger->data(), set->data(), at * size);
      std::memcpy(larger->data() + (at + 1) * size, set->data() + at * size, (count - at) * size);
      Free(set);
      set = larger;
    } else {
      std::memmove(set->data() + (at + 1) * size, set->data() + at * size, (count - at) * size);
      ++set->count_;
    }
  }
  set->Put(at, number);
  return set;
}

IntSet* IntSet::Remove(IntSet* set, int64_t number) {
  const size_t count = set->count_;
  const size_t at = set->LowerBound(number);
  const size_t size = set->width_;
  char* const hole = set->data() + at * size;
  std::memmove(hole, hole + size, (count - at - 1) * size);
  if (SizeClass(sizeof(IntSet) + (count - 1) * size) == set->bytes()) {
    --set->count_;
    return set;
  }
  IntSet* const smaller = Allocate(set->width_, count - 1);
  std::memcpy(smaller->data(), set->data(), (count - 1) * size);
  Free(set);
  return smaller;
}

}  // namespace tideway::backend
