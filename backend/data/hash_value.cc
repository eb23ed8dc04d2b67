#include "backend/data/hash_value.h"

namespace tideway::backend {

void HashValue::Init(Entry* entry) {
  entry->set_encoding(Encoding::kPacked);
  entry->set_value(PackedList::New());
}

void HashValue::CopyTo(Entry* to) const {
  to->set_encoding(entry_->encoding());
  if (packed()) {
    to->set_value(PackedList::Copy(*list()));
    return;
  }
  FieldTable* const copy = new FieldTable;
  table()->table().ForEach(
      [&](const Field* item) { copy->Insert(Field::New(item->field(), item->value())); });
  to->set_value(copy);
}

void HashValue::Destroy() {
  if (packed()) {
    PackedList::Free(list());
  } else {
    delete table();
  }
}

size_t HashValue::size() const {
  return packed() ? list()->count() / 2 : table()->size() + table()->hidden();
}

void HashValue::ShowPartly(size_t hidden) {
  if (packed()) ConvertToTable();
  table()->set_hidden(hidden);
}

size_t HashValue::bytes() const { return packed() ? list()->bytes() : table()->bytes(); }

std::optional<std::string_view> HashValue::Get(std::string_view field) const {
  if (packed()) {
    const char* at = list()->Find(field, 2);
    if (at == list()->end()) return std::nullopt;
    PackedList::Take(at);
    return PackedList::Take(at);
  }
  const Field* const item = table()->Find(field);
  if (item == nullptr) return std::nullopt;
  return item->value();
}

void HashValue::ConvertToTable() {
  PackedList* const old = list();
  FieldTable* const made = new FieldTable;
  for (const char* at = old->begin(); at != old->end();) {
    const std::string_view field = PackedList::Take(at);
    made->Insert(Field::New(field, PackedList::Take(at)));
  }
  PackedList::Free(old);
  entry_->set_value(made);
  entry_->set_encoding(Encoding::kTable);
}

bool HashValue::Set(std::string_view field, std::string_view value, const EncodingLimits& limits) {
  if (packed()) {
    const size_t longest = limits.hash_max_listpack_value.load(std::memory_order_relaxed);
    const size_t grown = list()->used() + field.size() + value.size() + 2 * kVarintMax;
    if (field.size() > longest || value.size() > longest || grown > PackedList::kMaxBytes)
      ConvertToTable();
  }
  if (packed()) {
    const char* at = list()->Find(field, 2);
    const bool added = at == list()->end();
    if (added) {
      entry_->set_value(PackedList::Append(list(), field));
      entry_->set_value(PackedList::Append(list(), value));
    } else {
      PackedList::Take(at);
      entry_->set_value(PackedList::Replace(list(), at, value));
    }
    // Also after a mere change: the setting may have been lowered since.
    if (size() > limits.hash_max_listpack_entries.load(std::memory_order_relaxed)) ConvertToTable();
    return added;
  }
  Field* const old = table()->Find(field);
  if (old == nullptr) {
    table()->Insert(Field::New(field, value));
    return true;
  }
  const size_t block_size = sizeof(Field) + field.size() + value.size();
  if (SizeClass(block_size) == SizeClass(old->block_size())) {
    CopyBytes(old->data() + field.size(), value);
    old->value_size = static_cast<uint32_t>(value.size());
  } else {
    table()->Replace(old, Field::New(field, value));
  }
  return false;
}

bool HashValue::Erase(std::string_view field) {
  if (packed()) {
    const char* const at = list()->Find(field, 2);
    if (at == list()->end()) return false;
    entry_->set_value(PackedList::Remove(list(), at, 2));
    return true;
  }
  Field* const item = table()->Find(field);
  if (item == nullptr) return false;
  table()->Erase(item);
  return true;
}

void HashValue::ForEach(FieldFn fn) const {
  if (packed()) {
    for (const char* at = list()->begin(); at != list()->end();) {
      const std::string_view field = PackedList::Take(at);
      fn(field, PackedList::Take(at));
    }
    return;
  }
  table()->table().ForEach([&](const Field* item) { fn(item->field(), item->value()); });
}

uint64_t HashValue::Scan(uint64_t cursor, size_t count, FieldFn fn) const {
  if (packed()) {
    ForEach(fn);
    return 0;
  }
  return table()->table().Scan(cursor, count,
                               [&](const Field* item) { fn(item->field(), item->value()); });
}

std::pair<std::string_view, std::string_view> HashValue::Random(uint64_t random) const {
  if (packed()) {
    const char* at = list()->At(2 * (random % size()));
    const std::string_view field = PackedList::Take(at);
    return {field, PackedList::Take(at)};
  }
  const Field* const item = table()->table().Random(random);
  return {item->field(), item->value()};
}

}  // namespace tideway::backend
