// The store seam: where data lives, seen from the executor.
//
//   load(reads) → view,   run handlers on the view,   commit(changes) → outcome
//
// One Batch carries all of it. Load and Commit either finish at once (kDone) or later (kPending),
// in which case the batch's owner is called on the I/O thread that started the batch. The embedded
// engine finishes at once except for the wait for an fsync under `appendfsync always`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/clock.h"
#include "backend/data/change.h"
#include "backend/journal.h"
#include "backend/result.h"
#include "backend/thread_port.h"
#include "backend/view.h"

namespace tideway::backend {

class Batch;

/// How much of a key a command reads: what a remote engine has to fetch. Each of those about one
/// key contains the ones before it.
enum class ReadScope : uint8_t {
  kNothing,     // the command does not look at data
  kRow,         // whether it is there, its type, expiry and number of members
  kMembers,     // those fields or members that Batch::members names
  kKey,         // the whole key
  kEverything,  // a range of the key space (KEYS, SCAN, DBSIZE, FLUSHALL …)
};

/// One key that a batch reads. `key` points into the executor's input: whoever needs it after Load
/// has returned copies it.
struct Read {
  uint64_t hash;  // KeyHash(key)
  uint32_t db;
  ReadScope scope;
  std::string_view key;
  /// The command reads it together with other keys and writes: all must still be what they were
  /// when the batch commits.
  bool together = false;
};

/// What of a hash or set a command looks at (ReadScope::kMembers), for engines that do not load
/// all of a large one.
struct MemberRead {
  uint32_t read;            // of which key: index in Batch::reads
  std::string_view member;  // a field or member; as Read::key
  /// Not 0: no member by name, but so many from `cursor` on, as HSCAN tells them.
  uint64_t count = 0;
  uint64_t cursor = 0;
};

/// A part of the key space that a command looks at (ReadScope::kEverything), for engines that
/// cannot show all of it.
struct RangeRead {
  enum class Kind : uint8_t {
    kKeys,    // every key of the database, without values
    kPage,    // one step of a SCAN: `cursor`, `count`
    kSize,    // how many keys it has
    kRandom,  // any one key
    kFlush,   // nothing, but it is going to be emptied
  };
  Kind kind;
  uint32_t db;
  uint64_t cursor = 0;
  uint64_t count = 0;
  std::string_view prefix = {};  // kKeys, kPage: keys that begin otherwise need not be told; a view
                                 // as Read::key
};

/// A write whose effect can be said without reading first. Views as Read::key.
struct BlindWrite {
  enum class Kind : uint8_t {
    kPut,          // a string, whatever is there
    kPutIfAbsent,  // a string, if nothing is there
    kErase,
  };
  Kind kind;
  uint32_t db;
  std::string_view key;
  std::string_view value;
  int64_t ttl_ms = 0;  // from the batch's time on; 0: it does not expire
  /// One of several keys that its command looks at: it must still be what it was when the batch
  /// commits, even if nothing is written there because there is nothing to erase.
  bool together = false;
};

enum class Progress : uint8_t { kDone, kPending };

/// How a batch ended.
enum class Outcome : uint8_t {
  kCommitted,   // applied, and as durable as the settings ask
  kConflict,    // somebody else wrote in between: run the batch again from Load (remote engines)
  kNotApplied,  // surely not applied; `detail` says why; clients get an error
  kUndecided,   // may or may not be applied: clients' connections are closed, as when Redis dies
};

/// Told when a pending Load or Commit ends. Called on the thread that called Load/Commit.
class BatchOwner {
 public:
  virtual ~BatchOwner() = default;
  /// What the batch reads is in its view: run the handlers on it and call Commit, always. Comes
  /// again, with a fresh view, when somebody else wrote in between; nothing that was concluded from
  /// the view before may have left by then.
  virtual void OnLoaded(Batch& batch) = 0;
  /// The batch has ended as `outcome` says. Without OnLoaded when nothing could be loaded.
  virtual void OnCommitted(Batch& batch) = 0;
};

/// Tells listeners on the thread that calls it, whose number it gets.
using TellFn = std::function<void(size_t thread)>;

/// What a commit has to tell. `tell` is shared by the threads that run it; null: nothing.
struct Announcement {
  std::shared_ptr<const TellFn> tell;
  uint64_t threads = 0;  // a bit for each I/O thread that runs it
};

/// One unit of load → handlers → commit. Confined to one I/O thread; reused from batch to batch.
class Batch {
 public:
  Batch(BatchOwner& owner, size_t thread) : owner_(owner), thread_(thread) {}
  virtual ~Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  /// Filled by the executor before Load.
  std::vector<Read> reads;
  /// In the order of `reads`.
  std::vector<MemberRead> members;
  bool reads_everything = false;
  /// How many commands it carries.
  size_t commands = 0;
  /// Some command may change something. Nothing does when this is false.
  bool may_write = true;
  /// Some command looks at revisions (WATCH, and EXEC behind one).
  bool wants_revisions = false;
  /// What commands with reads_everything look at, exactly.
  std::vector<RangeRead> ranges;
  /// When not empty: all that the batch's commands do, on different keys, whose reads are there,
  /// too. A remote engine may write it at once and let the handlers run afterwards, on what it
  /// found there; values are not shown then.
  std::vector<BlindWrite> blind;

