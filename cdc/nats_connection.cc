// Threads: the link's own thread connects, reads, and writes what nobody else has written. The
// client library calls back on its thread that delivers, on its timer's and on one for what
// happened to the connection; those only set flags of a Wire and wake the link's thread. One more
// thread waits for the server's answers to flushes.
#include "cdc/nats_connection.h"

#include <fmt/format.h>
#include <nats/nats.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_set>
#include <utility>

#include "backend/log.h"
#include "cdc/flush_thread.h"
#include "cdc/link_life.h"
#include "cdc/name_header.h"
#include "cdc/subject.h"
#include "cdc/wire.h"

namespace tideway::cdc {
namespace {

constexpr int64_t kConnectMs = 2000;  // of one attempt, with TLS and authentication
constexpr int64_t kPingMs = 2000;
constexpr int kPingsOutMax = 2;
// After a lost connection what was sent by it may still be read by a server that only stood still:
// so long nothing is published by the new one, or it could overtake.
constexpr int64_t kSettleMs = 200;
constexpr int64_t kFlushMs = 10'000;  // a server that is dead is noticed before
constexpr int kReadBytes = 128 * 1024;
// Of one subscription, before it is delivered.
constexpr int kPendingMessagesMax = 1 << 18;
constexpr int kPendingBytesMax = 64 << 20;
constexpr const char* kNameHeader = "Tw-Name";

// One subscription's closure.
struct Registration {
  SharedWire wire;
  Via via;
};

// --- what the library calls

natsStatus OnAttach(void** user_data, void* loop, natsConnection*, natsSock socket) {
  *user_data = loop;
  Wire& wire = **static_cast<SharedWire*>(loop);
  wire.socket = socket;
  wire.writes = false;
  return NATS_OK;
}

natsStatus OnReadWanted(void* user_data, bool add) {
  Wire& wire = **static_cast<SharedWire*>(user_data);
  if (!add) {  // it is closed next
    // What the system has yet to send would arrive behind the next connection's messages.
    const linger at_once{1, 0};
    if (!wire.ends) setsockopt(wire.socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    wire.socket = -1;
  }
  wire.Wake();
  return NATS_OK;
}

natsStatus OnWriteWanted(void* user_data, bool add) {
  Wire& wire = **static_cast<SharedWire*>(user_data);
  wire.writes = add;
  if (add && std::this_thread::get_id() != wire.user_thread.load()) wire.Wake();
  return NATS_OK;
}

natsStatus OnDetach(void*) { return NATS_OK; }

// The last call about a connection: its closure goes with it.
void OnClosed(natsConnection*, void* closure) {
  const std::unique_ptr<SharedWire> wire(static_cast<SharedWire*>(closure));
  (*wire)->closed = true;
  (*wire)->Wake();
}

void OnError(natsConnection* connection, natsSubscription* subscription, natsStatus error,
             void* closure) {
  Wire& wire = **static_cast<SharedWire*>(closure);
  if (error == NATS_SLOW_CONSUMER && subscription != nullptr) {
    wire.dropped.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  // A client may go on doing what it must not: not a line for each.
  const uint64_t errors = wire.errors.fetch_add(1) + 1;
  if (!std::has_single_bit(errors)) return;
  const char* detail = nullptr;
  natsConnection_GetLastError(connection, &detail);
  log::Warning("Bus: the NATS server says: {} {} (error {} since the start)",
               natsStatus_GetText(error), detail == nullptr ? "" : detail, errors);
}

void OnMessage(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  const auto& registration = *static_cast<const Registration*>(closure);
  const std::string_view subject = natsMsg_GetSubject(message);
  std::string name;
  const char* header = nullptr;
  if (IsHashForm(subject) && natsMsgHeader_Get(message, kNameHeader, &header) == NATS_OK) {
    name = DecodeNameHeader(header);
  }
  {
    const std::lock_guard lock(registration.wire->delivering);
    if (registration.wire->user != nullptr) {
      registration.wire->user->OnDelivery(
          {registration.via,
           subject,
           name,
           {natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))}});
    }
  }
  natsMsg_Destroy(message);
}

void OnSubscriptionOver(void* closure) { delete static_cast<Registration*>(closure); }

struct OptionsDeleter {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using OwnedOptions = std::unique_ptr<natsOptions, OptionsDeleter>;

natsStatus SetIdentity(natsOptions* to, const NatsOptions& options) {
  if (!options.credentials_file.empty()) {
    return natsOptions_SetUserCredentialsFromFiles(to, options.credentials_file.c_str(), nullptr);
  }
  if (!options.nkey.empty()) {
    return natsOptions_SetNKeyFromSeed(to, options.nkey.c_str(), options.nkey_seed_file.c_str());
  }
  if (!options.token.empty()) return natsOptions_SetToken(to, options.token.c_str());
  if (!options.user.empty()) {
    return natsOptions_SetUserInfo(to, options.user.c_str(), options.password.c_str());
  }
  return NATS_OK;
}

natsStatus SetTls(natsOptions* to, const NatsOptions& options) {
  if (options.tls == NatsTls::kOff) return NATS_OK;
  natsStatus status = natsOptions_SetSecure(to, true);
  if (status == NATS_OK && options.tls == NatsTls::kOn) {
    status = natsOptions_SkipServerVerification(to, true);
  }
  if (status == NATS_OK && !options.tls_ca_file.empty()) {
    status = natsOptions_LoadCATrustedCertificates(to, options.tls_ca_file.c_str());
  }
  if (status == NATS_OK && !options.tls_cert_file.empty()) {
    status = natsOptions_LoadCertificatesChain(to, options.tls_cert_file.c_str(),
                                               options.tls_key_file.c_str());
  }
  return status;
}

// The library's text of what went wrong last on this thread, without its "(file.c:123): ".
std::string LastError(natsStatus status) {
  natsStatus unused = NATS_OK;
  const char* const detail = nats_GetLastError(&unused);
  if (detail == nullptr || *detail == '\0') return natsStatus_GetText(status);
  const std::string_view text = detail;
  const size_t place = text.starts_with('(') ? text.find("): ") : std::string_view::npos;
  return std::string(place == std::string_view::npos ? text : text.substr(place + 3));
}

class NatsConnection final : public Link {
 public:
  NatsConnection(NatsOptions options, std::string name, const backend::Clock& clock)
      : options_(std::move(options)),
        name_(std::move(name)),
        clock_(clock),
        life_(options_.servers, std::random_device{}()) {}
  ~NatsConnection() override { Stop(); }

