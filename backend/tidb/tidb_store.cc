#include "backend/tidb/tidb_store.h"

#include <atomic>
#include <random>
#include <utility>
#include <vector>

#include "backend/memory/durability_queue.h"
#include "backend/tidb/housekeeper.h"
#include "backend/tidb/thread_engine.h"
#include "backend/tidb/tidb_batch.h"
#include "backend/tidb/tidb_counters.h"
#include "backend/tidb/tombstone.h"
#include "backend/tidb/tso_clock.h"

namespace tideway::backend {
namespace {

// Nothing is due in this node's memory: the sweeper works by the database's time.
constexpr int64_t kTickMs = 100;
// Tombstones are collected later by what a commit may take.
constexpr int64_t kWatchRestMs = 60'000;

TidbEngineOptions EngineOptions(const TidbStoreOptions& options) {
  const TidbAddress& address = options.address;
  TidbEngineOptions engine;
  engine.databases = options.databases;
  engine.connections = address.connections;
  engine.connection_lifetime_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(address.connection_lifetime).count();
  engine.backend_timeout_ms = options.backend_timeout_ms;
  engine.value_bytes_max = options.value_bytes_max;
  engine.txn_keys_max = options.txn_keys_max;
  for (const TidbHost& host : address.hosts) {
    SqlEndpoint endpoint;
    endpoint.host = host.host;
    if (!IsNumericHost(host.host)) endpoint.name = std::make_shared<HostName>(host.host);
    endpoint.port = host.port;
    endpoint.user = address.user;
    endpoint.password = address.password;
    endpoint.database = address.database;
    endpoint.tls = address.tls != TidbTls::kOff;
    endpoint.tls_verify = address.tls == TidbTls::kVerify;
    endpoint.tls_ca = address.ca_file;
    endpoint.connect_timeout_ms = address.connect_timeout.count();
    engine.endpoints.push_back(std::move(endpoint));
  }
  return engine;
}

class TidbStore final : public Store {
 public:
  TidbStore(const TidbStoreOptions& options, const Clock& clock)
      : options_(EngineOptions(options)),
        address_(options.address.Redacted()),
        clock_(clock),
        time_(clock),
        sizes_(options.databases) {
    Configure(options.settings);
  }

  bool remote() const override { return true; }

  void AttachThreads(std::vector<ThreadPort*> ports) override {
    lanes_.Attach(ports);
    for (size_t i = 0; i < ports.size(); ++i) {
      engines_.push_back(
          std::make_unique<ThreadEngine>(options_, clock_, time_, counters_, lanes_, *ports[i], i));
      engines_.back()->prepare_view = [this](View& view) { PrepareView(view); };
      ports[i]->Post([engine = engines_.back().get()] { engine->Start(); });
    }
    housekeeper_ = std::make_unique<Housekeeper>(
        options_.endpoints, options_.databases, clock_, time_, counters_, sizes_, *ports[0],
        shared_settings_, (uint64_t{std::random_device{}()} << 32) | std::random_device{}(),
        [this](std::vector<ExpiredKey> keys) { TellExpired(keys); },
        [this](const std::string& name, const std::string& value) {
          if (listener_ != nullptr) listener_->OnSharedSetting(name, value);
        });
    ports[0]->Post([keeper = housekeeper_.get()] { keeper->Start(); });
  }

  std::unique_ptr<Batch> MakeBatch(BatchOwner& owner, size_t thread) override {
    auto batch = std::make_unique<TidbBatch>(owner, thread);
    batch->view().set_random(static_cast<uint64_t>(clock_.MonotonicUs()) ^
                             (++random_seeds_ * 0x9e3779b97f4a7c15ull));
    return batch;
  }

  Progress Load(Batch& batch) override {
    return engines_[batch.thread()]->Load(static_cast<TidbBatch&>(batch));
  }
  Progress Commit(Batch& batch) override {
    return engines_[batch.thread()]->Commit(static_cast<TidbBatch&>(batch));
  }
  void Announce(size_t from, Announcement announcement) override {
    lanes_.Wake(lanes_.Announce(from, announcement, DurabilityQueue::Gate::kFree));
  }
  void Deliver(size_t thread) override { lanes_.Deliver(thread); }
  void Unwatch(uint32_t, std::string_view) override {}  // revisions are the rows'
  int64_t WatchMsMax() const override { return kTombstoneMs - kWatchRestMs; }

