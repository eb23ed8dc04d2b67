// HELP of a command with subcommands, made from its rows.
#pragma once

#include "resp/call.h"

namespace tideway::resp {

/// Handler of every "… HELP" row.
void SubcommandHelp(Call& call);

}  // namespace tideway::resp
