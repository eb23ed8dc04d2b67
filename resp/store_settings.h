// What a running store takes over from the settings.
#pragma once

#include "backend/store.h"
#include "resp/config/settings.h"

namespace tideway::resp {

backend::SyncPolicy SyncPolicyOf(AppendFsync fsync);
/// There is a bus, and other nodes on it have the same data: they hear of every change.
bool TellsOtherNodes(const Settings& settings);

backend::StoreSettings StoreSettingsOf(const Settings& settings);

}  // namespace tideway::resp
