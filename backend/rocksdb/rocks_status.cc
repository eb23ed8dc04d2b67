#include "backend/rocksdb/rocks_status.h"

#include <fmt/core.h>

namespace tideway::backend {

Error FromRocks(std::string_view what, const rocksdb::Status& status) {
  Errc code = Errc::kIo;
  if (status.IsCorruption()) code = Errc::kCorrupt;
  if (status.IsNotSupported()) code = Errc::kUnsupported;
  if (status.IsInvalidArgument()) code = Errc::kInvalidArgument;
  if (status.IsNotFound()) code = Errc::kNotFound;
  return Error{code, fmt::format("{}: {}", what, status.ToString())};
}

Status ToStatus(std::string_view what, const rocksdb::Status& status) {
  if (status.ok()) return Ok();
  return FromRocks(what, status);
}

}  // namespace tideway::backend
