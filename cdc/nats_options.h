// Where the NATS servers of the bus are, and who we are to them.
//
//   nats://[user[:password]@]host[:port][,host[:port]…]
//   tls://…                                               encrypted, and the server is verified
//
//   nats://tideway:s%40crt@10.0.0.1:4222,10.0.0.2,[fd00::3]
//
// User and password are percent-decoded and hold for all servers; a user alone is a token. The
// port is 4222 where it is not given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backend/result.h"

namespace tideway::cdc {

enum class NatsTls : uint8_t {
  kAuto,    // as the address's scheme says; nats:// with files for TLS means verify
  kOff,     // plain
  kOn,      // encrypted, whoever the server is
  kVerify,  // encrypted, and the certificate is of a trusted authority and for that host
};

/// Strings hold no zero byte. Files are read at each connection.
struct NatsOptions {
  static constexpr uint16_t kDefaultPort = 4222;
  static constexpr size_t kHostsMax = 16;

  std::vector<std::string> servers;  // "nats://host:port", without user
  std::string user;
  std::string password;
  std::string token;
  std::string credentials_file;  // JWT and seed, as `nsc` writes them
  std::string nkey;              // public key "U…"; the seed stands in nkey_seed_file
  std::string nkey_seed_file;
  NatsTls tls = NatsTls::kAuto;  // never kAuto once parsed
  std::string tls_ca_file;       // empty: the system's authorities
  std::string tls_cert_file;     // ours, when the server asks for one
  std::string tls_key_file;
};

/// Fills servers, user, password, token and tls from the address; the other fields are given.
/// Errors are kInvalidArgument, name what is wrong and show no byte of a password.
Result<NatsOptions> ParseNatsOptions(std::string_view address, NatsOptions given);

}  // namespace tideway::cdc
