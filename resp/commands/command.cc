// COMMAND: what the server can do, told from the rows themselves.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "resp/call.h"
#include "resp/command/arguments.h"
#include "resp/command/command_docs.h"
#include "resp/command/command_table.h"
#include "resp/command/errors.h"
#include "resp/command/help.h"
#include "resp/protocol/glob.h"

namespace tideway::resp {
namespace {

// Commands that a client may learn of: HTTP words are none.
std::vector<const Command*> ToldCommands() {
  std::vector<const Command*> told;
  for (const Command* row : CommandTable::Get().top()) {
    if (!row->Has(kRefusesHttp)) told.push_back(row);
  }
  return told;
}

void CommandAll(Call& call) {
  const auto told = ToldCommands();
  call.reply.Array(told.size());
  for (const Command* row : told) ReplyCommandInfo(*row, call.reply);
}

void CommandCount(Call& call) { call.reply.Integer(static_cast<int64_t>(ToldCommands().size())); }

void CommandInfo(Call& call) {
  if (call.args.size() == 2) return CommandAll(call);
  const Args names = call.args.subspan(2);
  call.reply.Array(names.size());
  for (const std::string_view name : names) {
    const Command* const row = CommandTable::Get().Find(name);
    row == nullptr || row->Has(kRefusesHttp) ? call.reply.Null()
                                             : ReplyCommandInfo(*row, call.reply);
  }
}

void CommandDocs(Call& call) {
  std::vector<const Command*> rows;
  if (call.args.size() == 2) {
    rows = ToldCommands();
  } else {
    for (const std::string_view name : call.args.subspan(2)) {
      const Command* const row = CommandTable::Get().Find(name);
      if (row != nullptr && !row->Has(kRefusesHttp)) rows.push_back(row);
    }
  }
  call.reply.Map(rows.size());
  for (const Command* row : rows) {
    call.reply.Bulk(CommandTable::FullName(*row));
    ReplyCommandDocs(*row, call.reply);
  }
}

// --- COMMAND LIST

bool ListFilterFits(const Command& row, std::string_view kind, std::string_view value) {
  if (EqualsIgnoreCase(kind, "pattern")) {
    return GlobMatch(value, CommandTable::FullName(row), GlobCase::kInsensitive);
  }
  if (EqualsIgnoreCase(kind, "aclcat")) return HasAclCategory(row, value);
  return false;  // MODULE: there are no modules
}

void CommandList(Call& call) {
  const Args args = call.args;
  const bool filtered = args.size() == 5 && EqualsIgnoreCase(args[2], "filterby");
  const bool known =
      filtered && (EqualsIgnoreCase(args[3], "module") || EqualsIgnoreCase(args[3], "aclcat") ||
                   EqualsIgnoreCase(args[3], "pattern"));
  if (args.size() != 2 && !known) return call.reply.Error(kSyntaxError);
  std::vector<std::string> names;
  for (const Command* row : CommandTable::Get().rows()) {
    if (row->Has(kRefusesHttp)) continue;
    if (filtered && !ListFilterFits(*row, args[3], args[4])) continue;
    names.push_back(CommandTable::FullName(*row));
  }
  call.reply.Array(names.size());
  for (const std::string& name : names) call.reply.Bulk(name);
}

// --- COMMAND GETKEYS

// The keys of the command in args[2…]; false after answering an error.
bool FindKeys(Call& call, std::vector<std::pair<size_t, const KeySpec*>>& keys) {
  const Args command = call.args.subspan(2);
  const Resolved resolved = CommandTable::Get().Resolve(command);
  if (resolved.row == nullptr) {
    call.reply.Error("ERR Invalid command specified");
    return false;
  }
  const Command& row = *resolved.row;
  if (row.keys.access == KeySpec::kNone || (row.keys.words & kKeyNotKey) != 0) {
    call.reply.Error("ERR The command has no key arguments");
    return false;
  }
  if (!ArityFits(row, command.size())) {
    call.reply.Error("ERR Invalid number of arguments specified for command");
    return false;
  }
  for (const KeySpec* spec : {&row.keys, &row.keys2}) {
    if ((spec->words & kKeyNotKey) != 0) continue;
    if (!ForEachKeyOf(*spec, command, [&](size_t at) { keys.emplace_back(at, spec); })) {
      call.reply.Error("ERR Invalid arguments specified for command");
      return false;
    }
  }
  if (!keys.empty()) return true;
  call.reply.Error("ERR The command has no key arguments");
  return false;
}

void CommandGetkeys(Call& call) {
  std::vector<std::pair<size_t, const KeySpec*>> keys;
  if (!FindKeys(call, keys)) return;
  call.reply.Array(keys.size());
  for (const auto& [at, spec] : keys) call.reply.Bulk(call.args[2 + at]);
}

// What a key is to one call of a command whose flags depend on its options: SET reads its key only
// when GET is among them.
KeySpec FlagsOfCall(const KeySpec& spec, Args command) {
  if ((spec.words & kKeyVariableFlags) == 0) return spec;
  KeySpec told = spec;
  told.words &= ~static_cast<decltype(told.words)>(kKeyVariableFlags);
  const bool reads = std::any_of(command.begin() + 3, command.end(), [](std::string_view word) {
    return EqualsIgnoreCase(word, "get");
  });
  if (reads) return told;
  told.access = KeySpec::kOW;
  told.words &= ~static_cast<decltype(told.words)>(kKeyAccess);
  return told;
}

void CommandGetkeysandflags(Call& call) {
  std::vector<std::pair<size_t, const KeySpec*>> keys;
  if (!FindKeys(call, keys)) return;
  call.reply.Array(keys.size());
  for (const auto& [at, spec] : keys) {
    call.reply.Array(2);
    call.reply.Bulk(call.args[2 + at]);
    ReplyKeyFlags(FlagsOfCall(*spec, call.args.subspan(2)), call.reply);
  }
}

// clang-format off
constexpr auto kCommandSubcommands = std::to_array<Command>({
    {.name = "count", .arity = 2, .flags = kLoading | kStale, .acl = kAclConnection,
     .session = CommandCount, .summary = "Counts the commands.", .since = "2.8.13",
     .group = "server", .complexity = "O(1)", .container = "command"},
    {.name = "docs", .arity = -2, .flags = kLoading | kStale, .acl = kAclConnection,
     .session = CommandDocs, .summary = "Gives the documentation of commands.", .since = "7.0.0",
     .group = "server", .container = "command", .tips = "nondeterministic_output_order"},
    {.name = "getkeys", .arity = -4, .flags = kLoading | kStale, .acl = kAclConnection,
     .session = CommandGetkeys, .summary = "Gives the keys among a command's arguments.",
     .since = "2.8.13", .group = "server", .container = "command"},
    {.name = "getkeysandflags", .arity = -4, .flags = kLoading | kStale, .acl = kAclConnection,
     .session = CommandGetkeysandflags,
     .summary = "Gives the keys among a command's arguments and how they are used.",
     .since = "7.0.0", .group = "server", .container = "command"},
    {.name = "help", .arity = 2, .flags = kLoading | kStale, .acl = kAclConnection,
     .session = SubcommandHelp, .summary = "Tells the subcommands.", .since = "5.0.0",
     .group = "server", .complexity = "O(1)", .container = "command"},
    {.name = "info", .arity = -2, .flags = kLoading | kStale, .acl = kAclConnection,
     .session = CommandInfo, .summary = "Tells about commands.", .since = "2.8.13",
     .group = "server", .container = "command", .tips = "nondeterministic_output_order"},
    {.name = "list", .arity = -2, .flags = kLoading | kStale, .acl = kAclConnection,
     .session = CommandList, .summary = "Gives the names of commands.", .since = "7.0.0",
     .group = "server", .container = "command", .tips = "nondeterministic_output_order"},
});

constexpr auto kCommandCommands = std::to_array<Command>({
    {.name = "command", .arity = -1, .flags = kLoading | kStale, .acl = kAclConnection,
     .session = CommandAll, .summary = "Tells about all commands.", .since = "2.8.13",
     .group = "server", .subcommands = kCommandSubcommands,
     .tips = "nondeterministic_output_order"},
});
// clang-format on

}  // namespace

std::span<const Command> CommandCommands() { return kCommandCommands; }

}  // namespace tideway::resp
