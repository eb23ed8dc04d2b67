// The words of `backend tidb://…`: which TiDB servers, as whom, how.
//
//   tidb://[user[:password]@]host[:port][,host[:port]…][/database][?option=value[&option=value…]]
//
//   tidb://tideway:s%40crt@10.0.0.1:4000,10.0.0.2:4000,[fd00::3]/tideway?connections=8
//
// User, password, database and values of options are percent-decoded. Options:
//
//   tls=off|on|verify    off: plain; on: encrypted, whoever the server is; verify: encrypted, and
//                        the certificate must be of a trusted authority and for that host name
//   ca=FILE              PEM file of the authorities to trust instead of the system's; goes with
//                        tls=verify only, and means it
//   connections=N        SQL connections for each I/O thread, 1 … 64; default 4
//   connect-timeout=MS   for one attempt with TLS and authentication, 100 … 60000; default 2000
//   connection-lifetime=S  seconds after which a connection is made anew, 10 … 86400, 0: never;
//                        default 1800
//
// Without `tls` the connection is plain when all hosts are loopback ones (localhost, 127.0.0.0/8,
// [::1]): nothing leaves the machine, and a TiDB started for development has no certificate that
// could be verified. In all other cases it is `verify`: passwords and all data cross a network, and
// encryption to an unknown server keeps nobody out of the middle. So who wants less must say it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backend/result.h"

namespace tideway::backend {

enum class TidbTls : uint8_t { kOff, kOn, kVerify };

/// One server. `host` is a name or an IP address, an IPv6 one without its brackets.
struct TidbHost {
  std::string host;
  uint16_t port;
  bool operator==(const TidbHost&) const = default;
};

/// A parsed address. No string of it holds a zero byte, so all can be given to C.
struct TidbAddress {
  static constexpr uint16_t kDefaultPort = 4000;
  static constexpr size_t kHostsMax = 16;
  static constexpr uint32_t kConnectionsMax = 64;

  std::vector<TidbHost> hosts;  // in the order given, 1 … kHostsMax of them
  std::string user = "root";
  std::string password;              // may be empty
  std::string database = "tideway";  // 1 … 64 of A-Z a-z 0-9 _ $ -; safe between backticks
  TidbTls tls = TidbTls::kVerify;
  std::string ca_file;  // empty: the system's authorities
  uint32_t connections = 4;
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::seconds connection_lifetime{1800};  // 0: no limit

  /// The address with all settings and without the password, for logs and INFO.
  std::string Redacted() const;
};

/// Errors are kInvalidArgument and name what is wrong with its value, but never a byte of the
/// password: not even of one that was taken for something else because it was not percent-encoded.
Result<TidbAddress> ParseTidbAddress(std::string_view uri);

}  // namespace tideway::backend
