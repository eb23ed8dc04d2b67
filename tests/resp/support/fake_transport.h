// A client's connection without a socket: what the session sends is kept, what it reads is fed.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resp/output_queue.h"
#include "resp/transport.h"

namespace tideway::test {

using Words = std::vector<std::string>;

/// Behaves as net/connection.h does: a reply goes behind what waits, messages wait for the end of
/// the turn, a closed connection keeps nothing. One thread.
class FakeTransport final : public resp::Transport {
 public:
  explicit FakeTransport(std::string peer) : peer_(std::move(peer)) {}

  // --- the test's side
  /// The end of a turn: sends what waits, unless the client does not read; then closes if asked.
  void EndTurn();
  /// The client stops, or goes on, reading.
  void set_reads(bool reads) { reads_ = reads; }
  /// What arrived since the last call.
  std::string Take() { return std::exchange(received_, {}); }
  const std::string& received() const { return received_; }
  bool closed() const { return state_ == State::kClosed; }
  bool TakeResumed() { return std::exchange(resumed_, false); }
  /// Called when a reply is about to leave.
  std::function<void()> on_send;

  /// What the client sent and the server has not run yet.
  std::deque<Words> input;

  // --- Transport
  resp::OutputQueue& output() override { return output_; }
  void Send(std::string_view bytes) override;
  void RequestFlush() override {}  // every client is flushed at the end of a turn
  void Close() override;
  void CloseAfterFlush() override;
  bool closing() const override { return state_ != State::kOpen; }
  void Resume() override { resumed_ = true; }
  const std::string& peer_address() const override { return peer_; }
  const std::string& local_address() const override { return local_; }
  int fd() const override { return 7; }
  size_t input_bytes() const override { return 0; }
  size_t input_free_bytes() const override { return 0; }

 private:
  void Drain();

  enum class State : uint8_t { kOpen, kDraining, kClosed };
  State state_ = State::kOpen;
  bool reads_ = true;
  bool resumed_ = false;
  resp::OutputQueue output_;
  std::string received_;
  const std::string peer_;
  const std::string local_ = "127.0.0.1:6379";
};

}  // namespace tideway::test
