// Encoding of requests, and a plain blocking connection.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tideway::bench {

/// Appends one RESP request (an array of bulk strings) to `out`.
void AppendCommand(std::string& out, std::initializer_list<std::string_view> words);
void AppendCommand(std::string& out, const std::vector<std::string>& words);

/// Connects to 127.0.0.1:`port` with TCP_NODELAY set. Returns a blocking, close-on-exec socket that
/// the caller owns, or -1 with errno set.
int TryConnect(int port);

/// As TryConnect, but throws BenchError.
int Connect(int port);

/// Writes all of `bytes` to a blocking socket; throws BenchError when the connection breaks.
void SendAll(int fd, std::string_view bytes);

/// A blocking connection for set-up and questions, one command at a time. Not for measuring.
class Client {
 public:
  explicit Client(int port) : fd_(Connect(port)) {}
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends a command and returns the text of its status, integer or bulk reply (empty for nil).
  /// Throws BenchError with the server's words on an error reply, and on an aggregate reply.
  std::string Call(std::initializer_list<std::string_view> words);

  /// A number of INFO's `field:number` lines, or -1 when the server does not tell it.
  double InfoNumber(std::string_view field);

  /// Sends prepared requests and drops `reply_bytes` bytes of replies.
  void Exchange(std::string_view requests, std::size_t reply_bytes);

  /// Whether a server on `port` answers PING with PONG now (not with -LOADING).
  static bool Answers(int port);

 private:
  std::string ReadLine();
  void ReadMore();

  int fd_;
  std::string buffer_;
};

}  // namespace tideway::bench
