#include "backend/data/packed_list.h"

#include <cstring>

namespace tideway::backend {
namespace {

size_t ElementSize(std::string_view element) { return VarintSize(element.size()) + element.size(); }

void PutElement(char* to, std::string_view element) {
  CopyBytes(PutVarint(to, element.size()), element);
}

}  // namespace

PackedList* PackedList::New() {
  PackedList* const list = static_cast<PackedList*>(AllocateBlock(sizeof(PackedList)));
  list->used_ = 0;
  list->count_ = 0;
  return list;
}

PackedList* PackedList::Copy(const PackedList& list) {
  PackedList* const copy = static_cast<PackedList*>(AllocateBlock(sizeof(PackedList) + list.used_));
  std::memcpy(static_cast<void*>(copy), &list, sizeof(PackedList) + list.used_);
  return copy;
}

const char* PackedList::Find(std::string_view wanted, size_t stride) const {
  const char* at = begin();
  const char* const stop = end();
  while (at != stop) {
    const char* const start = at;
    if (Take(at) == wanted) return start;
    for (size_t skip = 1; skip < stride; ++skip) Take(at);
  }
  return stop;
}

const char* PackedList::At(size_t index) const {
  const char* at = begin();
  while (index-- > 0) Take(at);
  return at;
}

PackedList* PackedList::Splice(PackedList* list, size_t offset, size_t old_size, size_t new_size) {
  const size_t used = list->used_;
  const size_t tail = used - offset - old_size;
  const size_t wanted = used - old_size + new_size;
  if (SizeClass(sizeof(PackedList) + wanted) != list->bytes()) {
    PackedList* const moved = static_cast<PackedList*>(AllocateBlock(sizeof(PackedList) + wanted));
    std::memcpy(static_cast<void*>(moved), list, sizeof(PackedList) + offset);
    std::memcpy(moved->data() + offset + new_size, list->data() + offset + old_size, tail);
    Free(list);
    list = moved;
  } else {
    std::memmove(list->data() + offset + new_size, list->data() + offset + old_size, tail);
  }
  list->used_ = static_cast<uint32_t>(wanted);
  return list;
}

PackedList* PackedList::Append(PackedList* list, std::string_view element) {
  const size_t offset = list->used_;
  list = Splice(list, offset, 0, ElementSize(element));
  PutElement(list->data() + offset, element);
  ++list->count_;
  return list;
}

PackedList* PackedList::Replace(PackedList* list, const char* at, std::string_view element) {
  const size_t offset = static_cast<size_t>(at - list->begin());
  list = Splice(list, offset, ElementSize(Take(at)), ElementSize(element));
  PutElement(list->data() + offset, element);
  return list;
}

PackedList* PackedList::Remove(PackedList* list, const char* at, size_t elements) {
  const char* const start = at;
  for (size_t i = 0; i < elements; ++i) Take(at);
  list->count_ -= static_cast<uint32_t>(elements);
  return Splice(list, static_cast<size_t>(start - list->begin()), static_cast<size_t>(at - start),
                0);
}

}  // namespace tideway::backend
