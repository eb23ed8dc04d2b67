#include "resp/net/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "backend/log.h"
#include "resp/net/io_thread.h"
#include "resp/protocol/peer_protocol.h"

namespace tideway::resp {

namespace {
// Requests handed to the executor at once.
constexpr size_t kRequestsMax = 128;
// Pieces of one gathered write.
constexpr size_t kBuffersMax = 64;
// What a suspended client may send ahead before its socket is left alone.
constexpr size_t kSuspendedInputBytesMax = 64 * 1024;
// A client that has not logged in gets no more than this unread (CVE-2025-21605).
constexpr size_t kUnauthenticatedOutputBytesMax = 1024;
// A client with so many bytes of replies that it has not read gets no more commands run: its
// replies would have no bound, as it decides when to read.
constexpr size_t kUnreadBytesMax = 16 * 1024 * 1024;
constexpr size_t kReadBytes = 16 * 1024;
// Input buffers larger than this are given back once they are empty.
constexpr size_t kInputBytesKept = 0;
// Replies that wait for the end of the turn, of all connections; what is more leaves at once.
constexpr size_t kDeferredBytesMax = 64 * 1024;

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }
}  // namespace

Connection::Connection(IoThread& thread, int fd, std::string peer, std::string local,
                       bool unix_socket)
    : thread_(thread), fd_(fd), peer_(std::move(peer)), local_(std::move(local)) {
  Worker& worker = thread_.worker();
  const uint64_t id = worker.server().counters.next_client_id.fetch_add(1);
  session_ = std::make_unique<Session>(worker, *this, id, worker.now_ms());
  session_->unix_socket = unix_socket;
  session_->authenticated = worker.settings().requirepass.empty();
}

Connection::~Connection() {
  if (state_ != State::kClosed) close(fd_);
}

void Connection::Start() {
  interest_ = EPOLLIN;
  if (thread_.poller().Add(fd_, this, interest_)) return;
  log::Warning("A client cannot be served: epoll_ctl: {}", std::strerror(errno));
  Close();
}

void Connection::UpdateInterest() {
  if (state_ == State::kClosed) return;
  // A client that has yet to read its replies may go on sending, as it may only read when it has
  // sent everything; what it sends is bounded by client-query-buffer-limit.
  const bool full =
      session_->suspension != Suspension::kNone && input_.size() >= kSuspendedInputBytesMax;
  const bool reads = state_ == State::kOpen && !full && !input_ended_;
  const uint32_t wanted = (reads ? EPOLLIN : 0u) | (write_blocked_ ? EPOLLOUT : 0u);
  if (wanted == interest_) return;
  interest_ = wanted;
  thread_.poller().Change(fd_, this, wanted);
}

bool Connection::CanRun() const {
  return state_ == State::kOpen && session_->suspension == Suspension::kNone &&
         output_.bytes() < kUnreadBytesMax;
}

void Connection::OnReady(uint32_t events) {
  if (state_ == State::kClosed) return;
  if ((events & EPOLLOUT) != 0) {
    write_blocked_ = false;
    Flush();
  }
  if (state_ == State::kOpen && (interest_ & events & EPOLLIN) != 0) {
    Read();
  } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    Close();  // nothing is left to read, or nobody to read it for
  }
  UpdateInterest();
}

void Connection::Read() {
  const bool in_own_buffer = !input_.empty();
  std::vector<char>& shared = thread_.scratch().input;
  char* target = shared.data();
  size_t room = shared.size();
  if (in_own_buffer) {
    // Grow with the bytes that came, never by what a client announces.
    const size_t missing = std::max<size_t>(parser_.bytes_missing(), kReadBytes);
    room = std::min(missing, std::max(input_.size(), kReadBytes));
    target = input_.Ensure(room);
  }
  const ssize_t got = recv(fd_, target, room, 0);
  const bool in_flight =
      session_->suspension == Suspension::kInFlight || session_->suspension == Suspension::kAsking;
  if (got == 0 && (in_flight || !input_.empty()) && !CanRun()) {
    input_ended_ = true;  // the client may still wait for the replies of what it sent
    return;
  }
  if (got <= 0) {
    if (got == 0 || !WouldBlock()) Close();
    return;
  }
  const auto bytes = static_cast<size_t>(got);
  Worker& worker = thread_.worker();
  worker.stats().input_bytes += bytes;
  session_->last_interaction_ms = worker.now_ms();
  if (!in_own_buffer && session_->commands == 0 &&
      GuessPeerProtocol({target, bytes}) == PeerProtocol::kTls) {
    // Who speaks TLS would wait for an answer for ever.
    log::Verbose("Closing client id={} addr={}: it speaks TLS, which this port does not",
                 session_->id, peer_);
    Close();
    return;
  }
  if (in_own_buffer) {
    input_.Commit(bytes);
    CheckInputLimit();
    if (!CanRun()) return;
    input_.DropFront(Process(input_.view()));
    if (input_.empty()) input_.Shrink(kInputBytesKept);
  } else {
    const size_t consumed = Process({target, bytes});
    if (state_ == State::kOpen) input_.Append({target + consumed, bytes - consumed});
  }
}

