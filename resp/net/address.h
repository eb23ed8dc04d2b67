// Socket addresses as settings write them and as CLIENT LIST shows them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "backend/result.h"

namespace tideway::resp {

/// An address that bind() and connect() take.
class SocketAddress {
 public:
  SocketAddress() = default;
  int family() const { return storage_.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  void set_size(socklen_t size) { size_ = size; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = sizeof(sockaddr_storage);
};

/// "*" (any IPv4), "::*" (any IPv6), a numeric address, or a name of this machine.
Result<SocketAddress> ResolveBindAddress(const std::string& text, uint16_t port);

/// "127.0.0.1:40000" or "[::1]:40000"; "?:0" when the socket is gone.
std::string PeerAddress(int fd);
std::string LocalAddress(int fd);
/// True when the peer is this machine.
bool IsLoopback(int fd);

}  // namespace tideway::resp
