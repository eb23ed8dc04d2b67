#include "tests/resp/support/fake_transport.h"

namespace tideway::test {

void FakeTransport::Drain() {
  while (reads_ && output_.sendable() != 0) {
    resp::ConstBuffer piece{};
    output_.Gather(&piece, 1);
    received_.append(piece.data, piece.size);
    output_.Consume(piece.size);
  }
}

void FakeTransport::EndTurn() {
  Drain();
  if (state_ == State::kDraining && output_.empty()) state_ = State::kClosed;
}

void FakeTransport::Send(std::string_view bytes) {
  if (state_ == State::kClosed || bytes.empty()) return;
  if (on_send) on_send();
  output_.Append(bytes);
  Drain();
}

void FakeTransport::Close() {
  state_ = State::kClosed;
  output_.Clear();
}

void FakeTransport::CloseAfterFlush() {
  if (state_ == State::kOpen) state_ = State::kDraining;
}

}  // namespace tideway::test
