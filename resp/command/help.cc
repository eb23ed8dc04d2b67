#include "resp/command/help.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "resp/command/command_table.h"

namespace tideway::resp {
namespace {

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

}  // namespace

void SubcommandHelp(Call& call) {
  const Command& container = *CommandTable::Get().Find(call.row.container);
  call.reply.Array(1 + 2 * container.subcommands.size());
  call.reply.Simple(Upper(container.name) +
                    " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const Command& sub : container.subcommands) {
    call.reply.Simple(Upper(sub.name));
    call.reply.Simple("    " + std::string(sub.summary));
  }
}

}  // namespace tideway::resp
