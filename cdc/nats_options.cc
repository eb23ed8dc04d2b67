#include "cdc/nats_options.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace tideway::cdc {
namespace {

constexpr size_t kHostBytesMax = 253;  // of a DNS name

Error Wrong(std::string what) { return {Errc::kInvalidArgument, std::move(what)}; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// nullopt when a % is not followed by two hex digits, or when a zero byte comes out.
std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    decoded += c;
  }
  return decoded;
}

Status ParseUser(std::string_view text, NatsOptions& options) {
  if (text.find_first_of("@,") != std::string_view::npos) {
    return Wrong(
        "user and password stand once, before the first server; '@' and ',' in them are "
        "percent-encoded");
  }
  const size_t colon = text.find(':');
  const auto user = PercentDecoded(text.substr(0, colon));
  if (!user || user->empty()) return Wrong("the user before '@' is empty or badly percent-encoded");
  if (colon == std::string_view::npos) {
    options.token = *user;
    return Ok();
  }
  const auto password = PercentDecoded(text.substr(colon + 1));
  if (!password) return Wrong("the password is badly percent-encoded");
  options.user = *user;
  options.password = *password;
  return Ok();
}

bool IsHost(std::string_view host) {
  return !host.empty() && host.size() <= kHostBytesMax &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_' || c == ':';
         });
}

Result<std::string> ParseServer(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  bool bracketed = false;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return Wrong("'[' of a server without ']'");
    host = text.substr(1, end - 1);
    bracketed = true;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return Wrong("only a port may follow the ']' of a server");
    if (!rest.empty()) port = rest.substr(1);
    if (!rest.empty() && port.empty()) return Wrong("a server has ':' without a port");
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return Wrong("a server has ':' without a port");
  }
  if (!IsHost(host) || (!bracketed && host.find(':') != std::string_view::npos)) {
    return Wrong(
        "a server's host is empty or has characters that no host name has (the form is "
        "nats://[user:password@]host[:port][,host[:port]...])");
  }
  uint16_t number = NatsOptions::kDefaultPort;
  if (!port.empty()) {
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (failed != std::errc() || end != port.data() + port.size() || number == 0) {
      return Wrong("a server's port is not a number from 1 to 65535");
    }
  }
  const std::string shown = bracketed ? "[" + std::string(host) + "]" : std::string(host);
  return "nats://" + shown + ":" + std::to_string(number);
}

Status Check(const NatsOptions& options) {
  const int ways = (options.user.empty() ? 0 : 1) + (options.token.empty() ? 0 : 1) +
                   (options.credentials_file.empty() ? 0 : 1) + (options.nkey.empty() ? 0 : 1);
  if (ways > 1) {
    return Wrong("only one of user, token, bus-credentials-file and bus-nkey may be given");
  }
  if (options.nkey.empty() != options.nkey_seed_file.empty()) {
    return Wrong("bus-nkey and bus-nkey-seed-file go together");
  }
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    return Wrong("bus-tls-cert-file and bus-tls-key-file go together");
  }
  const bool has_files = !options.tls_ca_file.empty() || !options.tls_cert_file.empty();
  if (options.tls == NatsTls::kOff && has_files) {
    return Wrong("bus-tls is off, but there are files for TLS");
  }
  if (options.tls == NatsTls::kOn && !options.tls_ca_file.empty()) {
    return Wrong("bus-tls-ca-file needs bus-tls verify: with on, no server is verified");
  }
  return Ok();
}

}  // namespace

Result<NatsOptions> ParseNatsOptions(std::string_view address, NatsOptions given) {
  NatsOptions options = std::move(given);
  bool scheme_tls = false;
  if (address.starts_with("nats://")) {
    address.remove_prefix(7);
  } else if (address.starts_with("tls://")) {
    address.remove_prefix(6);
    scheme_tls = true;
  } else {
    return Wrong("the address must begin with nats:// or tls://");
  }
  if (const size_t at = address.rfind('@'); at != std::string_view::npos) {
    if (const Status user = ParseUser(address.substr(0, at), options); !user.ok()) {
      return user.error();
    }
    address.remove_prefix(at + 1);
  }
  while (true) {
    const size_t comma = address.find(',');
    std::string_view text = address.substr(0, comma);
    if (comma == std::string_view::npos && text.ends_with('/')) text.remove_suffix(1);
    auto server = ParseServer(text);
    if (!server.ok()) return server.error();
    options.servers.push_back(std::move(server).value());
    if (comma == std::string_view::npos) break;
    address.remove_prefix(comma + 1);
  }
  if (options.servers.size() > NatsOptions::kHostsMax) {
    return Wrong(std::to_string(options.servers.size()) + " servers, at most " +
                 std::to_string(NatsOptions::kHostsMax));
  }
  if (options.tls == NatsTls::kOff && scheme_tls) {
    return Wrong("bus-tls is off, but the address begins with tls://");
  }
  if (options.tls == NatsTls::kAuto) {
    const bool has_files = !options.tls_ca_file.empty() || !options.tls_cert_file.empty();
    options.tls = scheme_tls || has_files ? NatsTls::kVerify : NatsTls::kOff;
  }
  if (const Status checked = Check(options); !checked.ok()) return checked.error();
  return options;
}

}  // namespace tideway::cdc
