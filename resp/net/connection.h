// One client's socket: bytes in, through the parser, to the executor; replies and messages out.
//
// Threads: everything on the I/O thread it belongs to, inside a Turn of its worker. An idle
// connection holds no buffer: it reads into its thread's, and small replies wait for the end of the
// turn in its thread's too, so that the clients of one turn are answered together.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "resp/output_queue.h"
#include "resp/protocol/byte_buffer.h"
#include "resp/protocol/request_parser.h"
#include "resp/session.h"
#include "resp/transport.h"

namespace tideway::resp {

class IoThread;

class Connection final : public Transport {
 public:
  /// Takes over a connected, non-blocking socket. Call Start() next.
  Connection(IoThread& thread, int fd, std::string peer, std::string local, bool unix_socket);
  ~Connection() override;

  void Start();
  /// The socket is ready; `events` as epoll tells them.
  void OnReady(uint32_t events);

  // --- Transport
  OutputQueue& output() override {
    if (deferred_bytes_ != 0) Settle();
    return output_;
  }
  void Send(std::string_view bytes) override;
  void RequestFlush() override;
  void Close() override;
  void CloseAfterFlush() override;
  bool closing() const override { return state_ != State::kOpen; }
  void Resume() override;
  const std::string& peer_address() const override { return peer_; }
  const std::string& local_address() const override { return local_; }
  int fd() const override { return fd_; }
  size_t input_bytes() const override { return std::max(input_.size(), being_run_bytes_); }
  size_t input_free_bytes() const override { return input_.capacity() - input_.size(); }

  /// Sends what waits, as far as the socket takes it. The I/O thread calls it at the end of a turn.
  void Flush();

 private:
  enum class State : uint8_t { kOpen, kDraining, kClosed };

  /// Whether requests may run now: nothing in flight, no pause, no heap of unread replies.
  bool CanRun() const;
  void Read();
  /// Runs as many requests of `input` as can run now; returns the bytes that they took.
  size_t Process(std::string_view input);
  void ReplyProtocolError();
  /// Puts a reply beside those of other connections, to be sent at the end of the turn. False when
  /// there is no room, or no room behind the connection's earlier ones.
  bool Defer(std::string_view bytes);
  std::string_view deferred() const;
  /// Moves deferred bytes into output_.
  void Settle();
  /// Writes once; returns how much the socket took. Closes on an error.
  size_t Write(std::string_view bytes);
  size_t Write(std::span<iovec> pieces);
  size_t Sent(ssize_t result);
  /// Writes deferred bytes and output_, as far as the socket takes them.
  void SendWaiting();
  /// Has the poller tell what this connection can use now.
  void UpdateInterest();
  void CheckOutputLimit();
  void CheckInputLimit();

  IoThread& thread_;
  const int fd_;
  State state_ = State::kOpen;
  bool processing_ = false;
  bool flush_requested_ = false;
  bool input_ended_ = false;     // while a batch was in flight: close once it is answered
  bool write_blocked_ = false;   // the socket's buffer is full
  uint32_t interest_ = 0;        // what the poller tells of
  uint32_t deferred_begin_ = 0;  // in the thread's replies(); output_ is empty while there are any
  uint32_t deferred_bytes_ = 0;
  size_t being_run_bytes_ = 0;  // of the requests that run now: they count as input, as in Redis
  RequestParser parser_;
  ByteBuffer input_;  // an unfinished request, or what waits while the session is suspended
  OutputQueue output_;
  std::string peer_;
  std::string local_;
  std::unique_ptr<Session> session_;
};

}  // namespace tideway::resp
