#include "backend/memory/embedded_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>

#include "backend/data/key_hash.h"
#include "backend/data/keyspace.h"
#include "backend/log.h"
#include "backend/memory/checkpointer.h"
#include "backend/memory/durability_queue.h"

namespace tideway::backend {
namespace {

// Expiry looks at the stripes at least this often.
constexpr int64_t kTickMsMax = 100;
// Keys expired while one stripe is held.
constexpr size_t kExpireBudget = 256;
// One Tick gives the loop back after this long.
constexpr int64_t kTickBudgetUs = 5'000;
// How often the need for a checkpoint is looked at.
constexpr int64_t kCheckpointLookMs = 1'000;
// After the first failed checkpoint the next one comes twice as much later; at most so much.
constexpr int64_t kCheckpointRetryMs = 1'000;
constexpr int64_t kCheckpointRetryMsMax = 5 * 60 * 1'000;
// The journal may grow to the checkpoint's size, but at least to this, before a new checkpoint.
constexpr uint64_t kJournalBytesMin = uint64_t{64} << 20;
// How long a batch that wrote waits for a failing disk before its client is told nothing (closed).
constexpr int64_t kUndecidedAfterMs = 1'000;

using StripeMask = uint64_t;
static_assert(Keyspace::stripe_count() == 64, "StripeMask has a bit for each stripe");

class EmbeddedBatch final : public Batch {
 public:
  EmbeddedBatch(BatchOwner& owner, size_t thread, Keyspace& keyspace)
      : Batch(owner, thread), view_(keyspace) {}
  View& view() override { return view_; }

  StripeMask held = 0;

 private:
  View view_;
};

// Counters of one I/O thread; written by it alone.
struct alignas(64) ThreadCounters {
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> misses{0};
  std::atomic<uint64_t> expired{0};
  void Add(ViewCounters& counters) {
    hits.store(hits.load(std::memory_order_relaxed) + counters.hits, std::memory_order_relaxed);
    misses.store(misses.load(std::memory_order_relaxed) + counters.misses,
                 std::memory_order_relaxed);
    expired.store(expired.load(std::memory_order_relaxed) + counters.expired,
                  std::memory_order_relaxed);
    counters = {};
  }
};

class EmbeddedStore final : public Store {
 public:
  EmbeddedStore(const EmbeddedStoreOptions& options, const Clock& clock,
                std::unique_ptr<Journal> journal)
      : options_(options),
        clock_(clock),
        commit_clock_(clock),
        keyspace_({.databases = options.databases}),
        journal_(std::move(journal)),
        checkpointer_(keyspace_, *journal_),
        expiry_view_(keyspace_) {
    Configure(options.settings);
    journal_->SetDurableListener([this](Ticket durable) { durability_.OnDurable(durable); });
  }
  ~EmbeddedStore() override {
    Stop();
    journal_.reset();  // its thread calls durability_ until then
  }
  void Stop() override {
    checkpointer_.Stop();
    durability_.Detach();
  }

  Status Recover() {
    const auto newest = journal_->Recover(
        [this](std::string_view records) { return ApplyChanges(keyspace_, records); });
    if (!newest.ok()) return newest.error();
    commit_clock_.RaiseTo(newest.value());
    return Ok();
  }

  void AttachThreads(std::vector<ThreadPort*> ports) override {
    counters_ = std::vector<ThreadCounters>(ports.size());
    durability_.Attach(std::move(ports));
  }

  std::unique_ptr<Batch> MakeBatch(BatchOwner& owner, size_t thread) override {
    auto batch = std::make_unique<EmbeddedBatch>(owner, thread, keyspace_);
    batch->view().set_random(KeyHash("batch") ^ (++random_seeds_ * 0x9e3779b97f4a7c15ull) ^
                             static_cast<uint64_t>(clock_.MonotonicUs()));
    return batch;
  }