  void Start(LinkUser& user) override {
    user_ = &user;
    wire_->user = &user;
    flush_.Start();
    thread_ = std::thread([this] { Run(); });
  }

  void Stop() override {
    if (!thread_.joinable()) return;
    stopping_ = true;
    wire_->ends = true;
    wire_->Wake();
    thread_.join();
    flush_.Stop();
    const std::lock_guard lock(wire_->delivering);
    wire_->user = nullptr;
  }

  void Wake() override { wire_->Wake(); }

  // --- the link's thread
  bool ready() const override {
    return connection_ != nullptr && !congested_ && NowMs() >= settled_ms_;
  }

  bool Publish(const std::string& subject, std::string_view name,
               std::string_view payload) override {
    wire_->user_thread = std::this_thread::get_id();
    const auto size = static_cast<int>(payload.size());
    if (name.empty()) {
      return natsConnection_Publish(connection_, subject.c_str(), payload.data(), size) == NATS_OK;
    }
    natsMsg* message = nullptr;
    if (natsMsg_Create(&message, subject.c_str(), nullptr, payload.data(), size) != NATS_OK) {
      return false;
    }
    const bool sent =
        natsMsgHeader_Set(message, kNameHeader, EncodeNameHeader(name).c_str()) == NATS_OK &&
        natsConnection_PublishMsg(connection_, message) == NATS_OK;
    natsMsg_Destroy(message);
    return sent;
  }

  Handle Subscribe(const std::string& subject, Via via) override {
    wire_->user_thread = std::this_thread::get_id();
    auto registration = std::make_unique<Registration>(Registration{wire_, via});
    natsSubscription* subscription = nullptr;
    if (natsConnection_Subscribe(&subscription, connection_, subject.c_str(), OnMessage,
                                 registration.get()) != NATS_OK) {
      return 0;
    }
    natsSubscription_SetPendingLimits(subscription, kPendingMessagesMax, kPendingBytesMax);
    // Fails only where the connection was lost by now; then nobody says when the registration is
    // not used any more, and it stays.
    natsSubscription_SetOnCompleteCB(subscription, OnSubscriptionOver, registration.release());
    subscriptions_.insert(subscription);
    return reinterpret_cast<Handle>(subscription);
  }

