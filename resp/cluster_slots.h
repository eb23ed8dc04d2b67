// Redis Cluster's hash slots
// (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/).
#pragma once

#include <cstdint>
#include <string_view>

namespace tideway::resp {

inline constexpr int kClusterSlots = 16384;

/// CRC16 (XMODEM) of the key, or of its first non-empty {hash tag}, modulo 16384.
int KeySlot(std::string_view key);

}  // namespace tideway::resp
