#include "backend/tidb/thread_engine.h"

#include <algorithm>
#include <random>
#include <utility>

#include "backend/data/key_hash.h"
#include "backend/memory/durability_queue.h"
#include "backend/tidb/trip.h"

namespace tideway::backend {
namespace {

// One load's keys, and those of a write.
constexpr size_t kReadKeysMax = 256;
constexpr size_t kWriteKeysMax = 64;
constexpr size_t kBlindKeysMax = 64;
// Of what clients sent, in a transaction.
constexpr size_t kBytesMax = size_t{256} << 10;
// After so many conflicts a batch travels only with others about the same keys.
constexpr int kConflictsTogether = 2;
// How often deadlines of what waits are looked at.
constexpr int64_t kDeadlineLookMs = 50;

// How often idle connections are looked at.
constexpr int64_t kConnectionsLookMs = 1'000;

// What TiKV commits in one round (async commit) has at most so many bytes of keys, encoded: eight
// bytes become nine, behind a prefix; and so has the row's place in the index of due keys.
constexpr size_t kCommitKeyBytesMax = 4096;
constexpr size_t kKeyPrefixBytes = 20;
constexpr size_t kDueKeyBytes = 40;

size_t CommitKeyBytes(const TidbBatch& batch) {
  const auto encoded = [](size_t bytes) { return kKeyPrefixBytes + (bytes / 8 + 1) * 9; };
  size_t bytes = 0;
  for (const Read& read : batch.reads) bytes += encoded(read.key.size());
  for (const BlindWrite& write : batch.blind) {
    if (write.ttl_ms > 0) bytes += kDueKeyBytes + encoded(write.key.size());
  }
  return bytes;
}

uint64_t IdOf(const Read& read) { return read.hash ^ (read.db * 0x9e3779b97f4a7c15ull); }

// Whether two batches can share a transaction.
bool SameKind(const TidbBatch& a, const TidbBatch& b) {
  return a.may_write == b.may_write && a.goes_blind() == b.goes_blind();
}

bool IsAbout(const TidbBatch& batch, const std::unordered_set<uint64_t>& keys) {
  return batch.ranges.empty() &&
         std::all_of(batch.reads.begin(), batch.reads.end(),
                     [&](const Read& read) { return keys.contains(IdOf(read)); });
}

bool Repeats(const TidbBatch& batch, const std::unordered_set<uint64_t>& keys) {
  return std::any_of(batch.reads.begin(), batch.reads.end(),
                     [&](const Read& read) { return keys.contains(IdOf(read)); });
}

}  // namespace

ThreadEngine::ThreadEngine(const TidbEngineOptions& options, const Clock& clock, TsoClock& time,
                           TidbCounters& counters, DurabilityQueue& lanes, ThreadPort& port,
                           size_t index)
    : options_(options),
      clock_(clock),
      time_(time),
      counters_(counters),
      lanes_(lanes),
      port_(port),
      flushes_(options.databases) {
  for (size_t i = 0; i < options_.connections; ++i) {
    // Numbers of markers come from it: no two connections of the cluster may share one.
    std::random_device random;
    const uint64_t seed = (uint64_t{random()} << 32) ^ random();
    slots_.push_back(std::make_unique<ConnectionSlot>(port_, options_.endpoints, index + i, seed,
                                                      options_.connection_lifetime_ms,
                                                      [this] { SchedulePump(); }));
    trips_.push_back(std::make_unique<Trip>(*this, options_, flushes_));
  }
}

ThreadEngine::~ThreadEngine() = default;

void ThreadEngine::Start() {
  for (const auto& slot : slots_) slot->Start();
  connections_timer_ = port_.MakeWaiter(-1);
  LookAfterConnections();
}

void ThreadEngine::LookAfterConnections() {
  const int64_t now_ms = NowMs();
  for (const auto& slot : slots_) slot->Look(now_ms);
  connections_timer_->Wait(0, kConnectionsLookMs, [this](short) { LookAfterConnections(); });
}

Progress ThreadEngine::Load(TidbBatch& batch) {
  if (batch.reads.empty() && batch.ranges.empty()) {
    batch.Detach();
    prepare_view(batch.view());
    batch.view().set_now_ms(time_.NowMs());
    return Progress::kDone;
  }
  if (batch.reads.size() > options_.txn_keys_max) {
    RefuseTooMany(batch);
    return Progress::kPending;
  }
  batch.Pin();
  batch.deadline_ms = NowMs() + options_.backend_timeout_ms;
  batch.conflicts = 0;
  batch.alone = false;
  batch.flush_announced = 0;
  batch.troubles = 0;
  batch.not_before_ms = 0;
  waiting_.push_back(&batch);
  SchedulePump();
  WatchDeadlines();
  return Progress::kPending;
}

void ThreadEngine::RefuseTooMany(TidbBatch& batch) {
  batch.outcome = Outcome::kNotApplied;
  batch.detail = "ERR " + std::to_string(batch.reads.size()) +
                 " keys in one transaction are more " + "than " +
                 std::to_string(options_.txn_keys_max) + " (txn-keys-max)";
  port_.Post([&batch, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) batch.owner().OnCommitted(batch);
  });
}