  void Unsubscribe(Handle handle) override {
    wire_->user_thread = std::this_thread::get_id();
    auto* const subscription = reinterpret_cast<natsSubscription*>(handle);
    subscriptions_.erase(subscription);
    natsSubscription_Destroy(subscription);
  }

  void Write() override {
    const std::lock_guard lock(writing_);
    // Only where something waits: the library takes a write of nothing for a closed connection.
    if (wire_->writes) natsConnection_ProcessWriteEvent(connection_);
    congested_ = wire_->writes.load();
    if (congested_ && std::this_thread::get_id() != thread_.get_id()) wire_->Wake();
  }

  void Flush(uint64_t mark) override { flush_.Want(mark); }

  uint64_t dropped() const override { return wire_->dropped.load(std::memory_order_relaxed); }
  uint64_t reconnects() const override { return reconnects_.load(std::memory_order_relaxed); }

 private:
  int64_t NowMs() const { return clock_.MonotonicUs() / 1000; }

  void Run() {
    LinkLife::Step step = life_.Begin(NowMs());
    while (!stopping_) {
      switch (step.what) {
        case LinkLife::Step::What::kConnect:
          step = Connect(step.server);
          break;
        case LinkLife::Step::What::kServe: {
          const std::string reason = Serve();
          EndConnection();
          if (!stopping_) step = life_.OnLost(reason, NowMs());
          break;
        }
        case LinkLife::Step::What::kWait:
          WaitWithoutServer(step.wait_ms);
          step = life_.OnWaited(NowMs());
          break;
      }
      reconnects_ = life_.reconnects();
      for (const LinkLife::Line& line : life_.TakeLines()) {
        log::Message(line.good ? log::Level::kNotice : log::Level::kWarning, line.text);
      }
    }
  }

  Result<OwnedOptions> MakeOptions(const std::string& server, SharedWire* closure) const {
    natsOptions* made = nullptr;
    if (natsOptions_Create(&made) != NATS_OK) return {Errc::kUnavailable, "out of memory"};
    OwnedOptions options(made);
    natsStatus status = NATS_OK;
    const auto then = [&status](natsStatus next) {
      if (status == NATS_OK) status = next;
    };
    then(natsOptions_SetURL(made, server.c_str()));
    then(natsOptions_SetName(made, name_.c_str()));
    then(natsOptions_SetTimeout(made, kConnectMs));
    then(natsOptions_SetAllowReconnect(made, false));
    then(natsOptions_SetPingInterval(made, kPingMs));
    then(natsOptions_SetMaxPingsOut(made, kPingsOutMax));
    then(natsOptions_SetNoEcho(made, true));
    then(natsOptions_SetSendAsap(made, true));
    then(natsOptions_SetIOBufSize(made, kReadBytes));
    then(natsOptions_UseGlobalMessageDelivery(made, true));
    then(natsOptions_SetMaxPendingMsgs(made, kPendingMessagesMax));
    then(natsOptions_SetEventLoop(made, closure, OnAttach, OnReadWanted, OnWriteWanted, OnDetach));
    then(natsOptions_SetClosedCB(made, OnClosed, closure));
    then(natsOptions_SetErrorHandler(made, OnError, closure));
    then(SetIdentity(made, options_));
    then(SetTls(made, options_));
    if (status != NATS_OK) return {Errc::kInvalidArgument, LastError(status)};
    return options;
  }

  LinkLife::Step Connect(const std::string& server) {
    auto closure = std::make_unique<SharedWire>(wire_);
    auto options = MakeOptions(server, closure.get());
    if (!options.ok()) return life_.OnFailed(options.error().detail, NowMs());
    wire_->closed = false;
    natsConnection* connection = nullptr;
    const natsStatus status = natsConnection_Connect(&connection, options.value().get());
    if (status != NATS_OK) return life_.OnFailed(LastError(status), NowMs());
    closure.release();  // OnClosed deletes it
    connection_ = connection;
    congested_ = false;
    settled_ms_ = was_up_ ? NowMs() + kSettleMs : 0;
    was_up_ = true;
    Learn();
    const int64_t payload_bytes = natsConnection_GetMaxPayload(connection);
    LinkServer facts{Shown(server), static_cast<size_t>(std::max<int64_t>(payload_bytes, 1))};
    const LinkLife::Step step = life_.OnConnected(facts.shown, NowMs());
    flush_.OnUp(
        [connection] { return natsConnection_FlushTimeout(connection, kFlushMs) == NATS_OK; });
    user_->OnUp(facts);
    return step;
  }