  Progress Load(Batch& base) override {
    auto& batch = static_cast<EmbeddedBatch&>(base);
    StripeMask wanted = batch.reads_everything ? ~StripeMask{0} : 0;
    for (const Read& read : batch.reads) {
      wanted |= StripeMask{1} << Keyspace::StripeOf(read.hash);
    }
    batch.held = wanted;
    for (StripeMask left = wanted; left != 0; left &= left - 1) {
      keyspace_.stripe(static_cast<uint32_t>(std::countr_zero(left))).mutex.lock();
    }
    PrepareView(batch.view());
    batch.view().set_now_ms(clock_.WallMs());
    return Progress::kDone;
  }

  Progress Commit(Batch& base) override {
    auto& batch = static_cast<EmbeddedBatch&>(base);
    View& view = batch.view();
    const bool wrote = !view.changes().empty();
    Ticket wait_for = 0;
    if (wrote) {
      batch.commit_ts = commit_clock_.Next();
      wait_for = Append(batch.commit_ts, view, batch.held);
    } else {
      for (StripeMask left = batch.held; left != 0; left &= left - 1) {
        wait_for = std::max(wait_for, newest_[static_cast<size_t>(std::countr_zero(left))]);
      }
    }
    // Asked after Append: who still sees kAlways has a ticket that Configure's news to the journal
    // covers, so it is not left waiting for a sync that nobody does.
    const bool always = this->always();
    const Ticket durable = always ? journal_->durable() : 0;
    // A read that finds its keys durable, or the disk failing, has nothing to wait for.
    const bool waits =
        always && (wrote || (wait_for > durable && journal_->health() == JournalHealth::kHealthy));
    uint64_t wake = 0;
    if (batch.announcement.tell != nullptr) {
      wake = durability_.Announce(batch.thread(), batch.announcement, GateOf(waits), wait_for,
                                  durable);
    }
    Release(batch.held);
    batch.held = 0;
    durability_.Wake(wake);
    counters_[batch.thread()].Add(view.counters());
    batch.outcome = Outcome::kCommitted;
    if (!waits) return Progress::kDone;
    return durability_.Wait(batch, wait_for, wrote, clock_.MonotonicUs() / 1000, durable)
               ? Progress::kPending
               : Progress::kDone;
  }

  void Announce(size_t from, Announcement announcement) override {
    durability_.Wake(durability_.Announce(from, announcement, DurabilityQueue::Gate::kFree));
  }
  void Deliver(size_t thread) override { durability_.Deliver(thread); }

  void Unwatch(uint32_t db, std::string_view key) override {
    Stripe& stripe = keyspace_.stripe(Keyspace::StripeOf(KeyHash(key)));
    std::lock_guard lock(stripe.mutex);
    stripe.watches.Release(db, key);
  }

  int64_t NowMs() const override { return clock_.WallMs(); }
  std::string WriteRefusal() const override {
    if (journal_->health() == JournalHealth::kHealthy) return {};
    return "MISCONF Errors writing to the AOF file: " + journal_->Stats().last_error;
  }

  int64_t Tick(StoreListener& listener) override {
    const int64_t now_us = clock_.MonotonicUs();
    const bool failing = journal_->health() != JournalHealth::kHealthy;
    if (failing) durability_.GiveUp(now_us / 1000 - kUndecidedAfterMs);
    const int64_t wait_ms = active_expire_ && expire_writes_ && !failing
                                ? ExpireDueKeys(listener, now_us + kTickBudgetUs)
                                : kTickMsMax;
    durability_.Deliver(0);
    LookForCheckpoint(now_us / 1000);
    return wait_ms;
  }

  void SetActiveExpire(bool on) override { active_expire_ = on; }
  void SetExpireWrites(bool on) override { expire_writes_ = on; }

  void Configure(const StoreSettings& settings) override {
    sync_ = settings.sync;
    journal_->SetSyncPolicy(settings.sync);
    event_classes_ = settings.event_classes;
    string_bytes_max_ = settings.string_bytes_max;
    keyspace_.limits().hash_max_listpack_entries = settings.hash_max_listpack_entries;
    keyspace_.limits().hash_max_listpack_value = settings.hash_max_listpack_value;
    keyspace_.limits().set_max_intset_entries = settings.set_max_intset_entries;
  }

