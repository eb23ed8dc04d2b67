// Values that do not fit into a row: they lie in tw_parts, in pieces, under a number of their own.
//
// An incarnation is written once and never changed; the key's row names it and the value's size. An
// overwritten or deleted key leaves its incarnation behind, for the collector, which finds by
// tw_incarnations whom it belonged to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/result.h"
#include "backend/tidb/sql_connection.h"
#include "backend/tidb/sql_text.h"

namespace tideway::backend {

/// Bytes of a piece. In hex it fits into the smallest max_allowed_packet that is accepted.
inline constexpr size_t kPartBytes = size_t{256} << 10;

/// A number for the `index`th large value of a transaction: the bits of its start_ts in reverse, so
/// that writers of one moment write all over the table.
uint64_t IncarnationOf(uint64_t start_ts, uint32_t index);
/// More than so many large values in one transaction have no numbers.
inline constexpr uint32_t kLargeValuesMax = 16;

/// Appends packets that write the value. `key` owns it.
void AppendLargeValue(uint64_t incarnation, const SqlKey& key, std::string_view value,
                      std::vector<std::string>& packets);

/// A SELECT of the pieces of several values, without a semicolon. Precondition: not empty.
void AppendPartsSelect(SqlText& sql, std::span<const uint64_t> incarnations);
/// The bytes of one of them; empty when it is not in the answer.
std::string JoinParts(const SqlRows& rows, uint64_t incarnation);

}  // namespace tideway::backend
