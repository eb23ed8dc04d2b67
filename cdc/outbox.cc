#include "cdc/outbox.h"

#include <utility>

namespace tideway::cdc {
namespace {
constexpr size_t kBytesKept = size_t{1} << 20;
constexpr size_t kEntriesKept = 16 * 1024;
}  // namespace

void Outbox::Push(const Entry& entry) {
  entries_.push_back({entry.kind, entry.topic, static_cast<uint32_t>(entry.subject.size()),
                      static_cast<uint32_t>(entry.name.size()),
                      static_cast<uint32_t>(entry.payload.size())});
  bytes_.append(entry.subject).append(entry.name).append(entry.payload);
}

Outbox::Entry Outbox::Take() {
  const Header& header = entries_[next_++];
  const std::string_view bytes = std::string_view(bytes_).substr(taken_);
  Entry entry{header.kind, header.topic, bytes.substr(0, header.subject_bytes),
              bytes.substr(header.subject_bytes, header.name_bytes),
              bytes.substr(header.subject_bytes + header.name_bytes, header.payload_bytes)};
  taken_ += header.subject_bytes + header.name_bytes + header.payload_bytes;
  return entry;
}

void Outbox::Clear() {
  entries_.clear();
  bytes_.clear();
  next_ = taken_ = 0;
  if (entries_.capacity() > kEntriesKept) std::vector<Header>().swap(entries_);
  if (bytes_.capacity() > kBytesKept) std::string().swap(bytes_);
}

void Outbox::Swap(Outbox& other) {
  entries_.swap(other.entries_);
  bytes_.swap(other.bytes_);
  std::swap(next_, other.next_);
  std::swap(taken_, other.taken_);
}

}  // namespace tideway::cdc
