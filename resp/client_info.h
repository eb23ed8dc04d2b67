// One line about a client, as CLIENT LIST and CLIENT INFO show it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tideway::resp {

class Session;

/// "id=3 addr=127.0.0.1:40000 … resp=2" without a line end; lib-name
/// and lib-ver follow when CLIENT SETINFO gave them.
std::string ClientInfoLine(Session& session, int64_t now_ms);

/// "normal", "pubsub", "master" or "replica" as CLIENT LIST TYPE and KILL TYPE name it.
bool IsClientTypeName(std::string_view name);
bool HasClientType(const Session& session, std::string_view name);

}  // namespace tideway::resp