size_t Connection::Process(std::string_view input) {
  IoThread::Scratch& scratch = thread_.scratch();
  Worker& worker = thread_.worker();
  size_t total = 0;
  processing_ = true;
  while (!input.empty() && CanRun()) {
    scratch.arena.Clear();
    scratch.requests.clear();
    scratch.ends.clear();
    RequestLimits limits;
    limits.bulk_bytes_max = worker.settings().proto_max_bulk_len;
    limits.authenticated = session_->may_enter();
    // What a request may do depends on AUTH before it: until then one at a time.
    const size_t requests_max = limits.authenticated ? kRequestsMax : 1;
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
    input_.DropFront(Process(input_.view()));
    if (input_.empty()) input_.Shrink(kInputBytesKept);
  }
  if (input_ended_ && CanRun()) CloseAfterFlush();
  UpdateInterest();
}

void Connection::Send(std::string_view bytes) {
  if (state_ == State::kClosed || bytes.empty()) return;
  if (output_.holding()) {
    Settle();
  } else if (output_.empty()) {
    if (Defer(bytes)) return;
    SendWaiting();
    if (output_.empty() && state_ != State::kClosed) bytes.remove_prefix(Write(bytes));
    if (state_ == State::kClosed || bytes.empty()) return;
  }
  output_.Append(bytes);
  RequestFlush();
  CheckOutputLimit();
}

bool Connection::Defer(std::string_view bytes) {
  ByteBuffer& replies = thread_.replies();
  const bool joins = deferred_bytes_ == 0 || deferred_begin_ + deferred_bytes_ == replies.size();
  if (!joins || replies.size() + bytes.size() > kDeferredBytesMax) return false;
  if (deferred_bytes_ == 0) deferred_begin_ = static_cast<uint32_t>(replies.size());
  replies.Append(bytes);
  deferred_bytes_ += static_cast<uint32_t>(bytes.size());
  RequestFlush();
  return true;
}

std::string_view Connection::deferred() const {
  return thread_.replies().view().substr(deferred_begin_, deferred_bytes_);
}

void Connection::Settle() {
  if (deferred_bytes_ == 0) return;
  output_.Append(deferred());
  deferred_bytes_ = 0;
}

void Connection::RequestFlush() {
  if (flush_requested_ || write_blocked_ || state_ == State::kClosed) return;
  flush_requested_ = true;
  thread_.RequestFlush(*this);
}

void Connection::Flush() {
  flush_requested_ = false;
  SendWaiting();
  if (state_ == State::kDraining && output_.empty()) Close();
  // What waited until replies were read.
  if ((!input_.empty() || input_ended_) && output_.empty() && CanRun()) Resume();
}

void Connection::SendWaiting() {
  if (deferred_bytes_ != 0) {
    const std::string_view bytes = deferred();
    const size_t sent = Write(bytes);
    if (state_ == State::kClosed) return;
    deferred_bytes_ = 0;
    output_.Append(bytes.substr(sent));
    CheckOutputLimit();
  }
  while (state_ != State::kClosed && output_.sendable() != 0 && !write_blocked_) {
    ConstBuffer pieces[kBuffersMax];
    iovec vectors[kBuffersMax];
    const size_t count = output_.Gather(pieces, kBuffersMax);
    for (size_t i = 0; i < count; ++i) {
      vectors[i] = {.iov_base = const_cast<char*>(pieces[i].data), .iov_len = pieces[i].size};
    }
    output_.Consume(Write(std::span(vectors, count)));
  }
}

size_t Connection::Write(std::string_view bytes) {
  return Sent(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

size_t Connection::Write(std::span<iovec> pieces) {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return Sent(sendmsg(fd_, &message, MSG_NOSIGNAL));
}

size_t Connection::Sent(ssize_t result) {
  if (result >= 0) {
    thread_.worker().stats().output_bytes += static_cast<uint64_t>(result);
    return static_cast<size_t>(result);
  }
  if (WouldBlock()) {
    write_blocked_ = true;
    UpdateInterest();
    CheckOutputLimit();
  } else {
    Close();
  }
  return 0;
}

void Connection::CheckOutputLimit() {
  if (state_ == State::kClosed) return;
  const size_t waiting = output_.bytes();
  const auto hard =
      static_cast<size_t>(OutputLimitOf(*session_, thread_.worker().settings()).hard_bytes);
  const bool over =
      session_->may_enter() ? hard > 0 && waiting > hard : waiting > kUnauthenticatedOutputBytesMax;
  if (over) thread_.worker().CloseOverOutputLimit(*session_, waiting);
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
  UpdateInterest();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  shutdown(fd_, SHUT_RDWR);
  close(fd_);
  output_.Clear();
  deferred_bytes_ = 0;
  thread_.Forget(*this);
}

}  // namespace tideway::resp
