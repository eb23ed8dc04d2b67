#include "backend/data/key_table.h"

#include <algorithm>
#include <utility>

#include "backend/data/hash_value.h"
#include "backend/data/set_value.h"

namespace tideway::backend {
namespace {

StringBuffer* NewBuffer(size_t size, size_t capacity) {
  // All of the block is capacity.
  capacity = SizeClass(sizeof(StringBuffer) + capacity) - sizeof(StringBuffer);
  StringBuffer* const buffer =
      static_cast<StringBuffer*>(AllocateBlock(sizeof(StringBuffer) + capacity));
  buffer->size = size;
  buffer->capacity = capacity;
  return buffer;
}

void FreeBuffer(StringBuffer* buffer) {
  FreeBlock(buffer, sizeof(StringBuffer) + buffer->capacity);
}

StringBuffer* BufferOf(const Entry& entry) { return static_cast<StringBuffer*>(entry.value()); }

size_t ValueBytes(const Entry& entry) {
  if (!entry.is_outline()) return 0;
  Entry* const mutable_entry = const_cast<Entry*>(&entry);
  switch (entry.type()) {
    case ValueType::kHash:
      return HashValue(mutable_entry).bytes();
    case ValueType::kSet:
      return SetValue(mutable_entry).bytes();
    default:
      return BufferOf(entry)->bytes();
  }
}

}  // namespace

KeyTable::~KeyTable() {
  if (accounted_ != 0) Detach();
  keys_.ForEach([this](Entry* entry) { FreeEntry(entry); });
}

size_t KeyTable::EntryBytes(const Entry& entry) { return entry.block_bytes() + ValueBytes(entry); }

void KeyTable::Account() {
  const size_t now = bytes();
  meter_.store(meter_.load(std::memory_order_relaxed) + now - accounted_,
               std::memory_order_relaxed);
  accounted_ = now;
}

void KeyTable::Detach() {
  meter_.store(meter_.load(std::memory_order_relaxed) - accounted_, std::memory_order_relaxed);
  accounted_ = 0;
}

void KeyTable::FreeValue(Entry* entry) {
  if (!entry->is_outline()) return;
  switch (entry->type()) {
    case ValueType::kHash:
      if (entry->encoding() == Encoding::kTable && HashValue(entry).size() > kFreeApartMembers) {
        reclaimer_.Free(std::unique_ptr<FieldTable>(static_cast<FieldTable*>(entry->value())));
      } else {
        HashValue(entry).Destroy();
      }
      break;
    case ValueType::kSet:
      if (entry->encoding() == Encoding::kTable && SetValue(entry).size() > kFreeApartMembers) {
        reclaimer_.Free(std::unique_ptr<MemberTable>(static_cast<MemberTable*>(entry->value())));
      } else {
        SetValue(entry).Destroy();
      }
      break;
    default:
      FreeBuffer(BufferOf(*entry));
  }
}

void KeyTable::FreeEntry(Entry* entry) {
  FreeValue(entry);
  Entry::Free(entry);
}

Entry* KeyTable::Put(uint64_t hash, Entry* old, Entry* fresh) {
  entry_bytes_ += EntryBytes(*fresh);
  if (old == nullptr) {
    keys_.Insert(PositionOf(hash), fresh);
    if (fresh->has_expiry()) heap_.Push(fresh);
  } else {
    entry_bytes_ -= EntryBytes(*old);
    keys_.Replace(PositionOf(hash), old, fresh);
    if (old->has_expiry() && fresh->has_expiry()) {
      fresh->set_heap_index(old->heap_index());
      heap_.Moved(fresh);
      heap_.Update(fresh);
    } else if (old->has_expiry()) {
      heap_.Remove(old);
    } else if (fresh->has_expiry()) {
      heap_.Push(fresh);
    }
    FreeEntry(old);
  }
  Account();
  return fresh;
}

Entry* KeyTable::NewString(std::string_view key, std::string_view value, bool with_expiry) {
  const bool outline = value.size() > Entry::kInlineMax;
  Entry* const entry =
      Entry::New(key, ValueType::kString, outline, with_expiry, outline ? 0 : value.size());
  if (outline) {
    StringBuffer* const buffer = NewBuffer(value.size(), value.size());
    CopyBytes(buffer->data(), value);
    entry->set_value(buffer);
  } else {
    CopyBytes(entry->inline_data(), value);
  }
  return entry;
}

bool KeyTable::SetInPlace(Entry* old, std::string_view value, bool with_expiry) {
  const bool outline = value.size() > Entry::kInlineMax;
  if (old->type() != ValueType::kString || old->is_outline() != outline ||
      old->has_expiry() != with_expiry)
    return false;
  if (outline) {
    StringBuffer* const buffer = BufferOf(*old);
    if (SizeClass(sizeof(StringBuffer) + value.size()) != buffer->bytes()) return false;
    CopyBytes(buffer->data(), value);
    buffer->size = value.size();
  } else {
    if (value.size() != old->inline_size()) {
      const size_t content = old->block_size() - old->inline_size() + value.size();
      if (SizeClass(content) != old->block_bytes()) return false;
      old->set_inline_size(value.size());
    }
    CopyBytes(old->inline_data(), value);
  }
  old->clear_form();
  return true;
}

Entry* KeyTable::SetString(uint64_t hash, std::string_view key, Entry* old, std::string_view value,
                           ExpiryChange expiry) {
  const bool at = expiry.kind == ExpiryChange::Kind::kAt;
  const bool keep = expiry.kind == ExpiryChange::Kind::kKeep && old != nullptr && old->has_expiry();
  if (old != nullptr && SetInPlace(old, value, at || keep)) {
    if (at && old->expire_at_ms() != expiry.at_ms) {
      old->set_expire_at_ms(expiry.at_ms);
      heap_.Update(old);
    }
    return old;
  }
  Entry* const fresh = NewString(key, value, at || keep);
  if (at) fresh->set_expire_at_ms(expiry.at_ms);
  if (keep) fresh->set_expire_at_ms(old->expire_at_ms());
  return Put(hash, old, fresh);
}

Entry* KeyTable::Reshaped(uint64_t hash, Entry* entry, bool with_expiry, size_t inline_size) {
  Entry* const fresh = Entry::Rebuild(*entry, entry->key(), with_expiry, inline_size);
  entry_bytes_ += fresh->block_bytes() - entry->block_bytes();
  keys_.Replace(PositionOf(hash), entry, fresh);
  if (fresh->has_expiry() && fresh->heap_index() != Entry::kNotInHeap) heap_.Moved(fresh);
  Entry::Free(entry);
  return fresh;
}

Entry* KeyTable::MoveToBuffer(uint64_t hash, Entry* entry, size_t capacity) {
  const std::string_view value = entry->string();
  Entry* const fresh = Entry::New(entry->key(), ValueType::kString, true, entry->has_expiry(), 0);
  fresh->set_access_clock(entry->access_clock());
  if (entry->has_expiry()) fresh->set_expire_at_ms(entry->expire_at_ms());
  StringBuffer* const buffer = NewBuffer(value.size(), capacity);
  CopyBytes(buffer->data(), value);
  fresh->set_value(buffer);
  return Put(hash, entry, fresh);
}

Entry* KeyTable::Splice(uint64_t hash, std::string_view key, Entry* old, size_t offset,
                        std::string_view bytes) {
  Entry* entry = old != nullptr ? old : SetString(hash, key, nullptr, {}, ExpiryChange::Clear());
  const size_t old_size = entry->string().size();
  const size_t size = std::max(old_size, offset + bytes.size());
  char* data;
  if (!entry->is_outline() && size <= Entry::kInlineMax) {
    const size_t content = entry->block_size() - entry->inline_size() + size;
    if (SizeClass(content) == entry->block_bytes()) {
      entry->set_inline_size(size);
    } else {
      entry = Reshaped(hash, entry, entry->has_expiry(), size);
    }
    data = entry->inline_data();
  } else {
    // Half as much again, so that appending piece by piece copies each byte a few times only.
    // With no bytes it is a replay that announces the final size.
    const size_t roomy = old_size == 0 || bytes.empty() ? size : size + size / 2;
    if (!entry->is_outline()) {
      entry = MoveToBuffer(hash, entry, roomy);
    } else if (BufferOf(*entry)->capacity < size) {
      StringBuffer* const small = BufferOf(*entry);
      StringBuffer* const large = NewBuffer(old_size, roomy);
      CopyBytes(large->data(), entry->string());
      entry_bytes_ += large->bytes() - small->bytes();
      entry->set_value(large);
      FreeBuffer(small);
    }
    BufferOf(*entry)->size = size;
    data = BufferOf(*entry)->data();
  }
  if (offset > old_size) std::memset(data + old_size, 0, offset - old_size);
  CopyBytes(data + offset, bytes);
  entry->set_raw();
  Account();
  return entry;
}

Entry* KeyTable::ResetTo(ValueType type, uint64_t hash, std::string_view key, Entry* old) {
  Entry* const fresh = Entry::New(key, type, true, false, 0);
  if (type == ValueType::kHash) {
    HashValue::Init(fresh);
  } else {
    SetValue::Init(fresh);
  }
  return Put(hash, old, fresh);
}

Entry* KeyTable::PutCopy(uint64_t hash, std::string_view key, Entry* old, const Entry& source) {
  Entry* const from = const_cast<Entry*>(&source);  // the handles below only read it
  Entry* fresh;
  if (source.type() == ValueType::kString) {
    fresh = NewString(key, source.string(), source.has_expiry());
    if (source.is_raw()) fresh->set_raw();
    if (source.is_text()) fresh->set_text();
  } else {
    fresh = Entry::New(key, source.type(), true, source.has_expiry(), 0);
    if (source.type() == ValueType::kHash) {
      HashValue(from).CopyTo(fresh);
    } else {
      SetValue(from).CopyTo(fresh);
    }
  }
  if (source.has_expiry()) fresh->set_expire_at_ms(source.expire_at_ms());
  return Put(hash, old, fresh);
}

bool KeyTable::HashSet(Entry* entry, std::string_view field, std::string_view value) {
  HashValue hash(entry);
  entry_bytes_ -= hash.bytes();
  const bool added = hash.Set(field, value, limits_);
  entry_bytes_ += hash.bytes();
  Account();
  return added;
}

bool KeyTable::HashErase(Entry* entry, std::string_view field) {
  HashValue hash(entry);
  entry_bytes_ -= hash.bytes();
  const bool erased = hash.Erase(field);
  entry_bytes_ += hash.bytes();
  Account();
  return erased;
}

bool KeyTable::SetAdd(Entry* entry, std::string_view member) {
  SetValue set(entry);
  entry_bytes_ -= set.bytes();
  const bool added = set.Add(member, limits_);
  entry_bytes_ += set.bytes();
  Account();
  return added;
}

bool KeyTable::SetRemove(Entry* entry, std::string_view member) {
  SetValue set(entry);
  entry_bytes_ -= set.bytes();
  const bool removed = set.Remove(member);
  entry_bytes_ += set.bytes();
  Account();
  return removed;
}

void KeyTable::ShowPartly(Entry* entry, size_t hidden) {
  entry_bytes_ -= EntryBytes(*entry);
  if (entry->type() == ValueType::kHash) {
    HashValue(entry).ShowPartly(hidden);
  } else {
    SetValue(entry).ShowPartly(hidden);
  }
  entry_bytes_ += EntryBytes(*entry);
  Account();
}

Entry* KeyTable::SetExpiry(uint64_t hash, Entry* entry, int64_t at_ms) {
  if (entry->has_expiry()) {
    entry->set_expire_at_ms(at_ms);
    heap_.Update(entry);
    return entry;
  }
  entry = Reshaped(hash, entry, true, entry->inline_size());
  entry->set_expire_at_ms(at_ms);
  heap_.Push(entry);
  Account();
  return entry;
}

Entry* KeyTable::ClearExpiry(uint64_t hash, Entry* entry) {
  heap_.Remove(entry);
  entry = Reshaped(hash, entry, false, entry->inline_size());
  Account();
  return entry;
}

Entry* KeyTable::Take(uint64_t hash, Entry* entry) {
  entry_bytes_ -= EntryBytes(*entry);
  if (entry->has_expiry()) heap_.Remove(entry);
  keys_.Erase(PositionOf(hash), entry);
  Account();
  return entry;
}

void KeyTable::Erase(uint64_t hash, Entry* entry) { FreeEntry(Take(hash, entry)); }

Entry* KeyTable::PutTaken(uint64_t hash, std::string_view key, Entry* old, Entry* taken) {
  if (taken->key() == key) return Put(hash, old, taken);
  Entry* const fresh = Entry::Rebuild(*taken, key, taken->has_expiry(), taken->inline_size());
  Entry::Free(taken);
  return Put(hash, old, fresh);
}

}  // namespace tideway::backend
