#include "backend/tidb/large_value.h"

#include <array>
#include <charconv>

#include "backend/data/hash_value.h"
#include "backend/data/set_value.h"

namespace tideway::backend {
namespace {

// A packet is complete when it has so much.
constexpr size_t kPacketBytes = size_t{512} << 10;

bool TakeNumber(std::string_view& text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

std::string_view BytesOf(const MemberHash& hash) { return {hash.data(), hash.size()}; }

}  // namespace

uint64_t IncarnationOf(uint64_t start_ts, uint32_t index) {
  uint64_t reversed = 0;
  for (int bit = 0; bit < 64; ++bit) reversed |= ((start_ts >> bit) & 1) << (63 - bit);
  // A timestamp's highest four bits are zero for some centuries.
  return (reversed & ~uint64_t{kLargeValuesMax - 1}) | (index % kLargeValuesMax);
}

std::string LargeSizeText(const LargeSize& size) {
  std::string text;
  if (size.members) text = std::to_string(*size.members) + ",";
  return text + std::to_string(size.bytes);
}

std::optional<LargeSize> ReadLargeSize(std::string_view text) {
  LargeSize size;
  if (!TakeNumber(text, size.bytes)) return std::nullopt;
  if (text.empty()) return size;
  size.members = size.bytes;
  if (text[0] != ',') return std::nullopt;
  text.remove_prefix(1);
  if (!TakeNumber(text, size.bytes) || !text.empty()) return std::nullopt;
  return size;
}

// --- PartsWriter

void PartsWriter::Begin(uint64_t incarnation, const SqlKey& key) {
  SqlText sql(owners_);
  sql.Sql(owners_.empty() ? "INSERT INTO tw_incarnations (incarnation,db,k) VALUES (" : ",(");
  sql.Number(incarnation).Sql(",").Number(key.db).Sql(",").Bytes(key.key).Sql(")");
}

void PartsWriter::PutPiece(uint64_t incarnation, uint32_t number, std::string_view bytes) {
  const std::array<char, 4> part = {static_cast<char>(number >> 24),
                                    static_cast<char>(number >> 16), static_cast<char>(number >> 8),
                                    static_cast<char>(number)};
  Put(incarnation, {part.data(), part.size()}, std::nullopt, bytes);
}

void PartsWriter::PutMember(uint64_t incarnation, std::string_view member,
                            std::optional<std::string_view> value) {
  Put(incarnation, BytesOf(HashMember(member)), member, value);
}

void PartsWriter::Put(uint64_t incarnation, std::string_view part,
                      std::optional<std::string_view> member,
                      std::optional<std::string_view> value) {
  SqlText sql(puts_);
  sql.Sql(puts_.empty() ? "REPLACE INTO tw_parts (incarnation,part,f,v) VALUES (" : ",(");
  sql.Number(incarnation).Sql(",").Bytes(part).Sql(",");
  member ? sql.Bytes(*member) : sql.Null();
  sql.Sql(",");
  value ? sql.Bytes(*value) : sql.Null();
  sql.Sql(")");
  SendIfMuch();
}

void PartsWriter::EraseMember(uint64_t incarnation, std::string_view member) {
  SqlText sql(erases_);
  sql.Sql(erases_.empty() ? "DELETE FROM tw_parts WHERE (incarnation,part) IN ((" : ",(");
  sql.Number(incarnation).Sql(",").Bytes(BytesOf(HashMember(member))).Sql(")");
  SendIfMuch();
}

void PartsWriter::SendIfMuch() {
  if (puts_.size() + erases_.size() < kPacketBytes) return;
  std::string packet = Finish();
  packet.pop_back();
  packets_.push_back(std::move(packet));
}

std::string PartsWriter::Finish() {
  std::string statements;
  for (std::string* const statement : {&owners_, &puts_, &erases_}) {
    if (statement->empty()) continue;
    statements += *statement;
    statements += statement == &erases_ ? ");" : ";";
    statement->clear();
  }
  return statements;
}

// --- members of an entry

void ForEachMember(const Entry& entry,
                   FunctionRef<void(std::string_view, std::optional<std::string_view>)> fn) {
  Entry* const handle = const_cast<Entry*>(&entry);  // the handles have no const form; only read
  if (entry.type() == ValueType::kHash) {
    HashValue(handle).ForEach(
        [&](std::string_view field, std::string_view value) { fn(field, value); });
  } else {
    SetValue(handle).ForEach([&](std::string_view member) { fn(member, std::nullopt); });
  }
}

std::optional<std::string_view> FindMember(const Entry& entry, std::string_view member) {
  Entry* const handle = const_cast<Entry*>(&entry);
  if (entry.type() == ValueType::kHash) return HashValue(handle).Get(member);
  if (!SetValue(handle).Contains(member)) return std::nullopt;
  return std::string_view();
}

uint64_t MemberBytes(const Entry& entry) {
  uint64_t bytes = 0;
  ForEachMember(entry, [&](std::string_view member, std::optional<std::string_view> value) {
    bytes += member.size() + (value ? value->size() : 0);
  });
  return bytes;
}

}  // namespace tideway::backend
