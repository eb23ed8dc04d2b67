#include "tests/differential/compare.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <unordered_map>

#include "tests/differential/compare_server.h"
#include "tests/differential/known.h"

namespace tideway::tests {
namespace {

const std::unordered_map<std::string, Rule>& Rules() {
  static const std::unordered_map<std::string, Rule> rules = {
      {"SMEMBERS", {Way::kPlain, Equal::kUnorderedUnlessCompact}},
      {"SINTER", {Way::kPlain, Equal::kUnordered}},
      {"SUNION", {Way::kPlain, Equal::kUnordered}},
      {"SDIFF", {Way::kPlain, Equal::kUnordered}},
      {"HGETALL", {Way::kPlain, Equal::kPairsUnlessCompact}},
      {"HKEYS", {Way::kPlain, Equal::kUnorderedUnlessCompact}},
      {"HVALS", {Way::kPlain, Equal::kUnorderedUnlessCompact}},
      {"KEYS", {Way::kPlain, Equal::kUnordered}},
      {"PUBSUB CHANNELS", {Way::kPlain, Equal::kUnordered}},
      {"PUBSUB SHARDCHANNELS", {Way::kPlain, Equal::kUnordered}},
      {"TTL", {Way::kPlain, Equal::kSeconds}},
      {"EXPIRETIME", {Way::kPlain, Equal::kSeconds}},
      {"PTTL", {Way::kPlain, Equal::kMilliseconds}},
      {"PEXPIRETIME", {Way::kPlain, Equal::kMilliseconds}},
      {"SCAN", {Way::kScan, Equal::kPage}},
      {"HSCAN", {Way::kScan, Equal::kPage}},
      {"SSCAN", {Way::kScan, Equal::kPage}},
      {"SPOP", {Way::kPop, Equal::kShape}},
      {"SRANDMEMBER", {Way::kRandom, Equal::kShape}},
      {"HRANDFIELD", {Way::kRandom, Equal::kShape}},
      {"RANDOMKEY", {Way::kRandom, Equal::kType}},
      {"SUBSCRIBE", {Way::kSubscription, Equal::kExact}},
      {"PSUBSCRIBE", {Way::kSubscription, Equal::kExact}},
      {"SSUBSCRIBE", {Way::kSubscription, Equal::kExact}},
      {"UNSUBSCRIBE", {Way::kSubscription, Equal::kExact}},
      {"PUNSUBSCRIBE", {Way::kSubscription, Equal::kExact}},
      {"SUNSUBSCRIBE", {Way::kSubscription, Equal::kExact}},
      {"HELLO", {Way::kAlone, Equal::kHello}},
      {"RESET", {Way::kAlone, Equal::kExact}},
      {"CLIENT ID", {Way::kPlain, Equal::kType}},
      {"CLIENT INFO", {Way::kPlain, Equal::kClientInfo}},
      {"CLIENT LIST", {Way::kPlain, Equal::kClientInfo}},
      {"COMMAND", {Way::kPlain, Equal::kType}},
      {"COMMAND COUNT", {Way::kPlain, Equal::kType}},
      {"COMMAND DOCS", {Way::kPlain, Equal::kType}},
      {"COMMAND LIST", {Way::kPlain, Equal::kCommandNames}},
      {"COMMAND INFO", {Way::kPlain, Equal::kCommandInfo}},
      {"CONFIG GET", {Way::kPlain, Equal::kConfig}},
      {"INFO", {Way::kPlain, Equal::kInfo}},
      {"TIME", {Way::kPlain, Equal::kShape}},
      {"LASTSAVE", {Way::kPlain, Equal::kType}},
      {"OBJECT IDLETIME", {Way::kPlain, Equal::kType}},
      {"MEMORY USAGE", {Way::kPlain, Equal::kType}},
      {"MEMORY DOCTOR", {Way::kPlain, Equal::kType}},
      {"MEMORY STATS", {Way::kPlain, Equal::kType}},
      {"DEBUG OBJECT", {Way::kPlain, Equal::kType}},
      {"SLOWLOG GET", {Way::kPlain, Equal::kType}},
      {"SLOWLOG LEN", {Way::kPlain, Equal::kType}},
      {"LATENCY DOCTOR", {Way::kPlain, Equal::kType}},
      {"LATENCY HISTOGRAM", {Way::kPlain, Equal::kType}},
      {"LATENCY RESET", {Way::kPlain, Equal::kType}},
      {"LATENCY LATEST", {Way::kPlain, Equal::kType}},
      {"DUMP", {Way::kPlain, Equal::kType}},
      {"CLUSTER KEYSLOT", {Way::kKeySlot, Equal::kExact}},
  };
  return rules;
}

bool SameShape(const Value& a, const Value& b) {
  if (a.type != b.type || a.null != b.null || a.items.size() != b.items.size()) return false;
  if (a.is_error() && a.text != b.text) return false;
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), SameShape);
}

