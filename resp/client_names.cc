#include "resp/client_names.h"

#include <algorithm>

#include "resp/session.h"

namespace tideway::resp {

bool IsClientName(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool SetClientName(Session& session, std::string_view name) {
  if (!IsClientName(name)) return false;
  session.name = name;
  return true;
}

}  // namespace tideway::resp
