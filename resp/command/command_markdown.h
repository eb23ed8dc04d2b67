// The README's table of commands, made from the rows.
#pragma once

#include <string>

#include "resp/command/command_table.h"

namespace tideway::resp {

/// A Markdown table: one line a group in the table's order, its commands by name; behind a
/// container its subcommands in brackets. Ends with a line break.
std::string CommandsMarkdown(const CommandTable& table);

}  // namespace tideway::resp
