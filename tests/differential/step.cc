#include "tests/differential/step.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "tests/harness/resp_value.h"

namespace tideway::tests {
namespace {

constexpr std::array<std::string_view, 11> kContainers = {"CLIENT", "CLUSTER", "COMMAND", "CONFIG",
                                                          "DEBUG",  "LATENCY", "MEMORY",  "OBJECT",
                                                          "PUBSUB", "SLOWLOG", "ACL"};

bool NeedsQuotes(const std::string& arg) {
  return arg.empty() || !std::all_of(arg.begin(), arg.end(), [](unsigned char c) {
           return c > 0x20 && c < 0x7f && c != '"' && c != '\'' && c != '\\';
         });
}

}  // namespace

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string CommandName(const Args& argv) {
  if (argv.empty()) return "(none)";
  std::string name = Upper(argv[0]);
  const bool container =
      std::find(kContainers.begin(), kContainers.end(), name) != kContainers.end();
  if (container && argv.size() > 1) name += " " + Upper(argv[1]);
  return name;
}

std::string Typed(const Args& argv, std::size_t limit) {
  std::string out;
  const std::size_t shown = std::min<std::size_t>(argv.size(), 24);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += ' ';
    if (NeedsQuotes(argv[i])) {
      out += '"' + Printable(argv[i], limit) + '"';
    } else {
      out += Printable(argv[i], limit);
    }
  }
  if (shown < argv.size()) out += " … (" + std::to_string(argv.size()) + " arguments)";
  return out;
}

std::string Describe(const Step& step) {
  const std::string lane = "lane" + std::to_string(step.lane) + "> ";
  switch (step.kind) {
    case Kind::kCommand:
      return lane + Typed(step.argv);
    case Kind::kDue:
      return lane + Typed(step.argv) + "   (wait until it is due)   " + Typed(step.touch);
    case Kind::kActiveExpiry:
      return lane + Typed(step.argv) + "   (wait for `expired`)";
    case Kind::kRaw:
      return "new connection> \"" + Printable(step.raw, 600) + "\"";
    case Kind::kState:
      return "(compare all databases)";
  }
  return {};
}

}  // namespace tideway::tests
