// Finding rows by name, exactly or nearly.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "resp/config/config_words.h"
#include "resp/config/setting_table.h"

namespace tideway::resp {
namespace {

using Entry = std::pair<std::string_view, const SettingRow*>;

std::vector<const SettingRow*> CollectRows() {
  std::vector<const SettingRow*> rows;
  for (const auto& parts : {internal::EffectiveSettings(), internal::HintSettings()}) {
    for (const auto part : parts) {
      for (const SettingRow& row : part) rows.push_back(&row);
    }
  }
  std::sort(rows.begin(), rows.end(),
            [](const SettingRow* a, const SettingRow* b) { return a->name < b->name; });
  return rows;
}

std::vector<Entry> CollectNames() {
  std::vector<Entry> names;
  for (const SettingRow* row : AllSettings()) {
    names.emplace_back(row->name, row);
    if (!row->old_name.empty()) names.emplace_back(row->old_name, row);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Every accepted name with its row, sorted by name.
const std::vector<Entry>& Names() {
  static const std::vector<Entry> names = CollectNames();
  return names;
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal
/// string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);  // two rows up
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::span<const SettingRow* const> AllSettings() {
  static const std::vector<const SettingRow*> rows = CollectRows();
  return rows;
}

const SettingRow* FindSetting(std::string_view name) {
  const std::string lower = ToLower(name);
  const auto& names = Names();
  const auto found = std::lower_bound(
      names.begin(), names.end(), lower,
      [](const Entry& entry, const std::string& key) { return entry.first < key; });
  return found != names.end() && found->first == lower ? found->second : nullptr;
}

const DirectiveRow* FindDirective(std::string_view name) {
  const std::string lower = ToLower(name);
  for (const DirectiveRow& row : internal::Directives()) {
    if (row.name == lower) return &row;
  }
  return nullptr;
}

std::string_view NearestSetting(std::string_view name) {
  constexpr size_t kNameBytesMax =
      64;  // longer than any name: nothing is near, and work is bounded
  if (name.size() > kNameBytesMax) return {};
  std::string lower = ToLower(name);
  std::replace(lower.begin(), lower.end(), '_', '-');
  std::string_view best;
  size_t best_distance = std::numeric_limits<size_t>::max();
  for (const auto& [known, row] : Names()) {
    const size_t distance = EditDistance(lower, known);
    if (distance < best_distance) {
      best_distance = distance;
      best = known;
    }
  }
  return best_distance <= std::max<size_t>(1, lower.size() / 3) ? best : std::string_view();
}

}  // namespace tideway::resp
