#include "resp/store_settings.h"

#include "backend/event_filter.h"

namespace tideway::resp {

backend::SyncPolicy SyncPolicyOf(AppendFsync fsync) {
  switch (fsync) {
    case AppendFsync::kAlways:
      return backend::SyncPolicy::kAlways;
    case AppendFsync::kNo:
      return backend::SyncPolicy::kNo;
    case AppendFsync::kEverySec:
      break;
  }
  return backend::SyncPolicy::kEverySec;
}

bool TellsOtherNodes(const Settings& settings) {
  return !settings.bus.empty() && !settings.backend.empty();
}

backend::StoreSettings StoreSettingsOf(const Settings& settings) {
  return {.sync = SyncPolicyOf(settings.appendfsync),
          .event_classes = settings.notify_keyspace_events |
                           (TellsOtherNodes(settings) ? backend::kNotifyOtherNodes : 0u),
          .string_bytes_max = static_cast<size_t>(settings.proto_max_bulk_len),
          .hash_max_listpack_entries = static_cast<size_t>(settings.hash_max_listpack_entries),
          .hash_max_listpack_value = static_cast<size_t>(settings.hash_max_listpack_value),
          .set_max_intset_entries = static_cast<size_t>(settings.set_max_intset_entries)};
}

}  // namespace tideway::resp
