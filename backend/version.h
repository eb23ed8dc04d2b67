// The version of this program, set once in CMakeLists.txt.
#pragma once

#include <string_view>

namespace tideway {

// "major.minor.patch".
std::string_view Version();

}  // namespace tideway
