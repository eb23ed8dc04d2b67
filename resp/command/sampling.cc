#include "resp/command/sampling.h"

#include <limits>
#include <utility>

#include "resp/command/arguments.h"
#include "resp/command/errors.h"

namespace tideway::resp {
namespace {
// Below one part in this many of the collection, repeated draws are rare and cheaper than a copy.
constexpr size_t kDrawRatio = 3;
}  // namespace

std::optional<int64_t> SampleCountOrReply(std::string_view text, ReplyWriter& reply) {
  const auto count = IntegerOrReply(text, reply);
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (count && *count < -kMax) {
    reply.Error("ERR value is out of range, value must between " + std::to_string(-kMax) + " and " +
                std::to_string(kMax));
    return std::nullopt;
  }
  return count;
}

std::vector<std::string> SampleDistinct(backend::View& view, size_t size, size_t count,
                                        const std::function<std::vector<std::string>()>& all,
                                        const std::function<std::string(uint64_t)>& random) {
  if (count * kDrawRatio < size) {
    std::unordered_set<std::string> seen;
    std::vector<std::string> sample;
    sample.reserve(count);
    while (sample.size() < count) {
      auto [item, fresh] = seen.insert(random(view.Random()));
      if (fresh) sample.push_back(*item);
    }
    return sample;
  }
  // The first `count` steps of a Fisher-Yates shuffle.
  std::vector<std::string> items = all();
  for (size_t i = 0; i < count; ++i) {
    std::swap(items[i], items[i + view.Random() % (items.size() - i)]);
  }
  items.resize(count);
  return items;
}

}  // namespace tideway::resp
