#include "tests/backend/data/model.h"

#include "backend/data/hash_value.h"
#include "backend/data/set_value.h"

namespace tideway::backend {
namespace {

ModelValue ModelOf(Entry* entry) {
  ModelValue model;
  model.expire_at_ms = entry->expire_at_ms();
  if (entry->type() == ValueType::kString) {
    model.value = std::string(entry->string());
  } else if (entry->type() == ValueType::kHash) {
    std::map<std::string, std::string> fields;
    HashValue(entry).ForEach(
        [&](std::string_view field, std::string_view value) { fields.emplace(field, value); });
    model.value = std::move(fields);
  } else {
    std::set<std::string> members;
    SetValue(entry).ForEach([&](std::string_view member) { members.emplace(member); });
    model.value = std::move(members);
  }
  return model;
}

}  // namespace

Model ModelOf(Keyspace& keyspace) {
  Model model;
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    for (uint32_t db = 0; db < keyspace.database_count(); ++db) {
      const KeyTable* const table = keyspace.FindTable(stripe, db);
      if (table == nullptr) continue;
      table->keys().ForEach([&](Entry* entry) { model[db].emplace(entry->key(), ModelOf(entry)); });
    }
  }
  return model;
}

}  // namespace tideway::backend
