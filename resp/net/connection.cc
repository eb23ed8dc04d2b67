#include "resp/net/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <cstring>

#include "backend/limits.h"
#include "backend/log.h"
#include "resp/net/io_thread.h"

namespace tideway::resp {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
// Requests handed to the executor at once.
constexpr size_t kRequestsMax = 128;
// Pieces of one gathered write.
constexpr size_t kBuffersMax = 64;
// What a suspended client may send ahead before its socket is left alone.
constexpr size_t kSuspendedInputBytesMax = 64 * 1024;
// A client that has not logged in gets no more than this unread (CVE-2025-21605).
constexpr size_t kUnauthenticatedOutputBytesMax = 1024;
constexpr size_t kReadBytes = 16 * 1024;
// Input buffers larger than this are given back once they are empty.
constexpr size_t kInputBytesKept = 0;
}  // namespace

Connection::Connection(IoThread& thread, Socket socket, std::string peer, std::string local,
                       bool unix_socket)
    : thread_(thread),
      socket_(std::move(socket)),
      fd_(socket_.native_handle()),
      peer_(std::move(peer)),
      local_(std::move(local)) {
  Worker& worker = thread_.worker();
  const uint64_t id = worker.server().counters.next_client_id.fetch_add(1);
  session_ = std::make_unique<Session>(worker, *this, id, worker.now_ms());
  session_->unix_socket = unix_socket;
  session_->authenticated = worker.settings().requirepass.empty();
}

Connection::~Connection() = default;

void Connection::Start() {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  StartRead();
}

void Connection::StartRead() {
  if (reading_ || state_ != State::kOpen) return;
  if (session_->suspension != Suspension::kNone && input_.size() >= kSuspendedInputBytesMax) return;
  asio::mutable_buffer target(inline_.data(), inline_.size());
  // While the session is suspended Resume() may take bytes out of input_, or give its memory back,
  // under the read: then the bytes must land elsewhere.
  reads_into_input_ = !input_.empty() && session_->suspension == Suspension::kNone;
  if (reads_into_input_) {
    // Grow with the bytes that came, never by what a client announces.
    const size_t missing = std::max<size_t>(parser_.bytes_missing(), kReadBytes);
    const size_t room = std::min(missing, std::max(input_.size(), kReadBytes));
    target = asio::mutable_buffer(input_.Ensure(room), room);
  }
  reading_ = true;
  socket_.async_read_some(target, [self = shared_from_this()](const error_code& error, size_t n) {
    self->OnRead(error, n);
  });
}

void Connection::OnRead(const error_code& error, size_t bytes) {
  Turn turn(thread_.worker());
  reading_ = false;
  if (state_ == State::kClosed) return;
  if (error) {
    Close();
    return;
  }
  Worker& worker = thread_.worker();
  worker.stats().input_bytes += bytes;
  session_->last_interaction_ms = worker.now_ms();
  if (reads_into_input_ || !input_.empty()) {
    if (reads_into_input_) {
      input_.Commit(bytes);
    } else {
      input_.Append({inline_.data(), bytes});
    }
    CheckInputLimit();
    if (state_ == State::kOpen && session_->suspension == Suspension::kNone) {
      const size_t consumed = Process(input_.view());
      KeepLeftover(input_.view().substr(consumed), true, consumed);
    }
    StartRead();
    return;
  }
  std::string_view input(inline_.data(), bytes);
  if (bytes == inline_.size()) {
    // There is more: take it through the thread's large buffer.
    std::vector<char>& large = thread_.scratch().input;
    std::memcpy(large.data(), inline_.data(), bytes);
    error_code more_error;
    const size_t more =
        socket_.read_some(asio::buffer(large.data() + bytes, large.size() - bytes), more_error);
    if (!more_error) {
      worker.stats().input_bytes += more;
      bytes += more;
    }
    input = {large.data(), bytes};
  }
  if (session_->suspension != Suspension::kNone) {
    KeepLeftover(input, false, 0);
  } else {
    const size_t consumed = Process(input);
    KeepLeftover(input.substr(consumed), false, consumed);
  }
  StartRead();
}

void Connection::KeepLeftover(std::string_view leftover, bool in_own_buffer, size_t consumed) {
  if (state_ != State::kOpen) return;
  if (in_own_buffer) {
    input_.DropFront(consumed);
  } else {
    input_.Append(leftover);
  }
  if (input_.empty()) input_.Shrink(kInputBytesKept);
}

