// The payload of DUMP and RESTORE: a value in the form of Redis's RDB files, a version and a
// CRC-64. Format: https://rdb.fnordig.de/file_format.html (values), CRC-64/Jones over everything
// before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/result.h"

namespace tideway::resp {

/// A value on its way between servers.
struct DumpedValue {
  enum class Kind : uint8_t { kString, kSet, kHash };
  Kind kind = Kind::kString;
  std::string string;
  std::vector<std::string> members;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Appends the pieces of a payload; Take() closes it.
class DumpWriter {
 public:
  explicit DumpWriter(DumpedValue::Kind kind);
  /// Number of members or fields that follow. Not for strings.
  void Count(uint64_t count) { Length(count); }
  void String(std::string_view bytes);
  /// The payload with version and checksum.
  std::string Take();

 private:
  void Length(uint64_t length);
  std::string bytes_;
};

/// Reads what this server or a Redis up to 7.0 wrote for strings, sets and hashes. Total: any bytes
/// give a value or an error. kCorrupt: version or checksum are wrong. kInvalidArgument: the value
/// is malformed or of a kind that this server does not have. Nothing larger than the payload's own
/// compression allows is made: at most `bytes_max`.
Result<DumpedValue> ReadDump(std::string_view payload, size_t bytes_max);

/// CRC-64/Jones, as RDB files have it.
uint64_t Crc64(std::string_view bytes);

}  // namespace tideway::resp
