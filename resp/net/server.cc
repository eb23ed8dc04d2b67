#include "resp/net/server.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <future>
#include <map>
#include <random>
#include <utility>

#include "backend/clock.h"
#include "backend/log.h"
#include "backend/memory/embedded_store.h"
#include "backend/rocksdb/rocksdb_journal.h"
#include "backend/tidb/address.h"
#include "backend/tidb/bootstrap.h"
#include "backend/tidb/schema.h"
#include "backend/tidb/tidb_store.h"
#include "backend/version.h"
#include "cdc/bus.h"
#include "cdc/nats_bus.h"
#include "cdc/nats_connection.h"
#include "resp/bus_receiver.h"
#include "resp/bus_settings.h"
#include "resp/config/shared_setting.h"
#include "resp/net/io_thread.h"
#include "resp/net/listener.h"
#include "resp/net/supervisor.h"
#include "resp/process/pid_file.h"
#include "resp/store_settings.h"

namespace tideway::resp {

namespace {

constexpr rlim_t kSpareDescriptors = 64;  // for the store's files, the log and the like

std::string RandomHex(size_t digits) {
  std::random_device device;
  std::string text;
  while (text.size() < digits) text += "0123456789abcdef"[device() % 16];
  return text;
}

// Raises the limit of open files so that maxclients fit; says so when they do not.
void RaiseFileLimit(uint32_t maxclients) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = maxclients + kSpareDescriptors;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : std::min(wanted, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
    log::Warning(
        "maxclients is {} but only {} files may be open (ulimit -n): at most {} clients "
        "can be served.",
        maxclients, limit.rlim_cur, limit.rlim_cur - kSpareDescriptors);
  }
}

Result<std::unique_ptr<backend::Journal>> OpenJournal(const Settings& settings,
                                                      const backend::Clock& clock) {
  if (!IsJournalled(settings)) return backend::MakeNullJournal();
  backend::RocksdbJournalOptions options;
  options.dir = settings.dir;
  options.sync = SyncPolicyOf(settings.appendfsync);
  return backend::OpenRocksdbJournal(options, clock);
}

}  // namespace