  uint64_t UsedBytes() const override { return keyspace_.UsedBytes(); }

  StoreStats Stats() const override {
    StoreStats stats;
    stats.used_bytes = keyspace_.UsedBytes();
    for (const ThreadCounters& counters : counters_) {
      stats.keyspace_hits += counters.hits.load(std::memory_order_relaxed);
      stats.keyspace_misses += counters.misses.load(std::memory_order_relaxed);
      stats.expired_keys += counters.expired.load(std::memory_order_relaxed);
    }
    stats.freeing_objects = keyspace_.reclaimer().pending();
    stats.freed_objects = keyspace_.reclaimer().freed();
    stats.journal = journal_->Stats();
    stats.journal.checkpoint_running = checkpointer_.running();
    stats.journal.last_checkpoint_ok = checkpointer_.last_ok();
    stats.journal.last_checkpoint_seconds = checkpointer_.last_seconds();
    stats.journalled = options_.journalled;
    return stats;
  }

  std::vector<DatabaseStats> Databases() const override {
    // No stripes: a caller inside EXEC holds some of them. Nobody writes while the others rest.
    std::vector<DatabaseStats> databases(keyspace_.database_count());
    for (uint32_t db = 0; db < databases.size(); ++db) {
      databases[db] = {keyspace_.KeyCount(db), keyspace_.ExpiringCount(db),
                       keyspace_.MeanExpiryMs(db)};
    }
    return databases;
  }

  void ResetStats() override {
    keyspace_.ResetReclaimed();
    for (ThreadCounters& counters : counters_) {
      counters.hits = 0;
      counters.misses = 0;
      counters.expired = 0;
    }
  }

  Status StartCheckpoint() override { return checkpointer_.Start(); }
  Status Flush() override { return journal_->Flush(); }

 private:
  static DurabilityQueue::Gate GateOf(bool waits) {
    return waits ? DurabilityQueue::Gate::kDurable : DurabilityQueue::Gate::kBehind;
  }
  bool always() const { return sync_.load(std::memory_order_relaxed) == SyncPolicy::kAlways; }

  void PrepareView(View& view) {
    view.set_event_filter(event_classes_.load(std::memory_order_relaxed));
    view.set_string_bytes_max(string_bytes_max_.load(std::memory_order_relaxed));
    view.set_expire_writes(expire_writes_.load(std::memory_order_relaxed) &&
                           journal_->health() == JournalHealth::kHealthy);
  }

  // The batch's place in the journal, taken while its stripes are held.
  Ticket Append(CommitTs commit_ts, const View& view, StripeMask held) {
    const Ticket ticket = journal_->Append(commit_ts, view.changes().view());
    for (StripeMask left = held; left != 0; left &= left - 1) {
      newest_[static_cast<size_t>(std::countr_zero(left))] = ticket;
    }
    return ticket;
  }

  void Release(StripeMask held) {
    for (; held != 0; held &= held - 1) {
      keyspace_.stripe(static_cast<uint32_t>(std::countr_zero(held))).mutex.unlock();
    }
  }

  // Expires what is due until `deadline_us`; returns ms until the next look.
  int64_t ExpireDueKeys(StoreListener& listener, int64_t deadline_us) {
    int64_t next_ms = kTickMsMax;
    for (uint32_t step = 0; step < Keyspace::stripe_count(); ++step) {
      // Goes on where the last Tick ran out of time, so that no stripe starves.
      const uint32_t index = (next_stripe_ + step) % Keyspace::stripe_count();
      const int64_t now_ms = clock_.WallMs();
      while (keyspace_.DueHintMs(index) < now_ms) {
        if (!ExpireSome(index, now_ms, listener)) break;
        if (clock_.MonotonicUs() > deadline_us) {
          next_stripe_ = index;
          return 0;
        }
      }
      const int64_t due_ms = keyspace_.DueHintMs(index);
      if (due_ms != kNothingDue) next_ms = std::min(next_ms, due_ms - now_ms + 1);
    }
    return std::clamp<int64_t>(next_ms, 1, kTickMsMax);
  }

