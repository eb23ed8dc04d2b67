// The version of this program, set once in CMakeLists.txt.
#pragma once

#include <string_view>

namespace tideway {

// "major.minor.patch".
std::string_view Version();

// The Redis whose protocol and behaviour this is, as INFO and HELLO tell clients that ask.
inline constexpr std::string_view kRedisVersion = "7.0.15";

}  // namespace tideway
