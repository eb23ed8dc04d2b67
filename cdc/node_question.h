// What nodes ask each other: PUBSUB CHANNELS, NUMSUB and NUMPAT count the clients of all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tideway::cdc {

struct NodeQuestion {
  enum class Kind : uint8_t {
    kChannels,       // names of channels that match `pattern`
    kShardChannels,  // the same of shard channels
    kPatterns,       // names of patterns
    kCounts,         // listeners of each of `names`
    kShardCounts,    // the same of shard channels
  };
  Kind kind = Kind::kChannels;
  std::string pattern;             // of kChannels and kShardChannels
  bool all = false;                // no pattern was given: every name
  std::vector<std::string> names;  // of kCounts and kShardCounts
};

struct NodeAnswer {
  std::vector<std::string> names;  // in no order
  std::vector<uint64_t> counts;    // one for each name that was asked about
};

/// Whether that may be a node: letters and digits, 64 at most. Answers go to a subject with it.
bool IsNode(std::string_view name);

/// As they travel, in the messages of cdc/node_message.proto. A question's number comes back with
/// its answers; an answer that is too large for one message comes as several, the last one marked.
struct NumberedQuestion {
  uint64_t number = 0;
  std::string node;  // who asks
  NodeQuestion question;
};
struct NumberedAnswer {
  uint64_t number = 0;
  std::string node;  // who answers
  bool last = true;
  NodeAnswer answer;
};

std::string Encode(const NumberedQuestion& question);
/// `bytes_max`: of one message, roughly.
std::vector<std::string> Encode(const NumberedAnswer& answer, size_t bytes_max);
/// nullopt for bytes that no node makes.
std::optional<NumberedQuestion> DecodeQuestion(std::string_view bytes);
std::optional<NumberedAnswer> DecodeAnswer(std::string_view bytes);

}  // namespace tideway::cdc
