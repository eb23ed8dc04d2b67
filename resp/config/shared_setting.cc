#include "resp/config/shared_setting.h"

#include <utility>

#include "backend/log.h"
#include "resp/config/config_command.h"
#include "resp/config/setting_table.h"

namespace tideway::resp {

void ApplySharedSetting(LiveSettings& settings, std::string_view name, std::string_view value) {
  const SettingRow* const row = FindSetting(name);
  if (row == nullptr || !row->Has(kShared)) return;
  const std::string_view pair[] = {name, value};
  bool changed = false;
  const Status updated = settings.Update([&](const Settings& now) -> Result<Settings> {
    auto result = ConfigSet(now, pair, true);
    if (!result.ok()) return result.error();
    changed = !result.value().changed.empty();
    return std::move(result.value().settings);
  });
  if (!updated.ok()) {
    log::Warning("another node has set {} to '{}': {}", name, value, updated.error().detail);
  } else if (changed) {
    log::Notice("CONFIG SET {} {} by another node or before the start", name, value);
  }
}

}  // namespace tideway::resp