  /// What handlers run on between Load and Commit; its time is set by Load.
  virtual View& view() = 0;

  /// Filled before Commit: told once the batch is committed and as durable as the settings ask,
  /// also when that is found out after the batch ended undecided.
  Announcement announcement;

  Outcome outcome = Outcome::kCommitted;
  /// kNotApplied: the error for the clients, with its code ("TRYAGAIN …").
  std::string detail;
  /// Orders this batch's changes among all; 0 when it changed nothing.
  CommitTs commit_ts = 0;

  BatchOwner& owner() { return owner_; }
  size_t thread() const { return thread_; }

  /// Makes the batch ready for the next use.
  void Reset() {
    reads.clear();
    if (reads.capacity() > kReadsKept) std::vector<Read>().swap(reads);
    members.clear();
    if (members.capacity() > kReadsKept) std::vector<MemberRead>().swap(members);
    reads_everything = false;
    may_write = true;
    wants_revisions = false;
    ranges.clear();
    blind.clear();
    detail.clear();
    outcome = Outcome::kCommitted;
    commit_ts = 0;
    announcement = {};
    view().Reset();
  }

 private:
  static constexpr size_t kReadsKept = 1024;  // a batch that read more gives the memory back

  BatchOwner& owner_;
  size_t thread_;
};

/// Hears of what happens without a client. Called on the thread that runs Tick().
class StoreListener {
 public:
  virtual ~StoreListener() = default;
  /// The store has changed something by itself (expiry): makes the announcement of these events.
  /// In the middle of the change: it must not call the store.
  virtual Announcement OnStoreEvents(std::vector<EventNote> events) = 0;
  /// Another node over the same data, or this one before its start, has set what all share.
  virtual void OnSharedSetting([[maybe_unused]] std::string_view name,
                               [[maybe_unused]] std::string_view value) {}
};

/// Figures for INFO. Bytes and counts at the time of the call.
struct StoreStats {
  uint64_t used_bytes = 0;    // keys, values and indexes
  uint64_t expired_keys = 0;  // since start or CONFIG RESETSTAT
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  uint64_t freeing_objects = 0;  // keys and large values whose memory is still being given back
  uint64_t freed_objects = 0;    // so far, since start or CONFIG RESETSTAT
  JournalStats journal;
  bool journalled = false;
};

/// Keys of one database, for INFO keyspace.
struct DatabaseStats {
  uint64_t keys = 0;
  uint64_t expires = 0;
  int64_t mean_expiry_ms = 0;  // Unix time, roughly; 0 when nothing expires
};

/// Settings that a running store takes over.
struct StoreSettings {
  SyncPolicy sync = SyncPolicy::kEverySec;
  /// Classes of events (EventClass bits) that somebody may hear; no other is told.
  uint32_t event_classes = 0;
  size_t string_bytes_max = size_t{512} << 20;  // proto-max-bulk-len
  size_t hash_max_listpack_entries = 512;
  size_t hash_max_listpack_value = 64;  // bytes
  size_t set_max_intset_entries = 512;
};

/// Where data lives. Load/Commit from any I/O thread (each with its own batches); the rest as said.
class Store {
 public:
  virtual ~Store() = default;

