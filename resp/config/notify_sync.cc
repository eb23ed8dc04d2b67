#include "resp/config/notify_sync.h"

#include <utility>

namespace tideway::resp {
namespace {
// Listeners run on the thread that changes settings.
thread_local bool applying = false;
}  // namespace

NotifySync::NotifySync(LiveSettings& settings, Changed changed) : settings_(settings) {
  settings_.AddListener(
      [changed = std::move(changed)](const Settings& before, const Settings& now) {
        if (before.notify_keyspace_events == now.notify_keyspace_events) return;
        if (applying) return;
        changed(now.notify_keyspace_events);
      });
}

Status NotifySync::Apply(uint32_t flags) {
  applying = true;
  const Status applied = settings_.Update([&](const Settings& present) -> Result<Settings> {
    Settings changed = present;
    changed.notify_keyspace_events = flags;
    return changed;
  });
  applying = false;
  return applied;
}

}  // namespace tideway::resp
