// The dispatch gate: whether a command may run now, from its row and the client's state. The one
// place for such decisions; it never looks at names.
#pragma once

#include <string>

#include "resp/command/command_table.h"

namespace tideway::resp {

class Session;
class Worker;

enum class Verdict : uint8_t {
  kRun,
  kQueue,    // MULTI is open: keep it for EXEC
  kRefuse,   // answer `error`
  kSuspend,  // CLIENT PAUSE: run it later
  kClose,    // an HTTP client: close without an answer
};

/// `error` (without '-') is filled for kRefuse only.
Verdict CheckCommand(const Resolved& command, Args args, Session& session, Worker& worker,
                     std::string& error);

/// Whether CLIENT PAUSE holds the command back now.
bool IsPaused(const Command& row, Session& session, Worker& worker);

}  // namespace tideway::resp
