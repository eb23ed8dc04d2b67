#include "backend/rocksdb/group.h"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>

#include "backend/rocksdb/bytes.h"

namespace tideway::backend {
namespace {

constexpr char kGroupKeyTag = 'j';
constexpr uint32_t kContinues = 0x80000000;

}  // namespace

void Group::Add(CommitTs commit_ts, std::string_view records, bool continues) {
  assert(records.size() <= kPartBytesMax);
  std::array<char, kFrameHeaderBytes> header;
  StoreNumber(header.data(), commit_ts);
  StoreNumber(header.data() + 8,
              static_cast<uint32_t>(records.size()) | (continues ? kContinues : 0));
  frames_.append(header.data(), header.size());
  frames_.append(records);
  newest_ = std::max(newest_, commit_ts);
  ++count_;
}

GroupKey EncodeGroupKey(Ticket first) {
  GroupKey key;
  key[0] = kGroupKeyTag;
  StoreSortable(key.data() + 1, first);
  return key;
}

GroupHeader EncodeGroupHeader(const Group& group, Ticket durable) {
  GroupHeader header;
  StoreNumber(header.data(), durable);
  StoreNumber(header.data() + 8, group.count());
  return header;
}

Result<StoredGroup> ParseGroup(std::string_view key, std::string_view value) {
  if (key.size() != kGroupKeyBytes || key[0] != kGroupKeyTag) {
    return Error{Errc::kCorrupt, "a journal record has a key of an unknown form"};
  }
  const Ticket first = LoadSortable(key.data() + 1);
  if (value.size() < kGroupHeaderBytes) {
    return Error{Errc::kCorrupt,
                 fmt::format("the journal record at ticket {} is shorter than its header", first)};
  }
  StoredGroup group;
  group.first = first;
  group.durable = LoadNumber<uint64_t>(value.data());
  group.count = LoadNumber<uint32_t>(value.data() + 8);
  group.frames = value.substr(kGroupHeaderBytes);
  if (group.count == 0) {
    return Error{Errc::kCorrupt, fmt::format("the journal record at ticket {} is empty", first)};
  }
  return group;
}

Status ForEachBatch(const StoredGroup& group, const std::function<Status(const StoredBatch&)>& fn) {
  std::string_view rest = group.frames;
  for (uint32_t i = 0; i < group.count; ++i) {
    if (rest.size() < kFrameHeaderBytes) break;
    StoredBatch batch;
    batch.ticket = group.first + i;
    batch.commit_ts = LoadNumber<CommitTs>(rest.data());
    const auto word = LoadNumber<uint32_t>(rest.data() + 8);
    const size_t length = word & ~kContinues;
    batch.continues = (word & kContinues) != 0;
    rest.remove_prefix(kFrameHeaderBytes);
    if (rest.size() < length) break;
    batch.records = rest.substr(0, length);
    if (Status status = fn(batch); !status.ok()) return status;
    rest.remove_prefix(length);
    if (i + 1 == group.count && rest.empty()) return Ok();
  }
  return Error{Errc::kCorrupt, fmt::format("the batches of the journal record at ticket {} do not "
                                           "fill it",
                                           group.first)};
}

}  // namespace tideway::backend
