// Listening sockets: TCP (IPv4, IPv6) and unix. Accepts on thread 0 and hands each connection to an
// I/O thread in turn.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "backend/result.h"
#include "resp/net/io_thread.h"

namespace tideway::resp {

/// Confined to the I/O thread whose loop it uses, but for construction and Listen() before Start().
class Listener {
 public:
  Listener(ServerContext& server, std::vector<std::unique_ptr<IoThread>>& threads);
  ~Listener();

  /// Opens every socket that the settings name. An address written with a leading '-' may be
  /// missing on this machine; any other failure is an error that names the address.
  Status Listen(const Settings& settings);
  /// Begins to accept.
  void Start();
  /// Refuses new connections from now on and removes the unix socket.
  void Stop();

  size_t tcp_sockets() const;

 private:
  struct Socket;
  Status ListenTcp(const std::string& address, uint16_t port, int backlog);
  Status ListenUnix(const Settings& settings);
  void Accept(Socket& socket);
  void Serve(Socket& socket, int fd);
  bool Admit(Socket& socket, int fd, const std::string& peer);

  ServerContext& server_;
  std::vector<std::unique_ptr<IoThread>>& threads_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::string unix_path_;
  size_t next_thread_ = 0;
};

}  // namespace tideway::resp