bool SamePage(const Args& argv, const Value& a, const Value& b, bool order_defined) {
  if (a == b) return true;
  const auto page = [](const Value& value) {
    return value.is_aggregate() && value.items.size() == 2 && value.items[1].is_aggregate();
  };
  if (!page(a) || !page(b) || order_defined) return false;
  const std::string name = Upper(argv[0]);
  const bool whole =
      argv[name == "SCAN" ? 1 : 2] == "0" && a.items[0].text == "0" && b.items[0].text == "0";
  return whole ? SameMultiset(a.items[1], b.items[1], name == "HSCAN" ? 2 : 1) : a.type == b.type;
}

Verdict CompareNumbers(const Value& a, const Value& b, long long tolerance) {
  if (a == b) return {};
  const auto x = a.integer();
  const auto y = b.integer();
  if (!x || !y || *x < 0 || *y < 0) return {.same = false};
  const long long apart = std::llabs(*x - *y);
  if (apart <= tolerance) return {};
  return {.same = false, .timing = apart < 5000};
}

Verdict CompareTrees(Equal equal, const Args& argv, const Value& a, const Value& b,
                     std::string_view encoding) {
  const bool order_defined = encoding == "listpack" || encoding == "intset";
  switch (equal) {
    case Equal::kExact:
      return {.same = a == b};
    case Equal::kUnordered:
      return {.same = SameMultiset(a, b, 1)};
    case Equal::kUnorderedUnlessCompact:
      return {.same = order_defined ? a == b : SameMultiset(a, b, 1)};
    case Equal::kPairs:
      return {.same = SameMultiset(a, b, 2)};
    case Equal::kPairsUnlessCompact:
      return {.same = order_defined ? a == b : SameMultiset(a, b, 2)};
    case Equal::kType:
      return {.same = a.type == b.type && a.null == b.null && (!a.is_error() || a == b)};
    case Equal::kShape:
      return {.same = SameShape(a, b)};
    case Equal::kPage:
      return {.same = SamePage(argv, a, b, order_defined)};
    case Equal::kSeconds:
      return CompareNumbers(a, b, 1);
    case Equal::kMilliseconds:
      return CompareNumbers(a, b, kToleranceMs);
    default:
      return {.same = CompareServerReplies(equal, argv, a, b)};
  }
}

}  // namespace

Rule RuleFor(const Args& argv) {
  const auto found = Rules().find(CommandName(argv));
  return found == Rules().end() ? Rule{} : found->second;
}

bool SameMultiset(const Value& expected, const Value& actual, std::size_t stride) {
  if (!expected.is_aggregate() || !actual.is_aggregate()) return expected == actual;
  if (expected.type != actual.type || expected.items.size() != actual.items.size()) return false;
  const auto elements = [stride](const Value& value) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < value.items.size(); i += stride) {
      std::string element;
      for (std::size_t j = i; j < std::min(i + stride, value.items.size()); ++j) {
        element += FormatFrame(value.items[j]);
      }
      out.push_back(std::move(element));
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  return elements(expected) == elements(actual);
}

Verdict CompareReplies(Equal equal, const Args& argv, std::string_view expected,
                       std::string_view actual, std::string_view encoding) {
  if (expected == actual) return {};
  const Value a = ParseFrame(expected);
  const Value b = ParseFrame(actual);
  const Verdict verdict = CompareTrees(equal, argv, a, b, encoding);
  if (!verdict.same && IsKnownDifference(argv, a, b)) return {};
  return verdict;
}

}  // namespace tideway::tests