Progress ThreadEngine::Commit(TidbBatch& batch) {
  batch.committed = true;
  if (batch.in_trip) return Progress::kPending;
  Announce(batch.thread(), batch.announcement);
  batch.outcome = Outcome::kCommitted;
  return Progress::kDone;
}

void ThreadEngine::Announce(size_t thread, const Announcement& announcement) {
  if (announcement.tell == nullptr) return;
  lanes_.Wake(lanes_.Announce(thread, announcement, DurabilityQueue::Gate::kFree));
}

void ThreadEngine::CountEnd(Outcome outcome, const std::vector<TidbBatch*>& batches, bool writes) {
  if (outcome == Outcome::kNotApplied) TidbCounters::Add(counters_.refused);
  if (outcome == Outcome::kUndecided) TidbCounters::Add(counters_.undecided);
  if (!writes) TidbCounters::Add(counters_.reads);
  TidbCounters::Add(counters_.batches, batches.size());
  for (TidbBatch* batch : batches) {
    TidbCounters::Add(counters_.commands, batch->commands);
    ViewCounters& seen = batch->view().counters();
    TidbCounters::Add(counters_.hits, seen.hits);
    TidbCounters::Add(counters_.misses, seen.misses);
    TidbCounters::Add(counters_.expired_keys, seen.expired);
    seen = {};
  }
}

void ThreadEngine::SchedulePump() {
  if (std::exchange(pump_scheduled_, true)) return;
  // At the end of this turn: what other clients ask for in it travels along.
  port_.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    pump_scheduled_ = false;
    Pump();
  });
}

ConnectionSlot* ThreadEngine::IdleSlot() {
  for (const auto& slot : slots_) {
    if (slot->idle()) return slot.get();
  }
  return nullptr;
}

void ThreadEngine::Pump() {
  for (const auto& trip : trips_) {
    if (!trip->fence_due(NowMs())) continue;
    ConnectionSlot* const slot = IdleSlot();
    if (slot == nullptr) return;
    trip->Fence(*slot);
  }
  while (!waiting_.empty()) {
    ConnectionSlot* const slot = IdleSlot();
    const auto free =
        std::find_if(trips_.begin(), trips_.end(), [](const auto& trip) { return trip->free(); });
    if (slot == nullptr || free == trips_.end()) return;
    const std::vector<TidbBatch*> next = TakeNext();
    if (next.empty()) return;
    for (const TidbBatch* batch : next) Hold(*batch, true);
    (*free)->Start(*slot, next);
  }
}

bool ThreadEngine::Collides(const TidbBatch& batch,
                            const std::unordered_set<uint64_t>& passed) const {
  return std::any_of(batch.reads.begin(), batch.reads.end(), [&](const Read& read) {
    return busy_.contains(IdOf(read)) || passed.contains(IdOf(read));
  });
}

