// The session's side of a connection: what protocol code may ask of the socket's owner. The real
// one is net/connection.h; tests have one without a socket.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "resp/output_queue.h"

namespace tideway::resp {

/// One client's byte stream. Confined to the I/O thread of its session.
class Transport {
 public:
  virtual ~Transport() = default;

  /// What waits to be sent. Append to it, then ask for a flush.
  virtual OutputQueue& output() = 0;
  /// Sends `bytes` behind what waits, at the end of this turn at the latest. They are copied, or
  /// written at once when they are many.
  virtual void Send(std::string_view bytes) = 0;
  /// Sends output() at the end of this turn of the loop.
  virtual void RequestFlush() = 0;

  /// Closes now; what waits is dropped. The session is destroyed at the end of the turn.
  virtual void Close() = 0;
  /// Closes once output() is sent; nothing more is read.
  virtual void CloseAfterFlush() = 0;
  virtual bool closing() const = 0;

  /// Goes on with input that arrived while the session was suspended.
  virtual void Resume() = 0;

  /// "127.0.0.1:40000", "[::1]:40000" or "/path:0" for a unix socket, as CLIENT LIST shows it.
  virtual const std::string& peer_address() const = 0;
  virtual const std::string& local_address() const = 0;
  virtual int fd() const = 0;
  /// Bytes that wait to be parsed, and what the input buffer could still take (qbuf, qbuf-free).
  virtual size_t input_bytes() const = 0;
  virtual size_t input_free_bytes() const = 0;
};

}  // namespace tideway::resp
