#include "tests/resp/support/test_server.h"

#include <algorithm>
#include <utility>

#include "backend/memory/embedded_store.h"
#include "resp/command/command.h"
#include "resp/store_settings.h"

namespace tideway::test {

using resp::Settings;
using resp::Turn;
using resp::Worker;

namespace {
// As many requests as a connection hands over at once.
constexpr size_t kRequestsMax = 128;
constexpr int kFirstPort = 40000;
}  // namespace

Settings TestSettings() {
  Settings settings;
  settings.storage = resp::Storage::kMemory;
  settings.enable_debug_command = resp::Allowed::kYes;
  return settings;
}

Settings Always() {
  Settings settings = TestSettings();
  settings.appendfsync = resp::AppendFsync::kAlways;
  return settings;
}

TestClient::TestClient(TestServer& server, Worker& worker, uint64_t id)
    : server_(server),
      worker_(worker),
      transport_("127.0.0.1:" + std::to_string(kFirstPort + id)),
      session_(std::make_unique<resp::Session>(worker, transport_, id, worker.now_ms())) {
  session_->authenticated = worker.settings().requirepass.empty();
}

std::string TestClient::RunAll(std::vector<Words> pipeline) {
  for (Words& command : pipeline) transport_.input.push_back(std::move(command));
  return TakeAll();
}

std::string TestClient::TakeAll() {
  server_.Settle();
  return transport_.Take();
}

// True when something ran.
bool TestClient::Process() {
  if (session_ == nullptr || transport_.closing()) return false;
  if (transport_.input.empty() || session_->suspension != resp::Suspension::kNone) return false;
  Turn turn(worker_);
  // What a request may do depends on AUTH before it: until then one at a time.
  const size_t count = session_->may_enter() ? std::min(transport_.input.size(), kRequestsMax) : 1;
  std::vector<std::vector<std::string_view>> words(count);
  for (size_t i = 0; i < count; ++i) {
    words[i].assign(transport_.input[i].begin(), transport_.input[i].end());
  }
  const std::vector<resp::Args> requests(words.begin(), words.end());
  const size_t taken = worker_.executor().Run(*session_, requests);
  transport_.input.erase(transport_.input.begin(),
                         transport_.input.begin() + static_cast<std::ptrdiff_t>(taken));
  return taken != 0;
}

// True when the session ended.
bool TestClient::EndTurn() {
  transport_.EndTurn();
  if (session_ == nullptr || !transport_.closed()) return false;
  Turn turn(worker_);
  session_.reset();
  return true;
}

TestServer::TestServer(Options options)
    : settings_(options.settings, options.config_file),
      store_(OpenStore(options.settings)),
      context_{.settings = settings_,
               .store = *store_,
               .clock = clock_,
               .bus = bus_,
               .identity = {.run_id = std::string(40, 'a'),
                            .executable = "/usr/bin/tideway",
                            .config_file = options.config_file,
                            .data_directory = "/var/lib/tideway",
                            .start_unix_s = clock_.WallMs() / 1000,
                            .start_monotonic_ms = clock_.MonotonicUs() / 1000,
                            .pid = 4711},
               .registry = {options.threads, bus_},
               .workers = {},
               .pause = {},
               .slow_log = {},
               .latency = {},
               .monitors = {},
               .memory = {},
               .counters = {},
               .rates = {},
               .request_shutdown =
                   [this](resp::ShutdownRequest request) { shutdowns_.push_back(request); },
               .inspection = {}} {
  std::vector<backend::ThreadPort*> ports;
  for (size_t i = 0; i < options.threads; ++i) {
    ports_.push_back(std::make_unique<ManualPort>());
    ports.push_back(ports_.back().get());
    workers_.push_back(std::make_unique<Worker>(context_, i, *ports_.back()));
    context_.workers.push_back(workers_.back().get());
  }
  store_->AttachThreads(ports);
  receiver_ = std::make_unique<resp::BusReceiver>(context_);
  bus_.Start(*receiver_);
  context_.memory.Refresh(store_->UsedBytes());
  settings_.AddListener([this](const Settings&, const Settings& now) {
    store_->Configure(resp::StoreSettingsOf(now));
    context_.slow_log.Trim(static_cast<size_t>(now.slowlog_max_len));
  });
}

TestServer::~TestServer() {
  for (const auto& client : clients_) client->Close();
  Settle();
  bus_.Stop();
  store_->Stop();
}

std::unique_ptr<backend::Store> TestServer::OpenStore(const Settings& settings) {
  auto journal = std::make_unique<FaultyJournal>(backend::MakeNullJournal());
  journal_ = journal.get();
  auto store = backend::OpenEmbeddedStore({.databases = static_cast<uint32_t>(settings.databases),
                                           .journalled = true,
                                           .settings = resp::StoreSettingsOf(settings)},
                                          clock_, std::move(journal));
  return std::move(store).value();
}

TestClient& TestServer::Connect(size_t thread) {
  const uint64_t id = context_.counters.next_client_id.fetch_add(1);
  context_.counters.clients.fetch_add(1);
  Turn turn(*workers_[thread]);
  clients_.push_back(std::make_unique<TestClient>(*this, *workers_[thread], id));
  return *clients_.back();
}

TestClient& TestServer::Connect3(size_t thread) {
  TestClient& client = Connect(thread);
  client.Run({"HELLO", "3"});
  return client;
}

// False when there was nothing.
bool TestServer::RunJobs(size_t thread) {
  const auto jobs = ports_[thread]->Take();
  for (const auto& job : jobs) {
    Turn turn(*workers_[thread]);
    job();
  }
  return !jobs.empty();
}

void TestServer::Settle() {
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t i = 0; i < workers_.size(); ++i) moved = RunJobs(i) || moved;
    for (const auto& client : clients_) moved = client->Process() || moved;
    for (const auto& client : clients_) moved = client->EndTurn() || moved;
  }
}

int64_t TestServer::Tick() {
  int64_t wait_ms = 0;
  {
    Turn turn(*workers_[0]);
    wait_ms = workers_[0]->TickStore();
  }
  Settle();
  return wait_ms;
}

void TestServer::Cron() {
  for (const auto& worker : workers_) {
    Turn turn(*worker);
    worker->Cron();
  }
  Settle();
}

void TestServer::Set(const std::function<void(Settings&)>& change) {
  const Status updated = settings_.Update([&](const Settings& before) {
    Settings after = before;
    change(after);
    return Result<Settings>(std::move(after));
  });
  static_cast<void>(updated.ok());
}

}  // namespace tideway::test
