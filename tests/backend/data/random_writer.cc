#include "tests/backend/data/random_writer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tideway::backend {

using Fields = std::map<std::string, std::string>;
using Members = std::set<std::string>;

std::string RandomWriter::RandomBytes() {
  // Mostly short, sometimes past every limit of the representation.
  const uint64_t size = Pick(20) == 0 ? Pick(6000) : Pick(range_.value_bytes);
  if (Pick(4) == 0) return std::to_string(static_cast<int64_t>(random_()) >> Pick(64));
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(Pick(256));
  return bytes;
}

std::string RandomWriter::RandomMember() {
  const std::string number = std::to_string(Pick(range_.members));
  return Pick(3) == 0 ? "member:" + number : number;
}

ModelValue* RandomWriter::Find(uint32_t db, const std::string& key) {
  ModelDb& keys = model_[db];
  const auto it = keys.find(key);
  if (it == keys.end()) return nullptr;
  if (it->second.expire_at_ms == kNoExpiry || now_ms_ <= it->second.expire_at_ms)
    return &it->second;
  keys.erase(it);
  return nullptr;
}

void RandomWriter::Drop(uint32_t db, const std::string& key) { model_[db].erase(key); }

void RandomWriter::StepString(Key& key, ModelValue* old) {
  const std::string name(key.name());
  const std::string value = RandomBytes();
  const bool is_string = old != nullptr && std::holds_alternative<std::string>(old->value);
  if (is_string) {
    ASSERT_EQ(key.String(), std::get<std::string>(old->value));
  }
  if (Pick(3) == 0 && (old == nullptr || is_string)) {
    ModelValue next = old != nullptr ? *old : ModelValue{std::string(), kNoExpiry};
    std::string& bytes = std::get<std::string>(next.value);
    const size_t offset = Pick(2) == 0 ? bytes.size() : Pick(bytes.size() + 40);
    key.SpliceString(offset, value);
    bytes.resize(std::max(bytes.size(), offset + value.size()));
    bytes.replace(offset, value.size(), value);
    Put(key.db(), name, next);
    ASSERT_EQ(key.EncodingName(), "raw");
    return;
  }
  ModelValue next{value, old != nullptr ? old->expire_at_ms : kNoExpiry};
  switch (range_.expires ? Pick(3) : 1) {
    case 0:
      key.SetString(value, ExpiryChange::Keep());
      break;
    case 1:
      key.SetString(value, ExpiryChange::Clear());
      next.expire_at_ms = kNoExpiry;
      break;
    default:
      next.expire_at_ms = now_ms_ + static_cast<int64_t>(Pick(300));
      key.SetString(value, ExpiryChange::At(next.expire_at_ms));
  }
  Put(key.db(), name, next);
}

void RandomWriter::StepHash(Key& key, ModelValue* old) {
  const std::string name(key.name());
  if (old != nullptr && !std::holds_alternative<Fields>(old->value)) return;
  ModelValue next = old != nullptr ? *old : ModelValue{Fields(), kNoExpiry};
  Fields& fields = std::get<Fields>(next.value);
  ASSERT_EQ(key.HashSize(), fields.size());
  for (uint64_t i = Pick(12); i-- > 0;) {
    const std::string field = RandomMember();
    const auto it = fields.find(field);
    ASSERT_EQ(key.HashGet(field).has_value(), it != fields.end());
    if (it != fields.end()) {
      ASSERT_EQ(*key.HashGet(field), it->second);
    }
    if (Pick(3) > 0) {
      const std::string value = RandomBytes();
      ASSERT_EQ(key.HashSet(field, value), it == fields.end());
      fields[field] = value;
    } else {
      ASSERT_EQ(key.HashErase(field), it != fields.end());
      if (it != fields.end()) fields.erase(it);
    }
  }
  if (!key.exists()) return;
  ASSERT_EQ(key.EraseIfEmpty(), fields.empty());
  if (fields.empty()) {
    Drop(key.db(), name);
  } else {
    ASSERT_TRUE(fields.contains(std::string(key.HashRandom(random_()).first)));
    Put(key.db(), name, next);
  }
}