  // One turn on one stripe; false when nothing was due there after all.
  bool ExpireSome(uint32_t index, int64_t now_ms, StoreListener& listener) {
    View& view = expiry_view_;
    PrepareView(view);
    view.set_now_ms(now_ms);
    uint64_t wake = 0;
    size_t erased = 0;
    {
      std::lock_guard lock(keyspace_.stripe(index).mutex);
      erased = view.ExpireDue(index, kExpireBudget);
      Ticket ticket = 0;
      if (!view.changes().empty()) {
        ticket = Append(commit_clock_.Next(), view, StripeMask{1} << index);
      }
      if (!view.events().empty()) {
        const bool always = this->always();
        wake = durability_.Announce(DurabilityQueue::kNoThread,
                                    listener.OnStoreEvents(view.TakeEvents()), GateOf(always),
                                    ticket, always ? journal_->durable() : 0);
      }
    }
    durability_.Wake(wake & ~uint64_t{1});  // this thread's own turn comes at the end of Tick
    counters_[0].Add(view.counters());
    view.Reset();
    return erased > 0;
  }

  void LookForCheckpoint(int64_t now_ms) {
    if (!options_.journalled || now_ms < next_checkpoint_look_ms_) return;
    next_checkpoint_look_ms_ = now_ms + kCheckpointLookMs;
    const JournalStats stats = journal_->Stats();
    if (stats.health != JournalHealth::kHealthy || checkpointer_.running()) return;
    if (stats.journal_bytes < std::max(kJournalBytesMin, stats.checkpoint_bytes)) return;
    // After failures less and less often: each try costs reading all data and writing much of them.
    const uint32_t failures = checkpointer_.failures();
    if (failures != checkpoint_failures_seen_) {
      checkpoint_failures_seen_ = failures;
      retry_checkpoint_at_ms_ =
          failures == 0 ? 0
                        : now_ms + std::min(kCheckpointRetryMs << std::min(failures, 16u),
                                            kCheckpointRetryMsMax);
    }
    if (now_ms < retry_checkpoint_at_ms_) return;
    if (const Status started = checkpointer_.Start(); started.ok()) {
      log::Notice("Background checkpoint started: the journal has {} bytes", stats.journal_bytes);
    }
  }

  const EmbeddedStoreOptions options_;
  const Clock& clock_;
  HybridClock commit_clock_;
  Keyspace keyspace_;
  std::unique_ptr<Journal> journal_;
  Checkpointer checkpointer_;
  DurabilityQueue durability_;
  // Newest ticket of each stripe; guarded by the stripe.
  std::array<Ticket, Keyspace::stripe_count()> newest_{};
  std::vector<ThreadCounters> counters_;
  std::atomic<SyncPolicy> sync_{SyncPolicy::kEverySec};
  std::atomic<uint32_t> event_classes_{0};
  std::atomic<size_t> string_bytes_max_{0};
  std::atomic<bool> active_expire_{true};
  std::atomic<bool> expire_writes_{true};
  std::atomic<uint64_t> random_seeds_{0};
  // Thread 0 only:
  View expiry_view_;
  uint32_t next_stripe_ = 0;
  int64_t next_checkpoint_look_ms_ = 0;
  int64_t retry_checkpoint_at_ms_ = 0;
  uint32_t checkpoint_failures_seen_ = 0;
};

}  // namespace

Result<std::unique_ptr<Store>> OpenEmbeddedStore(const EmbeddedStoreOptions& options,
                                                 const Clock& clock,
                                                 std::unique_ptr<Journal> journal) {
  auto store = std::make_unique<EmbeddedStore>(options, clock, std::move(journal));
  if (const Status recovered = store->Recover(); !recovered.ok()) return recovered.error();
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace tideway::backend
