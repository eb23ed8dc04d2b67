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

/// Used inside turns of worker 0, but for construction and Listen() before Start(): on its thread,
/// or on another that holds every worker's turn.
class Listener {
 public:
  Listener(ServerContext& server, std::vector<std::unique_ptr<IoThread>>& threads);
  ~Listener();

  /// Opens every socket that the settings name. An address written with a leading '-' may be
  /// missing on this machine; any other failure is an error that names the address.
  Status Listen(const Settings& settings);
  /// Begins to accept.
  void Start();
  /// Listens on the TCP port and addresses of `now` instead of those of `before`; clients that are
  /// connected stay. On an error it listens as before, and the error is CONFIG SET's.
  Status Rebind(const Settings& before, const Settings& now);
  /// Refuses new connections from now on and removes the unix socket.
  void Stop();

 private:
  struct Socket;
  using Sockets = std::vector<std::shared_ptr<Socket>>;
  Result<Sockets> OpenTcp(const Settings& settings);
  Result<std::shared_ptr<Socket>> ListenTcp(const std::string& address, uint16_t port, int backlog);
  static void Close(Sockets& sockets);
  Status ReopenTcp(const Settings& before, const Settings& now);
  Status ListenUnix(const Settings& settings);
  void Accept(const std::shared_ptr<Socket>& socket);
  void AcceptWaiting(const std::shared_ptr<Socket>& socket);
  void Serve(Socket& socket, int fd);
  bool Admit(Socket& socket, int fd, const std::string& peer);

  ServerContext& server_;
  std::vector<std::unique_ptr<IoThread>>& threads_;
  Sockets tcp_;
  Sockets unix_;  // at most one
  bool accepting_ = false;
  std::string unix_path_;
  size_t next_thread_ = 0;
};

}  // namespace tideway::resp
