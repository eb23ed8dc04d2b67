#include "tests/differential/known.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace tideway::tests {
namespace {

struct Known {
  std::string_view command;  // as CommandName() tells it
  std::string_view reason;
  bool (*accepts)(const Args& argv, const Value& expected,
                  const Value& actual);  // null: handled elsewhere
  bool tidb = false;                     // with the data in TiDB only
};

bool data_in_tidb = false;

// Redis shares one object for each of the numbers 0…9999 and answers INT_MAX for them; how often
// an object is shared inside is no promise to clients.
bool BothCounts(const Args&, const Value& expected, const Value& actual) {
  return expected.type == ':' && actual.type == ':';
}

// HELP is written in our own words and lists what there is.
bool BothLists(const Args&, const Value& expected, const Value& actual) {
  return expected.type == '*' && actual.type == '*';
}

// A count of keys that is no 32-bit number: Redis takes what atoi() makes of it.
bool OddKeyCount(const Args& argv, const Value&, const Value& actual) {
  return std::any_of(argv.begin() + 3, argv.end(),
                     [](const std::string& arg) { return arg.size() > 9; }) &&
         actual.text == "ERR Invalid arguments specified for command";
}

// Redis 7.0.15 forgets the flag n in CONFIG GET when A is set; the letters' order does not matter.
Value WithoutFlagN(Value value) {
  for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
    std::string name = value.items[i].text;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name == "notify-keyspace-events") std::erase(value.items[i + 1].text, 'n');
  }
  return value;
}
bool EqualButFlagN(const Args&, const Value& expected, const Value& actual) {
  const auto pairs = [](const Value& value) {
    std::vector<std::pair<std::string, std::string>> sorted;
    for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
      sorted.emplace_back(value.items[i].text, value.items[i + 1].text);
    }
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  };
  return expected.type == actual.type &&
         pairs(WithoutFlagN(expected)) == pairs(WithoutFlagN(actual));
}

// A value is stored as what it is, not with how it came about.
bool NotKeptEncodings(const Args&, const Value& expected, const Value& actual) {
  const auto is_string = [](const Value& value) {
    return value.text == "int" || value.text == "embstr" || value.text == "raw";
  };
  if (is_string(expected)) return is_string(actual);
  return expected.text == "hashtable" && (actual.text == "listpack" || actual.text == "intset");
}

// Cursors are rows of a table: who makes one up is told.
bool UnknownCursor(const Args&, const Value& expected, const Value& actual) {
  return expected.type == '*' && actual.type == '-' && actual.text.starts_with("ERR cursor ");
}

constexpr auto kKnown = std::to_array<Known>({
    {"OBJECT REFCOUNT", "sharing of objects is internal; tideway shares none", BothCounts},
    {"OBJECT HELP", "help is in words of our own", BothLists},
    {"PUBSUB HELP", "help is in words of our own", BothLists},
    {"CLIENT INFO", "has lib-name and lib-ver of Redis 7.2 too: see compare_server.cc", nullptr},
    {"CLIENT LIST", "has lib-name and lib-ver of Redis 7.2 too: see compare_server.cc", nullptr},
    {"CLIENT INFO", "flag d (a watched key changed) is missing: known at EXEC only", nullptr},
    {"CLIENT INFO", "run by EXEC: no flag x, multi=-1, cmd=client|info; only its form is compared",
     nullptr},
    {"COMMAND GETKEYS", "a count of keys that is no 32-bit number is an error", OddKeyCount},
    {"COMMAND GETKEYSANDFLAGS", "a count of keys that is no 32-bit number is an error",
     OddKeyCount},
    {"CONFIG GET", "Redis forgets the flag n beside A", EqualButFlagN},
    {"CONFIG SET",
     "a refused notify-keyspace-events: Redis goes back to what CONFIG GET shows, and so loses n;"
     " not generated",
     nullptr},
    {"COMMAND INFO", "notes of key specifications are Redis's prose", nullptr},
    {"CLIENT REPLY",
     "OFF inside a transaction: Redis sends the first bytes of EXEC's reply, tideway"
     " none of it; not generated",
     nullptr},
    {"MULTI",
     "Redis puts messages to the own RESP3 connection between the elements of EXEC's reply;"
     " not generated",
     nullptr},
    {"OBJECT ENCODING", "that a string was edited or a hash was large once is not stored",
     NotKeptEncodings, true},
    {"SCAN", "a cursor that no SCAN gave is an error", UnknownCursor, true},
    {"SWAPDB", "refused; not generated", nullptr, true},
    {"GET", "a read of a due key does not tell `expired`: the node that expires for all does",
     nullptr, true},
});

}  // namespace

void AcceptTidbDifferences() { data_in_tidb = true; }
bool DataInTidb() { return data_in_tidb; }

bool IsKnownDifference(const Args& argv, const Value& expected, const Value& actual) {
  const std::string name = CommandName(argv);
  for (const Known& known : kKnown) {
    if (known.command != name || known.accepts == nullptr) continue;
    if (known.tidb && !data_in_tidb) continue;
    if (known.accepts(argv, expected, actual)) return true;
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
    out += known.tidb ? " (TiDB)\n" : "\n";
  }
  return out;
}

}  // namespace tideway::tests
