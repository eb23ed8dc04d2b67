// `notify-keyspace-events` over all nodes: tells when a client changed it here, and takes over what
// was changed on another node without telling it again.
#pragma once

#include <cstdint>
#include <functional>

#include "backend/result.h"
#include "resp/config/live_settings.h"

namespace tideway::resp {

class NotifySync {
 public:
  /// The flags (EventClass bits) as a client, or the lines of a configuration that is loaded while
  /// the server runs, have set them. On the thread that sets them, in the order of changes, before
  /// the client has its reply; it must not change settings.
  using Changed = std::function<void(uint32_t flags)>;

  /// Before threads start; `settings` outlives it.
  NotifySync(LiveSettings& settings, Changed changed);
  NotifySync(const NotifySync&) = delete;
  NotifySync& operator=(const NotifySync&) = delete;

  /// What another node has set, or what was stored, holds here from now on. Any thread.
  Status Apply(uint32_t flags);

 private:
  LiveSettings& settings_;
};

}  // namespace tideway::resp
