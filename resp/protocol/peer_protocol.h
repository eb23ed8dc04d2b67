// Tells clients of other protocols that reached the Redis port by mistake or by a trick.
#pragma once

#include <cstdint>
#include <string_view>

namespace tideway::resp {

enum class PeerProtocol : uint8_t {
  kRedis,  // nothing speaks against it (yet)
  kHttp,   // an HTTP request line: `GET /x HTTP/1.1`, or the start of HTTP/2
  kTls,    // a TLS ClientHello
};

/// What the first bytes of a connection look like. Call it with what has arrived, as long as no
/// request of the connection was complete.
///
/// `GET key` alone is a valid inline command, so a line is HTTP only if it ends with an HTTP
/// version. Later lines are the gate's job: Redis closes the connection at a command named `POST`
/// or `Host:`, and those are flags of rows in the command table.
PeerProtocol GuessPeerProtocol(std::string_view first_bytes);

inline bool LooksLikeHttpOrTls(std::string_view first_bytes) {
  return GuessPeerProtocol(first_bytes) != PeerProtocol::kRedis;
}

}  // namespace tideway::resp
