// Values that do not fit into a row: they lie in tw_parts, under a number of their own.
//
// A string lies there in pieces, which are written once and never changed. Hashes and sets lie
// there member by member, so that a command reads and writes those that it names; whoever writes
// one also writes the key's row, which is where two writers meet. The row names the incarnation and
// what it holds (LargeSize). An overwritten or deleted key leaves its incarnation behind, for the
// collector, which finds by tw_incarnations whom it belonged to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/data/entry.h"
#include "backend/data/stable_scan.h"
#include "backend/result.h"
#include "backend/tidb/sql_connection.h"
#include "backend/tidb/sql_text.h"

namespace tideway::backend {

/// Bytes of a string's piece. In hex it fits into the smallest max_allowed_packet that is accepted.
inline constexpr size_t kPartBytes = size_t{256} << 10;
/// Longest member with its value: TiDB takes rows of 6 MiB (txn-entry-size-limit).
inline constexpr size_t kMemberBytesMax = (size_t{6} << 20) - (size_t{64} << 10);

/// A number for the `index`th large value of a transaction: the bits of its start_ts in reverse, so
/// that writers of one moment write all over the table.
uint64_t IncarnationOf(uint64_t start_ts, uint32_t index);
/// More than so many new large values in one transaction have no numbers.
inline constexpr uint32_t kLargeValuesMax = 16;

/// What column v of a row says about its incarnation: "bytes" of a string, "members,bytes" of a
/// hash or set.
struct LargeSize {
  uint64_t bytes = 0;
  std::optional<uint64_t> members;
};
std::string LargeSizeText(const LargeSize& size);
/// nullopt for what we do not write.
std::optional<LargeSize> ReadLargeSize(std::string_view text);

/// Writes rows of tw_parts: packets of many rows, to be sent before the one that commits.
class PartsWriter {
 public:
  /// Puts full packets into `packets`.
  explicit PartsWriter(std::vector<std::string>& packets) : packets_(packets) {}

  /// `key` is to own the incarnation.
  void Begin(uint64_t incarnation, const SqlKey& key);
  void PutPiece(uint64_t incarnation, uint32_t number, std::string_view bytes);
  void PutMember(uint64_t incarnation, std::string_view member,
                 std::optional<std::string_view> value);
  void EraseMember(uint64_t incarnation, std::string_view member);
  /// The statements that are left, each with a semicolon: few enough for the packet that commits.
  std::string Finish();

 private:
  void Put(uint64_t incarnation, std::string_view part, std::optional<std::string_view> member,
           std::optional<std::string_view> value);
  void SendIfMuch();

  std::vector<std::string>& packets_;
  std::string owners_;
  std::string puts_;
  std::string erases_;
};

/// Calls fn(member, value) for each member of a hash or set that is shown; a set's have no value.
void ForEachMember(
    const Entry& entry,
    FunctionRef<void(std::string_view member, std::optional<std::string_view> value)> fn);
/// The value of a member that is shown: an empty one for a set's.
std::optional<std::string_view> FindMember(const Entry& entry, std::string_view member);
/// Members with their values, of those that are shown.
uint64_t MemberBytes(const Entry& entry);

}  // namespace tideway::backend
