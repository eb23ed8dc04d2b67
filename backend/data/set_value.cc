#include "backend/data/set_value.h"

#include <algorithm>

#include "backend/data/integer.h"

namespace tideway::backend {

void SetValue::Init(Entry* entry) {
  entry->set_encoding(Encoding::kIntSet);
  entry->set_value(IntSet::New());
}

void SetValue::CopyTo(Entry* to) const {
  to->set_encoding(entry_->encoding());
  if (entry_->encoding() == Encoding::kIntSet) {
    to->set_value(IntSet::Copy(*integers()));
  } else if (entry_->encoding() == Encoding::kPacked) {
    to->set_value(PackedList::Copy(*list()));
  } else {
    MemberTable* const copy = new MemberTable;
    table()->table().ForEach([&](const Member* item) { copy->Insert(Member::New(item->view())); });
    to->set_value(copy);
  }
}

void SetValue::Destroy() {
  if (entry_->encoding() == Encoding::kIntSet) {
    IntSet::Free(integers());
  } else if (entry_->encoding() == Encoding::kPacked) {
    PackedList::Free(list());
  } else {
    delete table();
  }
}

size_t SetValue::size() const {
  if (entry_->encoding() == Encoding::kIntSet) return integers()->count();
  if (entry_->encoding() == Encoding::kPacked) return list()->count();
  return table()->size() + table()->hidden();
}

void SetValue::ShowPartly(size_t hidden) {
  if (entry_->encoding() == Encoding::kIntSet) ConvertFromIntegers({});
  if (entry_->encoding() == Encoding::kPacked) ConvertToTable();
  table()->set_hidden(hidden);
}

size_t SetValue::bytes() const {
  if (entry_->encoding() == Encoding::kIntSet) return integers()->bytes();
  return entry_->encoding() == Encoding::kPacked ? list()->bytes() : table()->bytes();
}

bool SetValue::Contains(std::string_view member) const {
  if (entry_->encoding() == Encoding::kIntSet) {
    const auto number = ParseCanonicalInteger(member);
    return number && integers()->Contains(*number);
  }
  if (entry_->encoding() == Encoding::kPacked) return list()->Find(member, 1) != list()->end();
  return table()->Find(member) != nullptr;
}

bool SetValue::AddInteger(std::string_view member, const EncodingLimits& limits, bool& added) {
  const auto number = ParseCanonicalInteger(member);
  if (!number) return false;
  added = !integers()->Contains(*number);
  if (!added) return true;
  if (size() >= limits.set_max_intset_entries.load(std::memory_order_relaxed)) return false;
  entry_->set_value(IntSet::Add(integers(), *number));
  return true;
}

bool SetValue::Add(std::string_view member, const EncodingLimits& limits) {
  if (entry_->encoding() == Encoding::kIntSet) {
    bool added = false;
    if (AddInteger(member, limits, added)) return added;
    ConvertFromIntegers(member);
  }
  if (entry_->encoding() == Encoding::kPacked) {
    if (list()->Find(member, 1) != list()->end()) return false;
    if (size() < kPackedMembersMax && member.size() <= kPackedMemberBytesMax) {
      entry_->set_value(PackedList::Append(list(), member));
      return true;
    }
    ConvertToTable();
  }
  if (table()->Find(member) != nullptr) return false;
  table()->Insert(Member::New(member));
  return true;
}

void SetValue::ConvertFromIntegers(std::string_view next_member) {
  IntSet* const old = integers();
  const size_t count = old->count();
  if (count < kPackedMembersMax && next_member.size() <= kPackedMemberBytesMax) {
    PackedList* made = PackedList::New();
    for (size_t i = 0; i < count; ++i)
      made = PackedList::Append(made, IntegerText(old->At(i)).view());
    entry_->set_value(made);
    entry_->set_encoding(Encoding::kPacked);
  } else {
    MemberTable* const made = new MemberTable;
    for (size_t i = 0; i < count; ++i) made->Insert(Member::New(IntegerText(old->At(i)).view()));
    entry_->set_value(made);
    entry_->set_encoding(Encoding::kTable);
  }
  IntSet::Free(old);
}

void SetValue::ConvertToTable() {
  PackedList* const old = list();
  MemberTable* const made = new MemberTable;
  for (const char* at = old->begin(); at != old->end();)
    made->Insert(Member::New(PackedList::Take(at)));
  PackedList::Free(old);
  entry_->set_value(made);
  entry_->set_encoding(Encoding::kTable);
}

bool SetValue::Remove(std::string_view member) {
  if (entry_->encoding() == Encoding::kIntSet) {
    const auto number = ParseCanonicalInteger(member);
    if (!number || !integers()->Contains(*number)) return false;
    entry_->set_value(IntSet::Remove(integers(), *number));
    return true;
  }
  if (entry_->encoding() == Encoding::kPacked) {
    const char* const at = list()->Find(member, 1);
    if (at == list()->end()) return false;
    entry_->set_value(PackedList::Remove(list(), at, 1));
    return true;
  }
  Member* const item = table()->Find(member);
  if (item == nullptr) return false;
  table()->Erase(item);
  return true;
}

void SetValue::ForEach(MemberFn fn) const {
  if (entry_->encoding() == Encoding::kIntSet) {
    const IntSet* const numbers = integers();
    for (size_t i = 0; i < numbers->count(); ++i) fn(IntegerText(numbers->At(i)).view());
  } else if (entry_->encoding() == Encoding::kPacked) {
    const PackedList* const packed = list();
    for (const char* at = packed->begin(); at != packed->end();) fn(PackedList::Take(at));
  } else {
    table()->table().ForEach([&](const Member* item) { fn(item->view()); });
  }
}

uint64_t SetValue::Scan(uint64_t cursor, size_t count, MemberFn fn) const {
  if (entry_->encoding() != Encoding::kTable) {
    ForEach(fn);
    return 0;
  }
  return table()->table().Scan(cursor, count, [&](const Member* item) { fn(item->view()); });
}

std::string SetValue::Random(uint64_t random) const {
  if (entry_->encoding() == Encoding::kIntSet)
    return std::string(IntegerText(integers()->At(random % size())).view());
  if (entry_->encoding() == Encoding::kPacked) {
    const char* at = list()->At(random % size());
    return std::string(PackedList::Take(at));
  }
  return std::string(table()->table().Random(random)->view());
}

}  // namespace tideway::backend
