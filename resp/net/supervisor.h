// `supervised`: telling the process manager how the server fares.
#pragma once

#include <string_view>

#include "resp/config/settings.h"

namespace tideway::resp {

/// Which manager watches this process: the setting, with `auto` resolved by the environment
/// (NOTIFY_SOCKET: systemd, UPSTART_JOB: upstart); kNo when the manager asked for is not there.
/// A supervised process must not go to the background, whatever `daemonize` says.
Supervised DetectSupervisor(Supervised setting);

/// The word of the setting: "systemd", "upstart", "no".
std::string_view SupervisorName(Supervised manager);

/// Tells systemd "READY=1", or stops for upstart, which continues it. Call once clients are served.
void TellReady(Supervised manager);

/// Tells systemd that the server is about to end.
void TellStopping(Supervised manager);

/// Sends one state to systemd's socket, named by NOTIFY_SOCKET; false when there is none or it does
/// not take it (sd_notify(3) states the protocol).
bool NotifySystemd(std::string_view state);

}  // namespace tideway::resp