struct Server::Parts {
  Parts(const StartOptions& start, std::unique_ptr<backend::Store> its_store,
        std::unique_ptr<cdc::Bus> its_bus)
      : options(start),
        settings(start.settings, start.config_file),
        bus(std::move(its_bus)),
        store(std::move(its_store)),
        context{.settings = settings,
                .store = *store,
                .clock = clock,
                .bus = *bus,
                .identity = {},
                .registry = {static_cast<size_t>(start.settings.io_threads), *bus},
                .workers = {},
                .pause = {},
                .slow_log = {},
                .latency = {},
                .monitors = {},
                .memory = {},
                .counters = {},
                .rates = {},
                .request_shutdown = {},
                .inspection = {}},
        listener(context, threads) {}
  // The store's threads post to the I/O threads, which go first.
  ~Parts() { store->Stop(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  StartOptions options;
  backend::SystemClock clock;
  LiveSettings settings;
  std::unique_ptr<cdc::Bus> bus;
  std::unique_ptr<backend::Store> store;
  ServerContext context;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::unique_ptr<BusReceiver> receiver;
  Listener listener;
  std::promise<ShutdownRequest> shutdown;
  std::atomic<bool> stopping{false};
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

// Waits until the database answers: a node may start before it.
Result<std::unique_ptr<backend::Store>> OpenTidb(const Settings& settings,
                                                 const backend::Clock& clock,
                                                 std::map<std::string, std::string>& shared) {
  const auto address = backend::ParseTidbAddress(settings.backend);
  if (!address.ok()) return address.error();
  if (std::cmp_greater(settings.databases, backend::kTidbDatabasesMax)) {
    return Error{Errc::kInvalidArgument,
                 "databases " + std::to_string(settings.databases) + " are more than " +
                     std::to_string(backend::kTidbDatabasesMax) + ", the limit of backend tidb://"};
  }
  const Status ready = backend::BootstrapTidb(
      address.value(), [] { return true; }, &shared);
  if (!ready.ok()) return ready.error();
  return backend::MakeTidbStore({.address = address.value(),
                                 .databases = static_cast<uint32_t>(settings.databases),
                                 .backend_timeout_ms = settings.backend_timeout.count(),
                                 .value_bytes_max = static_cast<size_t>(settings.value_bytes_max),
                                 .txn_keys_max = static_cast<size_t>(settings.txn_keys_max),
                                 .settings = StoreSettingsOf(settings)},
                                clock);
}

Result<std::unique_ptr<backend::Store>> OpenEmbedded(const Settings& settings,
                                                     const backend::Clock& clock) {
  auto journal = OpenJournal(settings, clock);
  if (!journal.ok()) return journal.error();
  return backend::OpenEmbeddedStore({.databases = static_cast<uint32_t>(settings.databases),
                                     .journalled = IsJournalled(settings),
                                     .settings = StoreSettingsOf(settings)},
                                    clock, std::move(journal).value());
}

// Connects when it is started.
Result<std::unique_ptr<cdc::Bus>> OpenBus(const Settings& settings, const std::string& node,
                                          const backend::Clock& clock) {
  if (settings.bus.empty()) return cdc::MakeInProcessBus();
  auto options = NatsOptionsOf(settings);
  if (!options.ok()) return options.error();
  cdc::NatsBusOptions bus;
  bus.prefix = settings.bus_subject_prefix;
  bus.node = node;
  if (TellsOtherNodes(settings)) {
    const auto address = backend::ParseTidbAddress(settings.backend);
    if (!address.ok()) return address.error();
    // Nodes over one database have its name in common; buses of two are not joined.
    bus.cluster = address.value().database;
    bus.events = true;
  }
  return cdc::MakeNatsBus(
      std::move(bus),
      cdc::MakeNatsConnection(std::move(options).value(), "tideway " + node.substr(0, 8), clock),
      clock);
}

Result<std::unique_ptr<Server>> Server::Create(const StartOptions& options) {
  const Settings& settings = options.settings;
  RaiseFileLimit(settings.maxclients);
  if (IsJournalled(settings)) {
    std::error_code error;
    std::filesystem::create_directories(settings.dir, error);
    if (error) {
      return {Errc::kIo, "Can't create the data directory '" + settings.dir +
                             "' (setting dir): " + error.message()};
    }
  }
  static const backend::SystemClock clock;
  const int64_t start_us = clock.MonotonicUs();
  std::map<std::string, std::string> shared;  // settings that the database remembers
  auto store =
      settings.backend.empty() ? OpenEmbedded(settings, clock) : OpenTidb(settings, clock, shared);
  if (!store.ok()) return store.error();
  const std::string run_id = RandomHex(40);
  auto bus = OpenBus(settings, run_id, clock);
  if (!bus.ok()) return bus.error();
  auto parts = std::make_unique<Parts>(options, std::move(store).value(), std::move(bus).value());
  if (IsJournalled(settings)) {
    log::Notice("DB loaded from {}: {:.3f} seconds", settings.dir,
                static_cast<double>(clock.MonotonicUs() - start_us) / 1e6);
  }
  ServerContext& context = parts->context;
  context.identity = {.run_id = run_id,
                      .executable = std::filesystem::read_symlink("/proc/self/exe").string(),
                      .config_file = options.config_file,
                      .data_directory = settings.dir,
                      .start_unix_s = clock.WallMs() / 1000,
                      .start_monotonic_ms = clock.MonotonicUs() / 1000,
                      .pid = getpid(),
                      .supervised = SupervisorName(DetectSupervisor(settings.supervised))};
  context.memory.Refresh(parts->store->UsedBytes());
  for (int32_t i = 0; i < settings.io_threads; ++i) {
    parts->threads.push_back(std::make_unique<IoThread>(context, static_cast<size_t>(i)));
    context.workers.push_back(&parts->threads.back()->worker());
  }
  std::vector<backend::ThreadPort*> ports;
  for (const auto& thread : parts->threads) ports.push_back(thread.get());
  parts->store->AttachThreads(ports);
  parts->receiver = std::make_unique<BusReceiver>(context);
  Parts* const raw = parts.get();
  context.request_shutdown = [raw](ShutdownRequest request) {
    if (!raw->stopping.exchange(true)) raw->shutdown.set_value(request);
  };
  parts->settings.SetApplier([raw](const Settings& before, const Settings& now) {
    return raw->listener.Rebind(before, now);
  });
  parts->settings.AddListener([raw](const Settings&, const Settings& now) {
    log::SetLevel(now.loglevel);
    raw->store->Configure(StoreSettingsOf(now));
    raw->context.slow_log.Trim(static_cast<size_t>(now.slowlog_max_len));
    RaiseFileLimit(now.maxclients);
  });
  for (const auto& [name, value] : shared) ApplySharedSetting(parts->settings, name, value);
  if (const Status listening = parts->listener.Listen(settings); !listening.ok()) {
    return listening.error();
  }
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

int Server::Run(const std::function<void()>& serving) {
  Parts& parts = *parts_;
  const Settings& settings = parts.options.settings;
  boost::asio::signal_set signals(parts.threads.front()->io(), SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int signal) {
    if (error) return;
    log::Warning("Received {}, scheduling shutdown...", signal == SIGINT ? "SIGINT" : "SIGTERM");
    parts.context.request_shutdown({});
  });
  for (const auto& thread : parts.threads) thread->Start();
  parts.bus->Start(*parts.receiver);
  parts.threads.front()->Post([&] { parts.listener.Start(); });
  if (settings.port != 0) log::Notice("Ready to accept connections on port {}", settings.port);
  if (!settings.unixsocket.empty()) {
    log::Notice("The server is now ready to accept connections at {}", settings.unixsocket);
  }

  const auto pid_file = PidFile::Write(settings.pidfile);
  if (!pid_file.ok()) log::Warning("{}", pid_file.error().detail);
  const Supervised manager = DetectSupervisor(settings.supervised);
  TellReady(manager);
  serving();

  const ShutdownRequest request = parts.shutdown.get_future().get();
  TellStopping(manager);
  log::Warning("User requested shutdown...");
  std::promise<void> stopped;
  parts.threads.front()->Post([&] {
    parts.listener.Stop();
    boost::system::error_code ignored;
    signals.cancel(ignored);
    stopped.set_value();
  });
  stopped.get_future().wait();
  parts.bus->Stop();
  for (const auto& thread : parts.threads) thread->Stop();
  int status = 0;
  if (request.save) {
    if (const Status flushed = parts.store->Flush(); !flushed.ok()) {
      log::Warning("The last changes could not be written: {}", flushed.error().detail);
      status = 1;
    }
  }
  log::Warning("Tideway is now ready to exit, bye bye...");
  return status;
}

}  // namespace tideway::resp
