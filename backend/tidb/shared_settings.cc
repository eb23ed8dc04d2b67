#include "backend/tidb/shared_settings.h"

#include <algorithm>

#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/sql_text.h"

namespace tideway::backend {

void SharedSettings::Share(std::string_view name, std::string_view value) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(name);
  if (found != known_.end() && found->second.value == value) return;
  Known& known = found != known_.end() ? found->second : known_[std::string(name)];
  known.value = value;
  known.waits = true;
  ++known.version;
}

bool SharedSettings::pending() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(known_.begin(), known_.end(),
                     [](const auto& each) { return each.second.waits; });
}

std::string SharedSettings::NextSql() {
  std::string text;
  SqlText sql(text);
  writing_.clear();
  const std::lock_guard lock(mutex_);
  for (const auto& [name, known] : known_) {
    if (!known.waits) continue;
    sql.Sql(writing_.empty() ? "BEGIN OPTIMISTIC;REPLACE INTO tw_settings (name,value,rev) VALUES ("
                             : ",(");
    sql.Bytes(name).Sql(",").Bytes(*known.value).Sql(",@@tidb_current_ts)");
    writing_[name] = known.version;
  }
  if (!writing_.empty()) sql.Sql(";COMMIT;");
  sql.Sql("SELECT name,value,rev FROM tw_settings");
  return text;
}

SharedSettings::Changes SharedSettings::Take(const SqlReply& reply) {
  Changes changes;
  if (!reply.error.ok() || reply.results.empty()) return changes;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, version] : writing_) {
    Known& known = known_[name];
    if (known.version == version) known.waits = false;
  }
  writing_.clear();
  reply.results.back().ForEach([&](std::span<const SqlRows::Value> row) {
    if (!row[0] || !row[1]) return;
    Known& known = known_[std::string(*row[0])];
    const auto rev = NumberOf<uint64_t>(row[2], 0);
    // What waits here is newer than whatever stands there.
    if (known.waits || rev <= known.rev) return;
    known.rev = rev;
    if (known.value == *row[1]) return;
    known.value = *row[1];
    changes.emplace_back(*row[0], *row[1]);
  });
  return changes;
}

}  // namespace tideway::backend
