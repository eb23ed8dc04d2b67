// Passwords: whether a client may log in.
#pragma once

#include <string_view>

#include "resp/config/settings.h"

namespace tideway::resp {

class Session;

/// True when user and password open the door: the one user is "default". Takes the same time
/// however much of the password is right.
bool CheckPassword(const Settings& settings, std::string_view user, std::string_view password);

/// True when the setting (enable-debug-command and its like) lets this client do it: `local` means
/// clients on a unix socket or a loopback address.
bool Allows(Allowed setting, const Session& session);

}  // namespace tideway::resp
