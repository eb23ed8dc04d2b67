// What another node over the same data has set with CONFIG SET, or had before this one started.
#pragma once

#include <string_view>

#include "resp/config/live_settings.h"

namespace tideway::resp {

/// Takes it over, and says so in the log. What is no shared setting here, as one of a newer
/// version, is passed over; what cannot be set is a warning. Any thread.
void ApplySharedSetting(LiveSettings& settings, std::string_view name, std::string_view value);

}  // namespace tideway::resp