void RandomWriter::StepSet(Key& key, ModelValue* old) {
  const std::string name(key.name());
  if (old != nullptr && !std::holds_alternative<Members>(old->value)) return;
  ModelValue next = old != nullptr ? *old : ModelValue{Members(), kNoExpiry};
  Members& members = std::get<Members>(next.value);
  const bool integers_only = Pick(2) == 0;
  for (uint64_t i = Pick(20); i-- > 0;) {
    const std::string member = integers_only ? std::to_string(Pick(1000)) : RandomMember();
    ASSERT_EQ(key.SetContains(member), members.contains(member));
    if (Pick(4) > 0) {
      ASSERT_EQ(key.SetAdd(member), members.insert(member).second);
    } else {
      ASSERT_EQ(key.SetRemove(member), members.erase(member) == 1);
    }
    ASSERT_EQ(key.SetSize(), members.size());
  }
  if (!key.exists()) return;
  ASSERT_EQ(key.EraseIfEmpty(), members.empty());
  if (members.empty()) {
    Drop(key.db(), name);
  } else {
    ASSERT_TRUE(members.contains(key.SetRandom(random_())));
    Put(key.db(), name, next);
  }
}

void RandomWriter::StepGeneric(Key& key, ModelValue* old) {
  if (old == nullptr) return;
  const std::string name(key.name());
  switch (Pick(3)) {
    case 0:
      key.Erase();
      Drop(key.db(), name);
      break;
    case 1:
      if (!range_.expires) break;
      old->expire_at_ms = now_ms_ + static_cast<int64_t>(Pick(300));
      key.SetExpiry(old->expire_at_ms);
      break;
    default:
      ASSERT_EQ(key.ClearExpiry(), old->expire_at_ms != kNoExpiry);
      old->expire_at_ms = kNoExpiry;
  }
}

void RandomWriter::StepTransfer(Key& key, ModelValue* old) {
  if (old == nullptr) return;
  const std::string name(key.name());
  const std::string target_name = Pick(3) == 0 ? name : RandomKeyName();
  const uint32_t target_db = static_cast<uint32_t>(Pick(range_.databases));
  Key target = view_.OpenWriteIn(target_db, target_name);
  Find(target_db, target_name);
  const ModelValue value = *old;
  if (Pick(2) == 0) {
    key.MoveTo(target);
    Drop(key.db(), name);
  } else {
    key.CopyTo(target);
  }
  Put(target_db, target_name, value);
}

void RandomWriter::StepWhole() {
  const uint32_t db = static_cast<uint32_t>(Pick(range_.databases));
  if (Pick(2) == 0 || !range_.swaps) {
    ASSERT_EQ(view_.Flush(db), model_[db].size());
    model_.erase(db);
  } else {
    const uint32_t other = static_cast<uint32_t>(Pick(range_.databases));
    view_.Swap(db, other);
    std::swap(model_[db], model_[other]);
  }
}

void RandomWriter::Step() {
  now_ms_ += static_cast<int64_t>(Pick(4));
  view_.set_now_ms(now_ms_);
  if (Pick(500) == 0) return StepWhole();
  const uint32_t db = static_cast<uint32_t>(Pick(range_.databases));
  const std::string name = RandomKeyName();
  view_.set_db(db);
  Key key = view_.OpenWrite(name);
  ModelValue* const old = Find(db, name);
  ASSERT_EQ(key.exists(), old != nullptr);
  if (old != nullptr) {
    ASSERT_EQ(key.expire_at_ms(), old->expire_at_ms);
  }
  switch (Pick(8)) {
    case 0:
    case 1:
      return StepString(key, old);
    case 2:
    case 3:
      return StepHash(key, old);
    case 4:
    case 5:
      return StepSet(key, old);
    case 6:
      return StepGeneric(key, old);
    default:
      return StepTransfer(key, old);
  }
}

}  // namespace tideway::backend
