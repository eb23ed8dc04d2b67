#include "backend/version.h"

namespace tideway {

std::string_view Version() { return TIDEWAY_VERSION; }

}  // namespace tideway
