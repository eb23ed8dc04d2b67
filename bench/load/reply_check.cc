#include "bench/load/reply_check.h"

#include <algorithm>
#include <string>

#include "bench/error.h"

namespace tideway::bench {
namespace {

[[noreturn]] void Unexpected(std::string_view bytes) {
  throw BenchError("an unexpected reply: " + std::string(bytes.substr(0, 120)));
}

}  // namespace

bool ReplyCheck::Feed(std::string_view bytes) {
  if (batch_ == nullptr) Unexpected(bytes);
  const bool at_start = seen_ == 0;
  if (at_start && bytes.starts_with('-')) Unexpected(bytes);
  if (match_ == Match::kLines) {
    seen_ += static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    if (seen_ > batch_->reply_lines) Unexpected(bytes);
    return seen_ == batch_->reply_lines;
  }
  if (seen_ + bytes.size() > batch_->reply.size()) Unexpected(bytes);
  if (match_ == Match::kExact && batch_->reply.compare(seen_, bytes.size(), bytes) != 0) {
    Unexpected(bytes);
  }
  seen_ += bytes.size();
  return seen_ == batch_->reply.size();
}

}  // namespace tideway::bench
