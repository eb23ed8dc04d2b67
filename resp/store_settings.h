// What a running store takes over from the settings.
#pragma once

#include "backend/store.h"
#include "resp/config/settings.h"

namespace tideway::resp {

backend::SyncPolicy SyncPolicyOf(AppendFsync fsync);
backend::StoreSettings StoreSettingsOf(const Settings& settings);

}  // namespace tideway::resp
