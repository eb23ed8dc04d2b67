#include "resp/net/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "backend/log.h"
#include "resp/config/config_command.h"
#include "resp/net/address.h"

namespace tideway::resp {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// After EMFILE and the like accept() fails at once again: wait instead of spinning.
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

constexpr std::string_view kMaxClientsError = "-ERR max number of clients reached\r\n";
constexpr std::string_view kProtectedModeError =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the default user. In this mode connections are only accepted from the loopback "
    "interface. If you want to connect from external computers to Redis you may adopt one of the "
    "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET "
    "protected-mode no' from the loopback interface by connecting to Redis from the same host the "
    "server is running, however MAKE SURE Redis is not publicly accessible from internet if you do "
    "so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable "
    "the protected mode by editing the Redis configuration file, and setting the protected mode "
    "option to 'no', and then restarting the server. 3) If you started the server manually just "
    "for testing, restart it with the '--protected-mode no' option. 4) Set up an authentication "
    "password for the default user. NOTE: You only need to do one of the above things in order for "
    "the server to start accepting connections from the outside.\r\n";

std::string ErrnoText() { return std::strerror(errno); }

void SetOption(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

void ConfigureTcp(int fd, std::chrono::seconds keepalive) {
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (keepalive.count() <= 0) return;
  const int seconds = static_cast<int>(keepalive.count());
  // As Redis: the first probe after the interval, a third of it between probes, three probes.
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(seconds / 3, 1));
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace

struct Listener::Socket {
  explicit Socket(asio::io_context& io) : acceptor(io), retry(io) {}
  asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor;
  asio::steady_timer retry;
  int family = 0;
};

Listener::Listener(ServerContext& server, std::vector<std::unique_ptr<IoThread>>& threads)
    : server_(server), threads_(threads) {}

Listener::~Listener() = default;

Status Listener::Listen(const Settings& settings) {
  auto opened = OpenTcp(settings);
  if (!opened.ok()) {
    return {opened.error().code, opened.error().detail + ". Failed listening on port " +
                                     std::to_string(settings.port) + " (TCP), aborting."};
  }
  tcp_ = std::move(opened).value();
  if (!settings.unixsocket.empty()) return ListenUnix(settings);
  if (tcp_.empty()) {
    return {Errc::kInvalidArgument,
            "Configured to not listen anywhere, exiting: 'port' is 0 or 'bind' is empty, and there "
            "is no 'unixsocket'"};
  }
  return Ok();
}

Result<Listener::Sockets> Listener::OpenTcp(const Settings& settings) {
  Sockets sockets;
  if (settings.port == 0) return sockets;
  for (const std::string& address : settings.bind) {
    const bool optional = address.starts_with('-');
    const std::string name = optional ? address.substr(1) : address;
    auto socket = ListenTcp(name, settings.port, settings.tcp_backlog);
    if (socket.ok()) {
      sockets.push_back(std::move(socket).value());
    } else if (optional) {
      log::Verbose("{} (the address is marked as one that may be missing)", socket.error().detail);
    } else {
      Close(sockets);
      return socket.error();
    }
  }
  if (sockets.empty() && !settings.bind.empty()) {
    return {Errc::kIo, "no address of 'bind' could be opened on port " +
                           std::to_string(settings.port) + ": " + ErrnoText()};
  }
  return sockets;
}

Status Listener::Rebind(const Settings& before, const Settings& now) {
  if (before.port == now.port && before.bind == now.bind) return Ok();
  if (Status reopened = ReopenTcp(before, now); !reopened.ok()) {
    log::Warning("{}", reopened.error().detail);
    if (before.port != now.port) {
      return ConfigSetFailed("port", "Unable to listen on this port. Check server logs.");
    }
    return ConfigSetFailed("bind", "Failed to bind to specified addresses.");
  }
  return Ok();
}

Status Listener::ReopenTcp(const Settings& before, const Settings& now) {
  // Another port is opened beside the old one. On the same port the old sockets may be in the way
  // of the new ones ("*" and an address of it), so they are closed first.
  const bool beside = before.port != now.port;
  if (!beside) {
    for (const std::string& address : now.bind) {
      const std::string name = address.starts_with('-') ? address.substr(1) : address;
      if (auto found = ResolveBindAddress(name, now.port); !found.ok()) return found.error();
    }
    Close(tcp_);
  }
  auto opened = OpenTcp(now);
  if (opened.ok()) {
    Close(tcp_);
    tcp_ = std::move(opened).value();
  } else if (!beside) {
    if (auto again = OpenTcp(before); again.ok()) {
      tcp_ = std::move(again).value();
    } else {
      log::Warning("Listening on the addresses of before failed too: {}", again.error().detail);
    }
  }
  if (accepting_ && (opened.ok() || !beside)) {
    for (const auto& socket : tcp_) Accept(socket);
  }
  return opened.ok() ? Ok() : Status(opened.error());
}

void Listener::Close(Sockets& sockets) {
  for (const auto& socket : sockets) {
    error_code ignored;
    socket->acceptor.close(ignored);
    socket->retry.cancel();
  }
  sockets.clear();
}

Result<std::shared_ptr<Listener::Socket>> Listener::ListenTcp(const std::string& address,
                                                              uint16_t port, int backlog) {
  const auto resolved = ResolveBindAddress(address, port);
  if (!resolved.ok()) return resolved.error();
  const SocketAddress& where = resolved.value();
  const auto fail = [&](int fd) -> Error {
    const std::string reason = ErrnoText();
    if (fd >= 0) close(fd);
    return {Errc::kIo, "Could not create server TCP listening socket " + address + ":" +
                           std::to_string(port) + ": " + reason};
  };
  const int fd = socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(fd);
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (where.family() == AF_INET6) SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (bind(fd, where.get(), where.size()) != 0 || listen(fd, backlog) != 0) return fail(fd);
  auto socket = std::make_shared<Socket>(threads_.front()->io());
  socket->family = where.family();
  socket->acceptor.assign(asio::generic::stream_protocol(where.family(), IPPROTO_TCP), fd);
  return socket;
}

Status Listener::ListenUnix(const Settings& settings) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (settings.unixsocket.size() >= sizeof address.sun_path) {
    return {Errc::kInvalidArgument, "unixsocket path is longer than " +
                                        std::to_string(sizeof address.sun_path - 1) +
                                        " bytes: " + settings.unixsocket};
  }
  std::memcpy(address.sun_path, settings.unixsocket.data(), settings.unixsocket.size());
  const auto fail = [&](int fd) -> Status {
    const std::string reason = ErrnoText();
    if (fd >= 0) close(fd);
    return {Errc::kIo, "Failed opening Unix socket: " + settings.unixsocket + ": " + reason};
  };
  unlink(settings.unixsocket.c_str());  // left behind by a server that was killed
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(fd);
  // The permissions hold from the first moment (CVE-2023-45145): the socket is made closed.
  const mode_t previous = umask(0177);
  const int bound = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  umask(previous);
  if (bound != 0) return fail(fd);
  const auto mode = settings.unixsocketperm != 0 ? static_cast<mode_t>(settings.unixsocketperm)
                                                 : static_cast<mode_t>(0777 & ~previous);
  if (chmod(settings.unixsocket.c_str(), mode) != 0 || listen(fd, settings.tcp_backlog) != 0) {
    return fail(fd);
  }
  unix_path_ = settings.unixsocket;
  auto socket = std::make_shared<Socket>(threads_.front()->io());
  socket->family = AF_UNIX;
  socket->acceptor.assign(asio::generic::stream_protocol(AF_UNIX, 0), fd);
  unix_.push_back(std::move(socket));
  return Ok();
}

void Listener::Start() {
  accepting_ = true;
  for (const auto& socket : tcp_) Accept(socket);
  for (const auto& socket : unix_) Accept(socket);
}

void Listener::Stop() {
  Close(tcp_);
  Close(unix_);
  if (!unix_path_.empty()) unlink(unix_path_.c_str());
  unix_path_.clear();
}

void Listener::Accept(const std::shared_ptr<Socket>& socket) {
  socket->acceptor.async_wait(asio::socket_base::wait_read,
                              [this, socket](const error_code& error) {
                                if (error) return;
                                Turn turn(threads_.front()->worker());
                                AcceptWaiting(socket);
                              });
}

// Everything that waits now, but no more than a turn's worth.
void Listener::AcceptWaiting(const std::shared_ptr<Socket>& socket) {
  if (!socket->acceptor.is_open()) return;  // closed since this was due
  for (int i = 0; i < 64; ++i) {
    const int fd =
        accept4(socket->acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      Serve(*socket, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      log::Warning("Accepting client connection: {}", ErrnoText());
      socket->retry.expires_after(kAcceptRetry);
      socket->retry.async_wait([this, socket](const error_code& cancelled) {
        if (cancelled) return;
        Turn turn(threads_.front()->worker());
        if (socket->acceptor.is_open()) Accept(socket);
      });
      return;
    } else if (errno != ECONNABORTED && errno != EINTR) {
      break;
    }
  }
  Accept(socket);
}

void Listener::Serve(Socket& socket, int fd) {
  const bool local = socket.family == AF_UNIX;
  const std::string peer = local ? unix_path_ + ":0" : PeerAddress(fd);
  const std::string own = local ? unix_path_ + ":0" : LocalAddress(fd);
  if (!Admit(socket, fd, peer)) return;
  const auto settings = server_.settings.Snapshot();
  if (!local) ConfigureTcp(fd, settings->tcp_keepalive);
  IoThread& thread = *threads_[next_thread_++ % threads_.size()];
  log::Verbose("Accepted {}", peer);
  thread.Adopt(fd, peer, own, local);
}

bool Listener::Admit(Socket& socket, int fd, const std::string& peer) {
  ServerCounters& counters = server_.counters;
  const auto settings = server_.settings.Snapshot();
  const auto refuse = [&](std::string_view reply) {
    counters.rejected_connections.fetch_add(1, std::memory_order_relaxed);
    // A courtesy: if the socket does not take it at once, the client just sees the close.
    [[maybe_unused]] const ssize_t sent = send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
    close(fd);
    return false;
  };
  if (counters.clients.load(std::memory_order_relaxed) >= settings->maxclients) {
    return refuse(kMaxClientsError);
  }
  if (settings->protected_mode && settings->requirepass.empty() && socket.family != AF_UNIX &&
      !IsLoopback(fd)) {
    log::Verbose("Refused {}: protected mode is on and there is no password", peer);
    return refuse(kProtectedModeError);
  }
  counters.clients.fetch_add(1, std::memory_order_relaxed);
  counters.connections_received.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace tideway::resp
