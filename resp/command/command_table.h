// All commands by name: built once at start from the families' tables, then read-only.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "resp/command/command.h"

namespace tideway::resp {

/// What a name resolved to. `row` is the row to run: the subcommand's where there is one.
struct Resolved {
  const Command* row = nullptr;        // null: unknown command
  const Command* container = nullptr;  // set when `row` is a subcommand, or was looked for
  size_t index = 0;                    // number of `row` in rows(): where its counters stand
};

/// Immutable after construction; any thread.
class CommandTable {
 public:
  /// The table of this server. Aborts at first use when two rows have the same name.
  static const CommandTable& Get();

  /// Finds the row for the arguments; names compare without case. For a container without the asked
  /// subcommand `row` is null and `container` set.
  Resolved Resolve(Args args) const;
  /// A top-level row, or "container|sub"; null when unknown.
  const Command* Find(std::string_view name) const;

  /// Top-level rows in table order.
  const std::vector<const Command*>& top() const { return top_; }
  /// Every row that can run, subcommands included; Resolved::index counts here.
  const std::vector<const Command*>& rows() const { return rows_; }
  /// "get" or "client|list": the name in INFO, errors and ACL.
  static std::string FullName(const Command& row);

 private:
  CommandTable();
  struct Slot {
    const Command* row = nullptr;
    size_t index = 0;
  };
  const Slot* Lookup(std::string_view name) const;
  void Add(std::span<const Command> family);

  std::vector<Slot> slots_;  // open addressing, a power of two
  std::vector<const Command*> top_;
  std::vector<const Command*> rows_;
};

/// Calls fn(index) for each argument that is a key, in order. False when the arguments do not fit
/// the specification (a key count that is no number or is too large): nothing may have been called.
template <class Fn>
bool ForEachKey(const Command& row, Args args, Fn&& fn);

/// True when the argument count fits the row's arity.
inline bool ArityFits(const Command& row, size_t args) {
  return row.arity >= 0 ? args == static_cast<size_t>(row.arity)
                        : args >= static_cast<size_t>(-row.arity);
}

// --- implementation of the template

namespace internal {
/// Number of keys announced at args[index] of a key-count specification; -1 when it does not fit.
int64_t KeyCountAt(Args args, size_t index);
}  // namespace internal

template <class Fn>
bool ForEachKeyOf(const KeySpec& spec, Args args, Fn&& fn) {
  if (spec.access == KeySpec::kNone) return true;
  if (spec.find == KeySpec::Find::kKeynum) {
    const int64_t count = internal::KeyCountAt(args, spec.first);
    if (count < 0) return false;
    for (int64_t i = 0; i < count; ++i) fn(static_cast<size_t>(spec.first + 1 + i));
    return true;
  }
  const auto argc = static_cast<int64_t>(args.size());
  const int64_t last = spec.last >= 0 ? spec.first + spec.last : argc + spec.last;
  for (int64_t i = spec.first; i <= last && i < argc; i += spec.step) fn(static_cast<size_t>(i));
  return true;
}

template <class Fn>
bool ForEachKey(const Command& row, Args args, Fn&& fn) {
  return ForEachKeyOf(row.keys, args, fn) && ForEachKeyOf(row.keys2, args, fn);
}

}  // namespace tideway::resp
