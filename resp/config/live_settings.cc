#include "resp/config/live_settings.h"

namespace tideway::resp {

Status LiveSettings::Update(const std::function<Result<Settings>(const Settings&)>& change) {
  const std::lock_guard one_writer(update_mutex_);
  const std::shared_ptr<const Settings> before = Snapshot();
  auto made = change(*before);
  if (!made.ok()) return made.error();
  const auto now = std::make_shared<const Settings>(std::move(made).value());
  if (applier_) {
    if (Status applied = applier_(*before, *now); !applied.ok()) return applied;
  }
  {
    const std::lock_guard lock(mutex_);
    current_ = now;
  }
  generation_.fetch_add(1, std::memory_order_release);
  for (const Listener& listener : listeners_) listener(*before, *now);
  return Ok();
}

}  // namespace tideway::resp
