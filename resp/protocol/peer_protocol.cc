#include "resp/protocol/peer_protocol.h"

#include <algorithm>
#include <array>

namespace tideway::resp {
namespace {

constexpr std::array<std::string_view, 10> kHttpMethods = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI"};

// A TLS record of type handshake (22), version 3.x.
constexpr std::string_view kTlsHandshake = "\x16\x03";

}  // namespace

PeerProtocol GuessPeerProtocol(std::string_view first_bytes) {
  if (first_bytes.starts_with(kTlsHandshake)) return PeerProtocol::kTls;

  std::string_view line = first_bytes.substr(0, first_bytes.find('\n'));
  const std::string_view method = line.substr(0, line.find(' '));
  if (std::find(kHttpMethods.begin(), kHttpMethods.end(), method) == kHttpMethods.end()) {
    return PeerProtocol::kRedis;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string_view version = line.substr(std::min(line.rfind(' '), line.size() - 1) + 1);
  return version.starts_with("HTTP/") ? PeerProtocol::kHttp : PeerProtocol::kRedis;
}

}  // namespace tideway::resp
