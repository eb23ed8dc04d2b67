#include "tests/differential/known.h"

#include <array>
#include <string_view>

namespace tideway::tests {
namespace {

struct Known {
  std::string_view command;  // as CommandName() tells it
  std::string_view reason;
  bool (*accepts)(const Value& expected, const Value& actual);
};

// Redis shares one object for each of the numbers 0…9999 and answers INT_MAX for them; how often
// an object is shared inside is no promise to clients.
bool BothCounts(const Value& expected, const Value& actual) {
  return expected.type == ':' && actual.type == ':';
}

// HELP is made from the rows of the command table: the same headline, other lines.
bool BothHelp(const Value& expected, const Value& actual) {
  return expected.is_aggregate() && actual.is_aggregate() && !actual.items.empty() &&
         expected.items.front() == actual.items.front();
}

// Notes on key specifications are Redis's documentation, not behaviour.
Value WithoutNotes(const Value& value) {
  Value bare = value;
  bare.items.clear();
  for (size_t i = 0; i < value.items.size(); ++i) {
    if (value.items[i].text == "notes" && i + 1 < value.items.size()) {
      ++i;
      continue;
    }
    bare.items.push_back(WithoutNotes(value.items[i]));
  }
  return bare;
}
bool EqualButNotes(const Value& expected, const Value& actual) {
  return WithoutNotes(expected) == WithoutNotes(actual);
}

Value WithoutFlagN(Value value) {
  for (size_t i = 0; i + 1 < value.items.size(); ++i) {
    if (value.items[i].text == "notify-keyspace-events") std::erase(value.items[i + 1].text, 'n');
  }
  return value;
}
// The letters may stand in another order without the n.
bool EqualButFlagN(const Value& expected, const Value& actual) {
  Value a = WithoutFlagN(expected);
  Value b = WithoutFlagN(actual);
  return a == b;
}

constexpr auto kKnown = std::to_array<Known>({
    {"OBJECT REFCOUNT", "sharing of objects is internal; tideway shares none", BothCounts},
    {"OBJECT HELP", "made from the command table", BothHelp},
    {"PUBSUB HELP", "made from the command table", BothHelp},
    {"CLIENT HELP", "made from the command table", BothHelp},
    {"CONFIG HELP", "made from the command table", BothHelp},
    {"COMMAND HELP", "made from the command table", BothHelp},
    {"CLUSTER HELP", "made from the command table", BothHelp},
    {"SLOWLOG HELP", "made from the command table", BothHelp},
    {"LATENCY HELP", "made from the command table", BothHelp},
    {"MEMORY HELP", "made from the command table", BothHelp},
    {"DEBUG HELP", "made from the command table", BothHelp},
    {"CONFIG GET", "Redis 7.0.15 forgets the flag n beside A", EqualButFlagN},
    {"COMMAND INFO", "key specifications have no notes", EqualButNotes},
});

}  // namespace

bool IsKnownDifference(const Args& argv, const Value& expected, const Value& actual) {
  const std::string name = CommandName(argv);
  for (const Known& known : kKnown) {
    if (known.command == name && known.accepts(expected, actual)) return true;
  }
  return false;
}

std::string KnownDifferences() {
  std::string out;
  for (const Known& known : kKnown) {
    out += "  ";
    out += known.command;
    out += ": ";
    out += known.reason;
    out += '\n';
  }
  return out;
}

}  // namespace tideway::tests
