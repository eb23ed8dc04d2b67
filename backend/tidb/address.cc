#include "backend/tidb/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace tideway::backend {
namespace {

constexpr std::string_view kScheme = "tidb://";
constexpr size_t kUserBytesMax = 32;      // MySQL's and TiDB's limit
constexpr size_t kDatabaseBytesMax = 64;  // theirs too
constexpr size_t kHostBytesMax = 253;     // of a DNS name
constexpr uint32_t kConnectTimeoutMsMin = 100;
constexpr uint32_t kConnectTimeoutMsMax = 60'000;
constexpr uint32_t kLifetimeSMin = 10;
constexpr uint32_t kLifetimeSMax = 86'400;
constexpr std::array<std::string_view, 5> kOptions = {"tls", "ca", "connections", "connect-timeout",
                                                      "connection-lifetime"};

Error Wrong(std::string what) {
  return {Errc::kInvalidArgument, "backend tidb:// address: " + std::move(what)};
}

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// nullopt when a % is not followed by two hex digits, or when a zero byte comes out.
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

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~$/";
  std::string encoded;
  for (const char c : text) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum || kPlain.find(c) != kPlain.npos) {
      encoded += c;
    } else {
      const uint8_t byte = static_cast<uint8_t>(c);
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

std::optional<uint32_t> Number(std::string_view text) {
  uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

/// Splits at the first `separator`; the second part is nullopt when there is none.
std::pair<std::string_view, std::optional<std::string_view>> Split(std::string_view text,
                                                                   char separator) {
  const size_t at = text.find(separator);
  if (at == text.npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

/// Levenshtein's distance.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

std::string_view NearestOption(std::string_view name) {
  return *std::min_element(kOptions.begin(), kOptions.end(), [&](auto a, auto b) {
    return EditDistance(name, a) < EditDistance(name, b);
  });
}

bool IsIpv6(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool IsLoopback(const TidbHost& host) {
  if (host.host == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool IsHostName(std::string_view host) {
  return !host.empty() && host.size() <= kHostBytesMax &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

bool IsDatabaseName(std::string_view name) {
  return !name.empty() && name.size() <= kDatabaseBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '$' || c == '-';
         });
}

/// `name_values`: false while the text may be a user and a password whose '@' was forgotten.
Result<TidbHost> ParseHost(std::string_view text, bool name_values) {
  std::string host;
  std::optional<std::string_view> port;
  if (!text.empty() && text.front() == '[') {
    const auto [inside, after] = Split(text.substr(1), ']');
    host = inside;
    if (!after || !IsIpv6(host) || (!after->empty() && after->front() != ':'))
      return Wrong("no IPv6 address between [ and ]" +
                   (name_values ? " in " + Quoted(text) : std::string()));
    if (!after->empty()) port = after->substr(1);
  } else {
    const auto [name, rest] = Split(text, ':');
    host = name;
    port = rest;
    if (!IsHostName(name))
      return Wrong(name.empty()  ? "a host is missing"
                   : name_values ? Quoted(name) + " is not a host name"
                                 : "what comes after tidb:// is not a host name");
  }
  if (!port) return TidbHost{host, TidbAddress::kDefaultPort};
  const std::optional<uint32_t> number = Number(*port);
  if (number && *number >= 1 && *number <= UINT16_MAX)
    return TidbHost{host, static_cast<uint16_t>(*number)};
  if (name_values)
    return Wrong("port " + Quoted(*port) + " of host " + Quoted(host) + " is not 1 to 65535");
  return Wrong(
      "what comes after the ':' is no port from 1 to 65535 (if it is a password, '@' and "
      "a host must follow)");
}

Status ParseHosts(std::string_view text, bool name_values, TidbAddress& address) {
  for (std::optional<std::string_view> rest = text; rest;) {
    const auto [one, others] = Split(*rest, ',');
    Result<TidbHost> host = ParseHost(one, name_values);
    if (!host.ok()) return host.error();
    address.hosts.push_back(std::move(host).value());
    rest = others;
  }
  if (address.hosts.size() > TidbAddress::kHostsMax)
    return Wrong(std::to_string(address.hosts.size()) + " hosts, at most " +
                 std::to_string(TidbAddress::kHostsMax));
  return Ok();
}

Status ParseUser(std::string_view text, TidbAddress& address) {
  const auto [user, password] = Split(text, ':');
  if (!user.empty()) {
    const std::optional<std::string> decoded = PercentDecoded(user);
    if (!decoded || decoded->size() > kUserBytesMax)
      return Wrong("user " + Quoted(user) + " is not at most 32 bytes, with '%' as %25");
    address.user = *decoded;
  }
  if (password) {
    std::optional<std::string> decoded = PercentDecoded(*password);
    if (!decoded)
      return Wrong("the password has a '%' that is no %XX of a byte other than zero; write %25");
    address.password = std::move(*decoded);
  }
  return Ok();
}

struct Options {
  std::optional<TidbTls> tls;
  bool has_ca = false;
};

Result<uint32_t> NumberBetween(std::string_view name, std::string_view value, uint32_t min,
                               uint32_t max) {
  const std::optional<uint32_t> number = Number(value);
  if (number && *number >= min && *number <= max) return *number;
  return Wrong("option " + std::string(name) + "=" + std::string(value) + " is not a number from " +
               std::to_string(min) + " to " + std::to_string(max));
}

Status ParseOption(std::string_view name, std::string_view value, Options& given,
                   TidbAddress& address) {
  if (name == "tls") {
    if (value == "off") {
      given.tls = TidbTls::kOff;
    } else if (value == "on") {
      given.tls = TidbTls::kOn;
    } else if (value == "verify") {
      given.tls = TidbTls::kVerify;
    } else {
      return Wrong("option tls=" + std::string(value) + " is not off, on or verify");
    }
  } else if (name == "ca") {
    if (value.empty()) return Wrong("option ca= names no file");
    address.ca_file = value;
    given.has_ca = true;
  } else if (name == "connections") {
    const Result<uint32_t> number = NumberBetween(name, value, 1, TidbAddress::kConnectionsMax);
    if (!number.ok()) return number.error();
    address.connections = number.value();
  } else if (name == "connect-timeout") {
    const Result<uint32_t> number =
        NumberBetween(name, value, kConnectTimeoutMsMin, kConnectTimeoutMsMax);
    if (!number.ok()) return number.error();
    address.connect_timeout = std::chrono::milliseconds(number.value());
  } else if (name == "connection-lifetime") {
    const Result<uint32_t> number =
        NumberBetween(name, value, value == "0" ? 0 : kLifetimeSMin, kLifetimeSMax);
    if (!number.ok()) return number.error();
    address.connection_lifetime = std::chrono::seconds(number.value());
  } else {
    return Wrong("unknown option " + Quoted(name) + "; did you mean " +
                 Quoted(NearestOption(name)) + "?");
  }
  return Ok();
}

Status ParseOptions(std::string_view text, TidbAddress& address) {
  Options given;
  std::vector<std::string_view> seen;
  for (std::optional<std::string_view> rest = text; rest && !rest->empty();) {
    const auto [option, others] = Split(*rest, '&');
    rest = others;
    const auto [name, value] = Split(option, '=');
    const std::optional<std::string> decoded = PercentDecoded(value.value_or(""));
    if (!decoded) return Wrong("option " + std::string(option) + " has a '%' that is no %XX");
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      return Wrong("option " + Quoted(name) + " is given twice");
    seen.push_back(name);
    if (Status parsed = ParseOption(name, *decoded, given, address); !parsed.ok()) return parsed;
  }
  if (given.has_ca && given.tls.value_or(TidbTls::kVerify) != TidbTls::kVerify)
    return Wrong("option ca goes with tls=verify only: otherwise no certificate is verified");
  const bool local = std::all_of(address.hosts.begin(), address.hosts.end(), IsLoopback);
  address.tls = given.tls.value_or(local && !given.has_ca ? TidbTls::kOff : TidbTls::kVerify);
  return Ok();
}

}  // namespace

std::string TidbAddress::Redacted() const {
  std::string text(kScheme);
  text += PercentEncoded(user);
  if (!password.empty()) text += ":***";
  text += '@';
  for (size_t i = 0; i < hosts.size(); ++i) {
    if (i > 0) text += ',';
    const bool v6 = hosts[i].host.find(':') != std::string::npos;
    text += v6 ? "[" + hosts[i].host + "]" : hosts[i].host;
    text += ':' + std::to_string(hosts[i].port);
  }
  text += '/' + PercentEncoded(database);
  constexpr std::array<std::string_view, 3> kTlsWords = {"off", "on", "verify"};
  text += "?tls=";
  text += kTlsWords[static_cast<size_t>(tls)];
  if (!ca_file.empty()) text += "&ca=" + PercentEncoded(ca_file);
  text += "&connections=" + std::to_string(connections);
  text += "&connect-timeout=" + std::to_string(connect_timeout.count());
  text += "&connection-lifetime=" + std::to_string(connection_lifetime.count());
  return text;
}

Result<TidbAddress> ParseTidbAddress(std::string_view uri) {
  if (uri.substr(0, kScheme.size()) != kScheme) return Wrong("it does not begin with tidb://");
  const std::string_view text = uri.substr(kScheme.size());
  const size_t authority_end = std::min(text.find_first_of("/?"), text.size());
  const std::string_view authority = text.substr(0, authority_end);
  const std::string_view after = text.substr(authority_end);
  // An '@' behind the hosts: a password with a bare '/' or '?' was cut in two. Then no part of the
  // text can be named.
  if (after.find('@') != after.npos)
    return Wrong(
        "an '@' after the hosts; in a password write %2F for '/', %3F for '?', %40 for "
        "'@', and in options %40");
  TidbAddress address;
  const size_t at = authority.rfind('@');
  const bool has_user = at != authority.npos;
  if (has_user) {
    Status parsed = ParseUser(authority.substr(0, at), address);
    if (!parsed.ok()) return parsed.error();
  }
  const std::string_view hosts = has_user ? authority.substr(at + 1) : authority;
  if (Status parsed = ParseHosts(hosts, has_user, address); !parsed.ok()) return parsed.error();

  const auto [path, options] = Split(after, '?');
  if (path.size() > 1) {
    const std::optional<std::string> database = PercentDecoded(path.substr(1));
    if (!database || !IsDatabaseName(*database))
      return Wrong("database " + Quoted(path.substr(1)) +
                   " is not 1 to 64 letters, digits, '_', '$' and '-'");
    address.database = *database;
  }
  if (Status parsed = ParseOptions(options.value_or(""), address); !parsed.ok())
    return parsed.error();
  return address;
}

}  // namespace tideway::backend
