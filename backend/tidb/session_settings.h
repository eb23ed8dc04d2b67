// What an SQL session must be set to before it may carry data, and the check that it is.
//
// Each setting answers a way in which a session could read old data, commit something else than
// one optimistic transaction, or understand a statement differently: a cluster's global defaults,
// an init_connect of its administrator or a proxy may have any of them changed. So every new
// connection runs SessionSetSql(), then SessionCheckSql(), and is used only when CheckSession()
// accepts the answer; connections that were reset or changed their user do it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "backend/result.h"

namespace tideway::backend {

/// The oldest TiDB that knows all the variables. Tests run on v8.5.
inline constexpr uint32_t kTidbVersionMajorMin = 8;
inline constexpr uint32_t kTidbVersionMinorMin = 1;

/// Of the server's version text, as in the handshake and in VERSION() ("8.0.11-TiDB-v8.5.4"):
/// kUnsupported when it is no TiDB or too old a one. Before SessionSetSql(), so that the error is
/// about the server and not about some variable. A build without release number is let pass.
Status CheckServerVersion(std::string_view version);

/// One variable: `value` as SQL for SET, `shown` as SELECT @@name answers then.
struct SessionSetting {
  std::string_view name;
  std::string_view value;
  std::string_view shown;
};
std::span<const SessionSetting> SessionSettings();

/// `SET a=…,b=…`: one statement.
const std::string& SessionSetSql();
/// `SELECT @@a,@@b,…`: one row.
const std::string& SessionCheckSql();

/// What the check learns on the way.
struct SessionFacts {
  /// Bytes of one packet, so of all statements that are sent at once. At least kPacketBytesMin.
  size_t max_allowed_packet = 0;
};

/// Smallest max_allowed_packet that is accepted: a row of 64 KB and its key, twice as long in hex,
/// in a batch of a few.
inline constexpr size_t kPacketBytesMin = size_t{1} << 20;

/// Judges the row of SessionCheckSql(), a value for each column, nullopt for NULL. kUnsupported
/// names the variable, what it is and what it must be.
Result<SessionFacts> CheckSession(std::span<const std::optional<std::string_view>> row);

}  // namespace tideway::backend
