// What a command handler sees of the data: keys as they are now, mutators, and a place to note
// events.
//
// Handlers run on a View and nothing else, whatever engine lies below: the embedded engine lets the
// View work on its own keyspace while the stripes of the batch are held; other engines fill a small
// keyspace with what the batch declared it reads. Every mutator changes the keyspace *and* appends
// the change in journal form (backend/data/change.h) to the batch, so that commit knows what was
// done without asking the handler.
//
// Threads: a View is used by one thread at a time, which holds whatever the store's Load() took.
// Views handed out (string_view results) stay valid until the next mutation of that key or the end
// of the batch, whichever comes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/data/change.h"
#include "backend/event.h"
#include "backend/key.h"

namespace tideway::backend {

class Keyspace;

/// An event that a handler noted, in order. `key` is owned: it outlives the stripes.
struct EventNote {
  Event event;
  uint32_t db;
  std::string key;
  /// kNotifyKeyspace and kNotifyKeyevent as the filter had them when the event was noted.
  uint32_t channels = 0;
};

/// What an engine knows of a range without showing all of it (RangeRead).
struct RangeAnswers {
  /// How many more keys a database has than the keyspace shows, where that was asked for.
  std::vector<std::optional<int64_t>> not_shown;
  /// A step of a SCAN.
  struct Page {
    uint32_t db;
    uint64_t cursor;
    uint64_t count;
    uint64_t next = 0;                   // cursor
    std::vector<std::string> keys = {};  // that were there; the keyspace shows them
    bool told = false;
    bool unknown = false;  // nobody gave that cursor
  };
  std::vector<Page> pages;
  /// Keys that other ranges of the batch show beside pages.
  std::vector<std::pair<uint32_t, std::string>> others;
};

/// What happened on a View since its counters were last cleared.
struct ViewCounters {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t expired = 0;
};

/// The keyspace as the commands of one batch see it. Meant to be kept and used for batch after
/// batch.
class View {
 public:
  explicit View(Keyspace& keyspace);
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  // --- the running command's frame, set by the executor before each handler
  /// The selected database of the client.
  uint32_t db() const { return db_; }
  /// Wall time of the command, Unix ms; fixed for the whole of an EXEC.
  int64_t now_ms() const { return now_ms_; }
  /// Longest string that a write may make (Redis's proto-max-bulk-len), in bytes.
  size_t string_bytes_max() const { return string_bytes_max_; }
  /// A uniform 64-bit number; seeded by the server, never by clients.
  uint64_t Random();

  // --- keys
  /// For commands that read: counts a hit or miss, notes `keymiss` (class m) on a miss, touches the
  /// access time. A due key is absent; it is erased and told as `expired` on the way.
  Key OpenRead(std::string_view key);
  /// The same without touching the access time (TYPE, TTL, EXISTS, OBJECT…).
  Key OpenReadNoTouch(std::string_view key);
  /// For commands that write: as OpenRead without hit/miss counting and without `keymiss`.
  Key OpenWrite(std::string_view key) { return OpenWriteIn(db_, key); }
  /// In another database (COPY, MOVE).
  Key OpenWriteIn(uint32_t db, std::string_view key);
  /// Without touching the access time or counting (DEBUG, MEMORY…).
  Key Peek(std::string_view key);

  /// Notes that Redis would fire `event` for the key; delivered after commit if the flags ask for
  /// it. Note it after the change that it belongs to.
  void Note(Event event, const Key& key) { Note(event, key.db(), key.name()); }
  void Note(Event event, uint32_t db, std::string_view key);

  // --- WATCH. The key's stripe must be held, as for reading it.
  /// Revision of a key for WATCH: changes whenever the key is written, expires or is flushed. Adds
  /// a watcher: while a key has watchers its revision is kept, so each call needs a ReleaseWatch.
  uint64_t WatchRevision(uint32_t db, std::string_view key);
  /// The revision without adding a watcher: what EXEC compares. Only meaningful for a watched key.
  uint64_t CurrentRevision(uint32_t db, std::string_view key);
  /// One watcher less.
  void ReleaseWatch(uint32_t db, std::string_view key);