  std::string Shown(const std::string& server) const {
    char id[128] = "";
    natsConnection_GetConnectedServerId(connection_, id, sizeof id);
    return fmt::format("NATS server {} ({})", server, id);
  }

  void Learn() {
    char** servers = nullptr;
    int count = 0;
    if (natsConnection_GetDiscoveredServers(connection_, &servers, &count) != NATS_OK) return;
    for (int i = 0; i < count; ++i) {
      std::string server = servers[i];
      if (server.starts_with("tls://")) server = "nats://" + server.substr(6);
      life_.Learn(server);
      std::free(servers[i]);
    }
    std::free(static_cast<void*>(servers));
  }

  // Until the connection is lost, which returns why, or Stop.
  std::string Serve() {
    while (!stopping_ && !wire_->closed) {
      TellFlushed();
      int64_t wait_ms = user_->OnTurn();
      const int64_t settle_ms = settled_ms_ - NowMs();
      if (settle_ms > 0) wait_ms = wait_ms < 0 ? settle_ms : std::min(wait_ms, settle_ms);
      // What the turn published leaves at once, as far as the socket takes it.
      Write();
      const short wanted = congested_ ? POLLIN | POLLOUT : POLLIN;
      pollfd watched[2] = {{wire_->wake_fd, POLLIN, 0}, {wire_->socket, wanted, 0}};
      poll(watched, 2, static_cast<int>(wait_ms));
      if (watched[0].revents != 0) wire_->TakeWake();
      if ((watched[1].revents & ~POLLOUT) != 0) natsConnection_ProcessReadEvent(connection_);
      if ((watched[1].revents & POLLOUT) != 0) Write();
    }
    const char* detail = nullptr;
    const natsStatus status = natsConnection_GetLastError(connection_, &detail);
    if (detail != nullptr && *detail != '\0') return detail;
    return natsStatus_GetText(status);
  }

  void EndConnection() {
    if (stopping_) {
      user_->OnTurn();
      Write();
      for (int i = 0; i < 10 && congested_ && !wire_->closed; ++i) {
        pollfd watched{wire_->socket, POLLOUT, 0};
        poll(&watched, 1, 100);
        Write();
      }
    }
    user_->OnDown();
    flush_.OnDown([this] { natsConnection_Close(connection_); });
    for (natsSubscription* subscription : subscriptions_) natsSubscription_Destroy(subscription);
    subscriptions_.clear();
    natsConnection_Destroy(std::exchange(connection_, nullptr));
  }

  void WaitWithoutServer(int64_t ms) {
    const int64_t until_ms = NowMs() + ms;
    while (!stopping_) {
      const int64_t wanted_ms = user_->OnTurn();
      const int64_t left_ms = until_ms - NowMs();
      if (left_ms <= 0) return;
      pollfd watched{wire_->wake_fd, POLLIN, 0};
      poll(&watched, 1, static_cast<int>(wanted_ms < 0 ? left_ms : std::min(left_ms, wanted_ms)));
      if (watched.revents != 0) wire_->TakeWake();
    }
  }

  void TellFlushed() {
    const uint64_t done = flush_.done();
    if (done <= flush_told_) return;
    flush_told_ = done;
    user_->OnFlushed(done);
  }

  const NatsOptions options_;
  const std::string name_;
  const backend::Clock& clock_;
  LinkUser* user_ = nullptr;
  SharedWire wire_ = std::make_shared<Wire>();
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> reconnects_{0};
  std::thread thread_;
  // The link's thread.
  LinkLife life_;
  natsConnection* connection_ = nullptr;
  std::mutex writing_;
  std::atomic<bool> congested_{false};  // the socket did not take all
  bool was_up_ = false;
  int64_t settled_ms_ = 0;
  std::unordered_set<natsSubscription*> subscriptions_;
  uint64_t flush_told_ = 0;
  FlushThread flush_{[wire = wire_] { wire->Wake(); }};
};

}  // namespace

std::unique_ptr<Link> MakeNatsConnection(NatsOptions options, std::string name,
                                         const backend::Clock& clock) {
  return std::make_unique<NatsConnection>(std::move(options), std::move(name), clock);
}

}  // namespace tideway::cdc
