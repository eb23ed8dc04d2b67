#include "resp/net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstring>

namespace tideway::resp {
namespace {

std::string Text(const SocketAddress& address) {
  char host[INET6_ADDRSTRLEN] = "?";
  if (address.family() == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(address.get());
    inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
    return std::string(host) + ":" + std::to_string(ntohs(in->sin_port));
  }
  if (address.family() == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(address.get());
    inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(in->sin6_port));
  }
  return "?:0";
}

}  // namespace

Result<SocketAddress> ResolveBindAddress(const std::string& text, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const char* node = text.c_str();
  if (text == "*" || text == "::*") {
    hints.ai_family = text == "*" ? AF_INET : AF_INET6;
    node = nullptr;
  }
  addrinfo* found = nullptr;
  const int error = getaddrinfo(node, std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return {Errc::kInvalidArgument,
            "'" + text + "' in 'bind' is no address of this machine: " + gai_strerror(error)};
  }
  SocketAddress address;
  std::memcpy(address.get(), found->ai_addr, found->ai_addrlen);
  address.set_size(found->ai_addrlen);
  freeaddrinfo(found);
  return address;
}

std::string PeerAddress(int fd) {
  SocketAddress address;
  socklen_t size = address.size();
  return getpeername(fd, address.get(), &size) == 0 ? Text(address) : "?:0";
}

std::string LocalAddress(int fd) {
  SocketAddress address;
  socklen_t size = address.size();
  return getsockname(fd, address.get(), &size) == 0 ? Text(address) : "?:0";
}

bool IsLoopback(int fd) {
  SocketAddress address;
  socklen_t size = address.size();
  if (getpeername(fd, address.get(), &size) != 0) return false;
  if (address.family() == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(address.get());
    return (ntohl(in->sin_addr.s_addr) >> 24) == 127;
  }
  const auto* in = reinterpret_cast<const sockaddr_in6*>(address.get());
  return address.family() == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
}

}  // namespace tideway::resp
