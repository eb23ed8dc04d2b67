#include "resp/bus_inbox.h"

#include <utility>

namespace tideway::resp {
namespace {
constexpr size_t kBytesKept = size_t{1} << 20;
constexpr size_t kHeadersKept = 16 * 1024;
}  // namespace

BusInbox::Pushed BusInbox::Push(const BusMessage& message) {
  const std::lock_guard lock(mutex_);
  if (waiting_.bytes.size() > kBytesMax) return Pushed::kDropped;
  waiting_.headers.push_back({message.via, static_cast<uint32_t>(message.channel.size()),
                              static_cast<uint32_t>(message.payload.size()), message.kind});
  waiting_.bytes.append(message.channel).append(message.payload);
  return std::exchange(told_, true) ? Pushed::kBehind : Pushed::kFirst;
}

bool BusInbox::Refill() {
  taken_.headers.clear();
  taken_.bytes.clear();
  if (taken_.headers.capacity() > kHeadersKept) std::vector<Header>().swap(taken_.headers);
  if (taken_.bytes.capacity() > kBytesKept) std::string().swap(taken_.bytes);
  next_ = begin_ = 0;
  const std::lock_guard lock(mutex_);
  std::swap(taken_, waiting_);
  if (!taken_.headers.empty()) return true;
  told_ = false;
  return false;
}

BusMessage BusInbox::Next() {
  const Header& header = taken_.headers[next_++];
  const std::string_view bytes = std::string_view(taken_.bytes).substr(begin_);
  begin_ += header.channel_bytes + header.payload_bytes;
  return {header.via, header.kind, bytes.substr(0, header.channel_bytes),
          bytes.substr(header.channel_bytes, header.payload_bytes)};
}

}  // namespace tideway::resp