std::vector<TidbBatch*> ThreadEngine::TakeNext() {
  const int64_t now_ms = NowMs();
  std::vector<TidbBatch*> taken;
  std::unordered_set<uint64_t> passed;   // keys of batches that have to wait
  std::unordered_set<uint64_t> written;  // of a blind transaction, where each key stands once
  size_t keys = 0;
  size_t bytes = 0;
  size_t commit_bytes = 0;
  size_t keys_max = 0;
  bool full = false;
  bool narrow = false;
  std::unordered_set<uint64_t> first_keys;
  for (auto at = waiting_.begin(); at != waiting_.end() && !full;) {
    TidbBatch& batch = **at;
    const bool alone = batch.alone || !batch.ranges.empty();
    const bool fits =
        taken.empty() ||
        (!alone && SameKind(*taken.front(), batch) && (!narrow || IsAbout(batch, first_keys)) &&
         keys + batch.reads.size() <= keys_max && bytes + batch.bytes() <= kBytesMax &&
         (!batch.may_write || commit_bytes + CommitKeyBytes(batch) <= kCommitKeyBytesMax));
    const bool collides = Collides(batch, passed) || Repeats(batch, written);
    if (collides) batch.LoadFirst();
    if (!fits || collides || batch.not_before_ms > now_ms) {
      for (const Read& read : batch.reads) passed.insert(IdOf(read));
      ++at;
      continue;
    }
    if (taken.empty()) {
      narrow = batch.conflicts >= kConflictsTogether;
      for (const Read& read : batch.reads) first_keys.insert(IdOf(read));
    }
    keys_max = batch.goes_blind() ? kBlindKeysMax : batch.may_write ? kWriteKeysMax : kReadKeysMax;
    if (batch.goes_blind()) {
      for (const Read& read : batch.reads) written.insert(IdOf(read));
    }
    keys += batch.reads.size();
    bytes += batch.bytes();
    if (batch.may_write) commit_bytes += CommitKeyBytes(batch);
    taken.push_back(&batch);
    at = waiting_.erase(at);
    full = alone || keys >= keys_max || bytes >= kBytesMax;
  }
  return taken;
}

void ThreadEngine::Hold(const TidbBatch& batch, bool hold) {
  for (const Read& read : batch.reads) {
    uint32_t& count = busy_[IdOf(read)];
    count += hold ? 1 : uint32_t{0} - 1;
    if (count == 0) busy_.erase(IdOf(read));
  }
}

void ThreadEngine::Release(const std::vector<TidbBatch*>& batches) {
  for (const TidbBatch* batch : batches) Hold(*batch, false);
}

void ThreadEngine::RunAgain(const std::vector<TidbBatch*>& batches) {
  waiting_.insert(waiting_.begin(), batches.begin(), batches.end());
  // Here, too: while there is an idle connection they never wait.
  GiveUpLate();
  SchedulePump();
}

void ThreadEngine::WatchDeadlines() {
  if (std::exchange(deadline_watched_, true)) return;
  if (deadline_timer_ == nullptr) deadline_timer_ = port_.MakeWaiter(-1);
  deadline_timer_->Wait(0, kDeadlineLookMs, [this](short) {
    deadline_watched_ = false;
    GiveUpLate();
  });
}

void ThreadEngine::GiveUpLate() {
  const int64_t now_ms = NowMs();
  std::vector<TidbBatch*> late;
  std::erase_if(waiting_, [&](TidbBatch* batch) {
    if (batch->deadline_ms > now_ms) return false;
    late.push_back(batch);
    return true;
  });
  for (const auto& trip : trips_) trip->GiveUpFence(now_ms);
  if (!waiting_.empty() || std::any_of(trips_.begin(), trips_.end(),
                                       [](const auto& trip) { return trip->wants_fence(); })) {
    SchedulePump();  // some wait for time to pass
    WatchDeadlines();
  }
  for (TidbBatch* batch : late) {
    TidbCounters::Add(counters_.timeouts);
    batch->outcome = Outcome::kNotApplied;
    batch->detail = TimeoutText();
    batch->Unpin();
    batch->owner().OnCommitted(*batch);
  }
}

std::string ThreadEngine::TimeoutText() const {
  std::string reason;
  for (const auto& slot : slots_) {
    if (!slot->last_error().empty()) reason = ": " + slot->last_error();
  }
  if (reason.empty() && !last_trouble_.empty()) reason = ": " + last_trouble_;
  return "TRYAGAIN the database did not answer within " +
         std::to_string(options_.backend_timeout_ms) + " ms (backend-timeout)" + reason;
}

}  // namespace tideway::backend
