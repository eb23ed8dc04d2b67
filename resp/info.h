// INFO: figures of the running server, in Redis's sections and names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tideway::resp {

class Worker;

/// The sections that `names` ask for ("server", "default", "all", "everything" …; none: default).
/// Looks into every worker: call it from a row with kInspects. Unknown names give nothing.
std::string BuildInfo(Worker& self, std::span<const std::string_view> names);

}  // namespace tideway::resp
