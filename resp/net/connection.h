// One client's socket: bytes in, through the parser, to the executor; replies and messages out.
//
// Threads: everything on the I/O thread it belongs to, inside a Turn of its worker. An idle
// connection holds no buffer but a small one inside the object.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "resp/output_queue.h"
#include "resp/protocol/byte_buffer.h"
#include "resp/protocol/request_parser.h"
#include "resp/session.h"
#include "resp/transport.h"

namespace tideway::resp {

class IoThread;

class Connection final : public Transport, public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  /// Takes over a connected socket. Call Start() next.
  Connection(IoThread& thread, Socket socket, std::string peer, std::string local,
             bool unix_socket);
  ~Connection() override;

  void Start();
  /// Destroys the session, after Close(), once nothing of this turn uses it any more.
  void EndSession() { session_.reset(); }

  // --- Transport
  OutputQueue& output() override { return output_; }
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
  /// Place in the I/O thread's list of connections that asked for a flush.
  bool flush_requested = false;

 private:
  enum class State : uint8_t { kOpen, kDraining, kClosed };
  static constexpr size_t kInlineBytes = 512;

  void StartRead();
  void OnRead(const boost::system::error_code& error, size_t bytes);
  /// Runs as many requests of `input` as can run now; returns the bytes that they took.
  size_t Process(std::string_view input);
  void ReplyProtocolError();
  void KeepLeftover(std::string_view leftover, bool in_own_buffer, size_t consumed);
  void WaitWritable();
  bool OverOutputLimit() const;
  void CheckOutputLimit();
  void CheckInputLimit();

  IoThread& thread_;
  Socket socket_;
  const int fd_;
  State state_ = State::kOpen;
  bool reading_ = false;
  bool reads_into_input_ = false;  // where the read under way puts its bytes; else inline_
  bool waiting_writable_ = false;
  bool processing_ = false;
  size_t being_run_bytes_ = 0;  // of the requests that run now: they count as input, as in Redis
  RequestParser parser_;
  ByteBuffer input_;  // an unfinished request, or what waits while the session is suspended
  OutputQueue output_;
  std::string peer_;
  std::string local_;
  std::unique_ptr<Session> session_;
  std::array<char, kInlineBytes> inline_;
};

}  // namespace tideway::resp
