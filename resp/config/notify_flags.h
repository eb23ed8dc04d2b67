// The letters of `notify-keyspace-events`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tideway::resp {

/// "KEA" → bits of backend::EventClass; nullopt when a character is none of Ag$lshzxeKEtmdn.
std::optional<uint32_t> ParseNotifyFlags(std::string_view text);

/// The bits in Redis's own order: A, or its parts g$lshzxetd; then n, K, E, m. (Redis 7.0 leaves
/// out the n beside an A, and then loses it at the next CONFIG REWRITE; here it is shown.)
std::string FormatNotifyFlags(uint32_t flags);

}  // namespace tideway::resp
