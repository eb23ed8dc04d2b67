// HRANDFIELD, SRANDMEMBER and SPOP: their count argument, and choosing without repetition.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "resp/command/command.h"

namespace tideway::resp {

/// The signed count of HRANDFIELD and SRANDMEMBER; nullopt after answering the error.
std::optional<int64_t> SampleCountOrReply(std::string_view text, ReplyWriter& reply);

/// `count` different items out of `size` (count < size). `all` gives every item; `random` gives one
/// item for a random number. A small sample of a large collection is drawn with `random` alone.
std::vector<std::string> SampleDistinct(backend::View& view, size_t size, size_t count,
                                        const std::function<std::vector<std::string>()>& all,
                                        const std::function<std::string(uint64_t)>& random);

}  // namespace tideway::resp