  // --- ranges. The command's row must say that it reads everything.
  size_t DbSize(uint32_t db) const;
  size_t ExpiringCount(uint32_t db) const;
  uint32_t database_count() const;
  /// One SCAN step over the current database; fn(key) for each live key, about `count` of them.
  /// Every key present during the whole iteration is told at least once. Returns the next cursor.
  /// fn must not write.
  uint64_t Scan(uint64_t cursor, size_t count, const std::function<void(const Key&)>& fn);
  /// Why the step cannot be made, for clients; empty when it can.
  std::string ScanRefusal(uint64_t cursor, size_t count) const;
  /// Every live key of the current database. fn must not write.
  void ForEachKey(const std::function<void(const Key&)>& fn);
  /// A live key of the current database, or nullopt when there is none.
  std::optional<std::string> RandomKey();
  /// Empties a database; returns how many keys it had. Large ones are freed off the hot path.
  size_t Flush(uint32_t db);
  void Swap(uint32_t a, uint32_t b);

  // --- for the executor and the store
  Keyspace& keyspace() { return *keyspace_; }
  /// Engines that load what a batch reads give each attempt a keyspace of its own.
  void set_keyspace(Keyspace& keyspace) { keyspace_ = &keyspace; }
  /// Null, the default: what is in the keyspace is all there is.
  void set_range_answers(RangeAnswers* answers) { range_answers_ = answers; }
  /// On: walks over hashes and sets go on in other processes (backend/data/stable_scan.h).
  void set_stable_scans(bool on) { stable_scans_ = on; }
  void set_db(uint32_t db) { db_ = db; }
  void set_now_ms(int64_t now_ms);
  void set_string_bytes_max(size_t bytes) { string_bytes_max_ = bytes; }
  void set_random(uint64_t seed) { random_ = seed; }
  /// Event classes (EventClass bits, with K and E) that anybody may want now; others are not put
  /// into events().
  /// All but `new` and `keymiss` until set. Every event stands in changes() all the same, but `new`
  /// and `keymiss`, which exist only for those who ask.
  void set_event_filter(uint32_t classes) { event_filter_ = classes; }
  /// Off: due keys read as absent but stay (CLIENT PAUSE, a failing journal).
  void set_expire_writes(bool on) { expire_writes_ = on; }

  /// What the batch changed, in journal form; empty when it changed nothing.
  const ChangeBuffer& changes() const { return changes_; }
  std::span<const EventNote> events() const { return {events_.data(), event_count_}; }
  /// Moves the events out.
  std::vector<EventNote> TakeEvents();
  ViewCounters& counters() { return counters_; }
  /// Makes ready for the next batch: clears changes and events, keeps everything else.
  void Reset();

  /// Active expiry of one stripe, which is held: erases up to `budget` due keys in the order of
  /// their times, as lazy expiry does. Returns how many.
  size_t ExpireDue(uint32_t stripe, size_t budget);

 private:
  friend class Key;

  Key Open(uint32_t db, std::string_view key, bool touch);
  RangeAnswers::Page* FindPage(uint64_t cursor, size_t count) const;
  void TellPage(const RangeAnswers::Page& page, const std::function<void(const Key&)>& fn);
  void CountRead(const Key& key);
  bool IsDue(const Entry& entry) const;
  /// Erases a due key of `table`.
  void Expire(uint32_t db, KeyTable& table, uint64_t hash, Entry* entry);
  /// Whether a key is stored, and whether it is due. For the stripe of `hash`.
  struct Presence {
    bool stored;
    bool due;
    bool live() const { return stored && !due; }
  };
  Presence PresenceOf(uint32_t db, std::string_view key, uint64_t hash) const;
  void TouchFlushed(uint32_t db);
  void TouchSwapped(uint32_t a, uint32_t b);
  void PushEvent(Event event, uint32_t db, std::string_view key);

  Keyspace* keyspace_;
  RangeAnswers* range_answers_ = nullptr;
  uint32_t db_ = 0;
  uint32_t access_clock_ = 0;
  int64_t now_ms_ = 0;
  size_t string_bytes_max_ = size_t{512} << 20;
  uint64_t random_ = 0;
  uint32_t event_filter_ = kNotifyAll;
  bool expire_writes_ = true;
  bool stable_scans_ = false;
  ChangeBuffer changes_;
  std::vector<EventNote> events_;  // the first event_count_ are in use, the others keep memory
  size_t event_count_ = 0;
  ViewCounters counters_;
};

}  // namespace tideway::backend