  int64_t NowMs() const override { return time_.NowMs(); }
  std::string WriteRefusal() const override { return {}; }  // a batch's outcome says it
  int64_t Tick(StoreListener& listener) override {
    listener_ = &listener;
    housekeeper_->set_expires(active_expire_ && expire_writes_);
    housekeeper_->Look();
    return kTickMs;
  }
  void ShareSetting(std::string_view name, std::string_view value) override {
    shared_settings_.Share(name, value);
  }
  void SetActiveExpire(bool on) override { active_expire_ = on; }
  void SetExpireWrites(bool on) override { expire_writes_ = on; }

  void Configure(const StoreSettings& settings) override {
    event_classes_ = settings.event_classes;
    string_bytes_max_ = settings.string_bytes_max;
  }

  uint64_t UsedBytes() const override { return 0; }
  StoreStats Stats() const override {
    StoreStats stats;
    stats.expired_keys = counters_.expired_keys.load(std::memory_order_relaxed);
    stats.keyspace_hits = counters_.hits.load(std::memory_order_relaxed);
    stats.keyspace_misses = counters_.misses.load(std::memory_order_relaxed);
    return stats;
  }
  std::vector<DatabaseStats> Databases() const override { return sizes_.Get(); }
  void ResetStats() override { counters_.Reset(); }
  std::vector<std::pair<std::string_view, std::string>> Facts() const override {
    auto facts = counters_.Facts();
    facts.insert(facts.begin(), {"backend", "tidb"});
    facts.insert(facts.begin() + 1, {"backend_address", address_});
    return facts;
  }
  Status StartCheckpoint() override { return Ok(); }
  Status Flush() override { return Ok(); }
  void Stop() override {
    lanes_.Detach();
    housekeeper_.reset();
    engines_.clear();
  }

 private:
  void PrepareView(View& view) {
    view.set_event_filter(event_classes_.load(std::memory_order_relaxed));
    view.set_string_bytes_max(string_bytes_max_.load(std::memory_order_relaxed));
    view.set_expire_writes(expire_writes_.load(std::memory_order_relaxed));
    view.set_stable_scans(true);
  }

  // On thread 0.
  void TellExpired(const std::vector<ExpiredKey>& keys) {
    if (listener_ == nullptr) return;
    PrepareView(teller_);
    for (const ExpiredKey& key : keys) teller_.Note(Event::kExpired, key.db, key.key);
    auto events = teller_.TakeEvents();
    teller_.Reset();
    if (events.empty()) return;
    lanes_.Wake(lanes_.Announce(DurabilityQueue::kNoThread,
                                listener_->OnStoreEvents(std::move(events)),
                                DurabilityQueue::Gate::kFree));
  }

  const TidbEngineOptions options_;
  const std::string address_;
  const Clock& clock_;
  TsoClock time_;
  TidbCounters counters_;
  DatabaseSizes sizes_;
  SharedSettings shared_settings_;
  DurabilityQueue lanes_;
  std::vector<std::unique_ptr<ThreadEngine>> engines_;  // by thread
  std::atomic<uint32_t> event_classes_{0};
  std::atomic<size_t> string_bytes_max_{0};
  std::atomic<uint64_t> random_seeds_{0};
  std::atomic<bool> active_expire_{true};
  std::atomic<bool> expire_writes_{true};
  // Thread 0 only:
  std::unique_ptr<Housekeeper> housekeeper_;
  StoreListener* listener_ = nullptr;
  Keyspace nothing_;
  View teller_{nothing_};  // makes events of names
};

}  // namespace

std::unique_ptr<Store> MakeTidbStore(const TidbStoreOptions& options, const Clock& clock) {
  return std::make_unique<TidbStore>(options, clock);
}

}  // namespace tideway::backend
