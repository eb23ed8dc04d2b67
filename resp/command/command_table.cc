#include "resp/command/command_table.h"

#include <cstdio>
#include <cstdlib>

#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool SameName(std::string_view lower, std::string_view any) {
  if (lower.size() != any.size()) return false;
  for (size_t i = 0; i < lower.size(); ++i) {
    if (lower[i] != Lower(any[i])) return false;
  }
  return true;
}

// FNV-1a over lower-cased bytes: names are short, and clients cannot add to the table.
size_t HashName(std::string_view name) {
  uint64_t hash = 1469598103934665603ull;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(Lower(c))) * 1099511628211ull;
  }
  return static_cast<size_t>(hash ^ (hash >> 32));
}

}  // namespace

namespace internal {

int64_t KeyCountAt(Args args, size_t index) {
  if (index >= args.size()) return -1;
  const auto count = ParseInt64(args[index]);
  if (!count || *count <= 0 || *count > static_cast<int64_t>(args.size() - index - 1)) return -1;
  return *count;
}

}  // namespace internal

const CommandTable& CommandTable::Get() {
  static const CommandTable table;
  return table;
}

CommandTable::CommandTable() : slots_(1024) {
  for (const auto family :
       {StringCommands(), HashCommands(), SetCommands(), KeyCommands(), ExpiryCommands(),
        DatabaseCommands(), DumpCommands(), PubsubCommands(), TransactionCommands(),
        ConnectionCommands(), ClientCommands(), CommandCommands(), ServerCommands(),
        ConfigCommands(), DiagnosticsCommands(), DebugCommands(), ClusterCommands()}) {
    Add(family);
  }
}

void CommandTable::Add(std::span<const Command> family) {
  for (const Command& row : family) {
    size_t at = HashName(row.name) % slots_.size();
    while (slots_[at].row != nullptr) {
      if (slots_[at].row->name == row.name) {
        std::fprintf(stderr, "two command rows are named '%s'\n", std::string(row.name).c_str());
        std::abort();
      }
      at = (at + 1) % slots_.size();
    }
    slots_[at] = {&row, rows_.size()};
    top_.push_back(&row);
    rows_.push_back(&row);
    for (const Command& sub : row.subcommands) rows_.push_back(&sub);
  }
}

const CommandTable::Slot* CommandTable::Lookup(std::string_view name) const {
  for (size_t at = HashName(name) % slots_.size(); slots_[at].row != nullptr;
       at = (at + 1) % slots_.size()) {
    if (SameName(slots_[at].row->name, name)) return &slots_[at];
  }
  return nullptr;
}

Resolved CommandTable::Resolve(Args args) const {
  const Slot* slot = Lookup(args[0]);
  if (slot == nullptr) return {};
  const Command& row = *slot->row;
  if (row.subcommands.empty() || args.size() < 2) return {&row, nullptr, slot->index};
  for (size_t i = 0; i < row.subcommands.size(); ++i) {
    if (SameName(row.subcommands[i].name, args[1])) {
      return {&row.subcommands[i], &row, slot->index + 1 + i};
    }
  }
  return {nullptr, &row, slot->index};
}

const Command* CommandTable::Find(std::string_view name) const {
  const size_t bar = name.find('|');
  const Slot* slot = Lookup(name.substr(0, bar));
  if (slot == nullptr || bar == std::string_view::npos)
    return slot == nullptr ? nullptr : slot->row;
  for (const Command& sub : slot->row->subcommands) {
    if (SameName(sub.name, name.substr(bar + 1))) return &sub;
  }
  return nullptr;
}

std::string CommandTable::FullName(const Command& row) {
  std::string name;
  if (!row.container.empty()) name.append(row.container).append("|");
  return name.append(row.name);
}

}  // namespace tideway::resp