size_t Connection::Process(std::string_view input) {
  IoThread::Scratch& scratch = thread_.scratch();
  Worker& worker = thread_.worker();
  size_t total = 0;
  processing_ = true;
  while (!input.empty() && state_ == State::kOpen && session_->suspension == Suspension::kNone) {
    scratch.arena.Clear();
    scratch.requests.clear();
    scratch.ends.clear();
    RequestLimits limits;
    limits.bulk_bytes_max = worker.settings().proto_max_bulk_len;
    limits.authenticated = session_->authenticated;
    // What a request may do depends on AUTH before it: until then one at a time.
    const size_t requests_max = session_->authenticated ? kRequestsMax : 1;
    size_t parsed = 0;
    ParseStatus status = ParseStatus::kEmpty;
    while (parsed < input.size() && scratch.requests.size() < requests_max) {
      status = parser_.Parse(input.substr(parsed), limits, &scratch.arena);
      if (status == ParseStatus::kNeedMore || status == ParseStatus::kError) break;
      parsed += parser_.consumed();
      if (status == ParseStatus::kEmpty) continue;
      scratch.requests.push_back(parser_.args());
      scratch.ends.push_back(parsed);
    }
    being_run_bytes_ = input.size();
    if (!scratch.requests.empty()) {
      const size_t taken = worker.executor().Run(*session_, scratch.requests);
      if (taken < scratch.requests.size()) {
        parser_.Reset();
        total += taken == 0 ? 0 : scratch.ends[taken - 1];
        break;
      }
    }
    total += parsed;
    input.remove_prefix(parsed);
    if (status == ParseStatus::kError && state_ == State::kOpen) ReplyProtocolError();
    if (status == ParseStatus::kNeedMore) break;
  }
  processing_ = false;
  being_run_bytes_ = 0;
  return total;
}

void Connection::ReplyProtocolError() {
  // After a batch that is still pending its reply must come first; the error is found again then.
  if (session_->suspension != Suspension::kNone) {
    parser_.Reset();
    return;
  }
  log::Verbose("Protocol error ({}) from client: id={} addr={}", parser_.error_text(), session_->id,
               peer_);
  thread_.worker().CountError("ERR");
  const bool silent =
      session_->reply_mode == ReplyMode::kOff || session_->reply_mode == ReplyMode::kSkipping;
  if (!silent) Send("-" + parser_.error_text() + "\r\n");
  CloseAfterFlush();
}

void Connection::Resume() {
  if (state_ != State::kOpen || processing_) return;
  if (!input_.empty()) {
    const size_t consumed = Process(input_.view());
    KeepLeftover({}, true, consumed);
  }
  StartRead();
}

void Connection::Send(std::string_view bytes) {
  if (state_ == State::kClosed || bytes.empty()) return;
  size_t sent = 0;
  if (output_.empty()) {
    error_code error;
    sent = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
    if (error && error != asio::error::would_block && error != asio::error::try_again) {
      Close();
      return;
    }
    thread_.worker().stats().output_bytes += sent;
    if (sent == bytes.size()) return;
  }
  output_.Append(bytes.substr(sent));
  WaitWritable();
  CheckOutputLimit();
}

void Connection::RequestFlush() {
  if (flush_requested || waiting_writable_ || state_ == State::kClosed) return;
  thread_.RequestFlush(*this);
}

void Connection::Flush() {
  flush_requested = false;
  while (state_ != State::kClosed && !output_.empty()) {
    ConstBuffer pieces[kBuffersMax];
    asio::const_buffer buffers[kBuffersMax];
    const size_t count = output_.Gather(pieces, kBuffersMax);
    for (size_t i = 0; i < count; ++i)
      buffers[i] = asio::const_buffer(pieces[i].data, pieces[i].size);
    error_code error;
    const size_t sent = socket_.write_some(std::span(buffers, count), error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      WaitWritable();
      CheckOutputLimit();
      return;
    }
    if (error) {
      Close();
      return;
    }
    thread_.worker().stats().output_bytes += sent;
    output_.Consume(sent);
  }
  if (state_ == State::kDraining) Close();
}

void Connection::WaitWritable() {
  if (waiting_writable_ || state_ == State::kClosed) return;
  waiting_writable_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
    Turn turn(self->thread_.worker());
    self->waiting_writable_ = false;
    if (error) {
      self->Close();
    } else {
      self->Flush();
    }
  });
}

bool Connection::OverOutputLimit() const {
  const size_t waiting = output_.bytes();
  if (!session_->authenticated) return waiting > kUnauthenticatedOutputBytesMax;
  const Settings& settings = thread_.worker().settings();
  const OutputBufferLimit& limit = session_->client_class() == ClientClass::kPubsub
                                       ? settings.pubsub_output
                                       : settings.normal_output;
  return limit.hard_bytes > 0 && waiting > static_cast<size_t>(limit.hard_bytes);
}

void Connection::CheckOutputLimit() {
  if (state_ == State::kClosed || !OverOutputLimit()) return;
  log::Warning(
      "Client id={} addr={} closed: {} bytes of replies wait to be read, over its "
      "client-output-buffer-limit.",
      session_->id, peer_, output_.bytes());
  thread_.worker().server().counters.output_limit_disconnections.fetch_add(1);
  Close();
}

void Connection::CheckInputLimit() {
  const int64_t limit = thread_.worker().settings().client_query_buffer_limit;
  if (limit <= 0 || input_.size() <= static_cast<size_t>(limit)) return;
  log::Warning(
      "Closing client id={} addr={} that reached max query buffer length: {} bytes, "
      "client-query-buffer-limit is {}.",
      session_->id, peer_, input_.size(), limit);
  thread_.worker().server().counters.query_limit_disconnections.fetch_add(1);
  Close();
}

void Connection::CloseAfterFlush() {
  if (state_ != State::kOpen) return;
  state_ = State::kDraining;
  // At the end of the turn at the earliest: the reply of the running batch comes before.
  RequestFlush();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_both, ignored);
  socket_.close(ignored);
  output_.Clear();
  thread_.Forget(*this);
}

}  // namespace tideway::resp