  /// Load takes a while and may come again (see BatchOwner); what it needs must be said exactly.
  virtual bool remote() const { return false; }
  /// The time by which keys expire, Unix ms.
  virtual int64_t NowMs() const = 0;

  /// One port for each I/O thread, in order of thread index; before any batch.
  virtual void AttachThreads(std::vector<ThreadPort*> ports) = 0;
  virtual std::unique_ptr<Batch> MakeBatch(BatchOwner& owner, size_t thread) = 0;

  /// Makes what `batch.reads` names visible in batch.view().
  virtual Progress Load(Batch& batch) = 0;
  /// Makes the view's changes real; must follow every finished Load, also when nothing changed.
  virtual Progress Commit(Batch& batch) = 0;

  // --- announcements. On each thread, those about one key come in the order of its commits.
  /// Hands over something that no batch commits (a plain message); it comes behind what was
  /// announced before and may be told. Thread `from` calls it and does not hear it.
  virtual void Announce(size_t from, Announcement announcement) = 0;
  /// Runs what is due on `thread`, which calls it: after each batch and before anything that must
  /// not overtake. The store also wakes threads by their ports.
  virtual void Deliver(size_t thread) = 0;

  /// Ends the interest that View::WatchRevision registered. Any thread, outside a batch.
  virtual void Unwatch(uint32_t db, std::string_view key) = 0;

  /// For so long (ms) a revision that WATCH took tells of every write since.
  virtual int64_t WatchMsMax() const { return INT64_MAX; }

  /// Empty when writes are accepted; else the whole error text for clients ("MISCONF …").
  virtual std::string WriteRefusal() const = 0;

  /// Expires due keys within a time budget; returns when it wants to run again (ms from now, ≤
  /// 100). Thread 0 only.
  virtual int64_t Tick(StoreListener& listener) = 0;
  /// DEBUG SET-ACTIVE-EXPIRE, and CLIENT PAUSE: due keys stay, unseen.
  virtual void SetActiveExpire(bool on) = 0;
  virtual void SetExpireWrites(bool on) = 0;

  /// Remembers a setting that holds on all nodes over the same data, and after a restart of all;
  /// returns at once. The others hear of it within a second. Any thread. Engines of one node forget
  /// it.
  virtual void ShareSetting([[maybe_unused]] std::string_view name,
                            [[maybe_unused]] std::string_view value) {}
  /// Takes over settings that changed. Any thread.
  virtual void Configure(const StoreSettings& settings) = 0;

  /// Bytes of keys, values and indexes; cheap.
  virtual uint64_t UsedBytes() const = 0;
  virtual StoreStats Stats() const = 0;
  /// Takes no lock, so that it may be called in the middle of a batch: no other thread is between
  /// Load and Commit or in Tick meanwhile (commands that inspect run so).
  virtual std::vector<DatabaseStats> Databases() const = 0;
  virtual void ResetStats() = 0;
  /// Lines for INFO backend, as name and value; none for the engines in this process.
  virtual std::vector<std::pair<std::string_view, std::string>> Facts() const { return {}; }

  /// Begins a checkpoint in the background (BGSAVE); kBusy when one runs.
  virtual Status StartCheckpoint() = 0;
  /// Makes everything acknowledged durable (SHUTDOWN, SAVE). Blocks.
  virtual Status Flush() = 0;
  /// The I/O threads have ended: their ports are not used after this. Nothing may follow but the
  /// end of the store. Twice is allowed.
  virtual void Stop() = 0;
};

}  // namespace tideway::backend
