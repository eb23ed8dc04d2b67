#include "resp/command/command_docs.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "resp/command/arguments.h"
#include "resp/command/command_table.h"

namespace tideway::resp {
namespace {

struct Word {
  uint64_t bit;
  std::string_view text;
};

// In the order in which Redis tells them.
constexpr auto kFlagWords = std::to_array<Word>({
    {kWrite, "write"},
    {kReadonly, "readonly"},
    {kDenyOom, "denyoom"},
    {kAdmin, "admin"},
    {kPubsub, "pubsub"},
    {kNoscript, "noscript"},
    {kBlocking, "blocking"},
    {kLoading, "loading"},
    {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"},
    {kSkipSlowlog, "skip_slowlog"},
    {kAsking, "asking"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kNoMulti, "no_multi"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMandatoryKeys, "no_mandatory_keys"},
});

constexpr auto kAclWords = std::to_array<Word>({
    {kAclKeyspace, "keyspace"},
    {kAclRead, "read"},
    {kAclWrite, "write"},
    {kAclSet, "set"},
    {kAclSortedset, "sortedset"},
    {kAclList, "list"},
    {kAclHash, "hash"},
    {kAclString, "string"},
    {kAclBitmap, "bitmap"},
    {kAclHyperloglog, "hyperloglog"},
    {kAclGeo, "geo"},
    {kAclStream, "stream"},
    {kAclPubsub, "pubsub"},
    {kAclAdmin, "admin"},
    {kAclFast, "fast"},
    {kAclSlow, "slow"},
    {kAclBlocking, "blocking"},
    {kAclDangerous, "dangerous"},
    {kAclConnection, "connection"},
    {kAclTransaction, "transaction"},
    {kAclScripting, "scripting"},
});

constexpr auto kKeyWords = std::to_array<Word>({
    {kKeyAccess, "access"},
    {kKeyUpdate, "update"},
    {kKeyInsert, "insert"},
    {kKeyDelete, "delete"},
    {kKeyNotKey, "not_key"},
    {kKeyIncomplete, "incomplete"},
    {kKeyVariableFlags, "variable_flags"},
});

std::string_view AccessWord(KeySpec::Access access) {
  switch (access) {
    case KeySpec::kRO:
      return "RO";
    case KeySpec::kRW:
      return "RW";
    case KeySpec::kOW:
      return "OW";
    case KeySpec::kRM:
      return "RM";
    case KeySpec::kNone:
      break;
  }
  return "";
}

void ReplyWords(std::span<const Word> words, uint64_t bits, std::string_view prefix,
                ReplyWriter& reply) {
  std::vector<std::string> set;
  for (const Word& word : words) {
    if ((bits & word.bit) != 0) set.push_back(std::string(prefix) + std::string(word.text));
  }
  reply.Set(set.size());
  for (const std::string& word : set) reply.Simple(word);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return parts;
}

void ReplyNumber(std::string_view name, int64_t number, ReplyWriter& reply) {
  reply.Bulk(name);
  reply.Integer(number);
}

void ReplyKeySpec(const KeySpec& spec, ReplyWriter& reply) {
  reply.Map(3);
  reply.Bulk("flags");
  ReplyKeyFlags(spec, reply);
  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("index");
  reply.Bulk("spec");
  reply.Map(1);
  ReplyNumber("index", spec.first, reply);
  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  const bool counted = spec.find == KeySpec::Find::kKeynum;
  reply.Bulk(counted ? "keynum" : "range");
  reply.Bulk("spec");
  reply.Map(3);
  if (counted) {
    ReplyNumber("keynumidx", 0, reply);
    ReplyNumber("firstkey", 1, reply);
    ReplyNumber("keystep", 1, reply);
  } else {
    ReplyNumber("lastkey", spec.last, reply);
    ReplyNumber("keystep", spec.step, reply);
    ReplyNumber("limit", 0, reply);
  }
}

// First key, last key and step as clients before key specifications knew them.
void ReplyLegacyKeys(const Command& row, ReplyWriter& reply) {
  const KeySpec& spec = row.keys;
  const bool range = spec.access != KeySpec::kNone && spec.find == KeySpec::Find::kRange;
  int64_t first = 0;
  int64_t last = 0;
  int64_t step = 0;
  if (range) {
    first = spec.first;
    last = spec.last < 0 ? spec.last : spec.first + spec.last;
    step = spec.step;
    // Two neighbouring groups are told as one range.
    if (row.keys2.access != KeySpec::kNone && row.keys2.find == KeySpec::Find::kRange) {
      last = row.keys2.last < 0 ? row.keys2.last : row.keys2.first + row.keys2.last;
    }
  }
  reply.Integer(first);
  reply.Integer(last);
  reply.Integer(step);
}

}  // namespace

void ReplyKeyFlags(const KeySpec& spec, ReplyWriter& reply) {
  std::vector<std::string_view> words = {AccessWord(spec.access)};
  if ((spec.words & kKeyNotKey) != 0) words.clear();
  for (const Word& word : kKeyWords) {
    if ((spec.words & word.bit) != 0) words.push_back(word.text);
  }
  reply.Set(words.size());
  for (const std::string_view word : words) reply.Simple(word);
}

uint32_t AclCategoriesOf(const Command& row) {
  uint32_t categories = row.acl;
  if (row.Has(kWrite)) categories |= kAclWrite;
  if (row.Has(kReadonly) && (categories & kAclScripting) == 0) categories |= kAclRead;
  if (row.Has(kAdmin)) categories |= kAclAdmin | kAclDangerous;
  if (row.Has(kPubsub)) categories |= kAclPubsub;
  if (row.Has(kFast)) categories |= kAclFast;
  if (row.Has(kBlocking)) categories |= kAclBlocking;
  if ((categories & kAclFast) == 0) categories |= kAclSlow;
  return categories;
}

bool HasAclCategory(const Command& row, std::string_view name) {
  const uint32_t categories = AclCategoriesOf(row);
  for (const Word& word : kAclWords) {
    if ((categories & word.bit) != 0 && EqualsIgnoreCase(word.text, name)) return true;
  }
  return false;
}

void ReplyCommandInfo(const Command& row, ReplyWriter& reply) {
  reply.Array(10);
  reply.Bulk(CommandTable::FullName(row));
  reply.Integer(row.arity);
  ReplyWords(kFlagWords, row.flags, "", reply);
  ReplyLegacyKeys(row, reply);
  ReplyWords(kAclWords, AclCategoriesOf(row), "@", reply);
  const auto tips = Split(row.tips, ',');
  reply.Set(tips.size());
  for (const std::string_view tip : tips) reply.Bulk(tip);
  const size_t specs = (row.keys.access != KeySpec::kNone ? 1u : 0u) +
                       (row.keys2.access != KeySpec::kNone ? 1u : 0u);
  reply.Set(specs);
  if (row.keys.access != KeySpec::kNone) ReplyKeySpec(row.keys, reply);
  if (row.keys2.access != KeySpec::kNone) ReplyKeySpec(row.keys2, reply);
  reply.Set(row.subcommands.size());
  for (const Command& sub : row.subcommands) ReplyCommandInfo(sub, reply);
}

void ReplyCommandDocs(const Command& row, ReplyWriter& reply) {
  std::vector<std::pair<std::string_view, std::string_view>> texts = {
      {"summary", row.summary}, {"since", row.since}, {"group", row.group}};
  if (!row.complexity.empty()) texts.emplace_back("complexity", row.complexity);
  const auto deprecated = Split(row.deprecated, '|');
  const bool old = !deprecated.empty();
  reply.Map(texts.size() + (old ? 2 : 0) + (old && deprecated.size() > 1 ? 1 : 0) +
            (row.subcommands.empty() ? 0 : 1));
  for (const auto& [name, text] : texts) {
    reply.Bulk(name);
    reply.Bulk(text);
  }
  if (old) {
    reply.Bulk("doc_flags");
    reply.Set(1);
    reply.Simple("deprecated");
    reply.Bulk("deprecated_since");
    reply.Bulk(deprecated[0]);
    if (deprecated.size() > 1) {
      reply.Bulk("replaced_by");
      reply.Bulk(deprecated[1]);
    }
  }
  if (row.subcommands.empty()) return;
  reply.Bulk("subcommands");
  reply.Map(row.subcommands.size());
  for (const Command& sub : row.subcommands) {
    reply.Bulk(CommandTable::FullName(sub));
    ReplyCommandDocs(sub, reply);
  }
}

}  // namespace tideway::resp
