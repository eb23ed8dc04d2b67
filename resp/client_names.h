// Names that clients give themselves and their libraries.
#pragma once

#include <string_view>

namespace tideway::resp {

class Session;

inline constexpr std::string_view kBadClientNameError =
    "ERR Client names cannot contain spaces, newlines or special characters.";

/// True when every byte is printable ASCII without space.
bool IsClientName(std::string_view name);
/// Sets or, with an empty name, removes it; false when it is not acceptable.
bool SetClientName(Session& session, std::string_view name);

}  // namespace tideway::resp
