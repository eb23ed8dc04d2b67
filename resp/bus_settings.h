// What the settings say of the bus.
#pragma once

#include "backend/result.h"
#include "cdc/nats_options.h"
#include "resp/config/settings.h"

namespace tideway::resp {

/// Precondition: `bus` is not empty. Errors are kInvalidArgument and name the setting.
Result<cdc::NatsOptions> NatsOptionsOf(const Settings& settings);

}  // namespace tideway::resp
