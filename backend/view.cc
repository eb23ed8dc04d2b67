#include "backend/view.h"

#include <algorithm>
#include <functional>
#include <unordered_set>
#include <utility>

#include "backend/data/keyspace.h"
#include "backend/event_filter.h"

namespace tideway::backend {
namespace {

constexpr int kStripeShift = SegmentDirectory::kCursorBits;
constexpr uint64_t kInStripe = (uint64_t{1} << kStripeShift) - 1;
constexpr int kRandomKeyTries = 100;
constexpr size_t kEventsKept = 1024;  // a batch that noted more gives the memory back

}  // namespace

View::View(Keyspace& keyspace) : keyspace_(&keyspace) {}

void View::set_now_ms(int64_t now_ms) {
  now_ms_ = now_ms;
  access_clock_ = static_cast<uint32_t>(now_ms / 1000) & 0xffffff;
}

uint64_t View::Random() {
  // SplitMix64 (Steele, Lea, Flood 2014).
  uint64_t z = random_ += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

bool View::IsDue(const Entry& entry) const {
  return entry.has_expiry() && now_ms_ > entry.expire_at_ms();
}

Key View::Open(uint32_t db, std::string_view key, bool touch) {
  const uint64_t hash = KeyHash(key);
  KeyTable* const table = keyspace_->FindTable(StripeOf(hash), db);
  Entry* entry = table != nullptr ? table->Find(hash, key) : nullptr;
  if (entry != nullptr) {
    if (IsDue(*entry)) {
      if (expire_writes_) Expire(db, *table, hash, entry);
      entry = nullptr;
    } else if (touch && entry->access_clock() != access_clock_) {
      entry->set_access_clock(access_clock_);
    }
  }
  return {this, table, entry, hash, db, key};
}

void View::CountRead(const Key& key) {
  if (key.exists()) {
    ++counters_.hits;
  } else {
    ++counters_.misses;
    if (event_filter_ & kNotifyKeyMiss) PushEvent(Event::kKeyMiss, key.db(), key.name());
  }
}

Key View::OpenRead(std::string_view name) {
  const Key key = Open(db_, name, true);
  CountRead(key);
  return key;
}

Key View::OpenReadNoTouch(std::string_view name) {
  const Key key = Open(db_, name, false);
  CountRead(key);
  return key;
}

Key View::OpenWriteIn(uint32_t db, std::string_view key) { return Open(db, key, true); }
Key View::Peek(std::string_view key) { return Open(db_, key, false); }

void View::Expire(uint32_t db, KeyTable& table, uint64_t hash, Entry* entry) {
  WatchRegistry& watches = keyspace_->stripe(StripeOf(hash)).watches;
  if (!watches.empty()) watches.TouchExpired(db, entry->key());
  changes_.Erase(db, entry->key());
  Note(Event::kExpired, db, entry->key());
  ++counters_.expired;
  table.Erase(hash, entry);
}

void View::Note(Event event, uint32_t db, std::string_view key) {
  const EventClass event_class = ClassOf(event);
  uint32_t audience = event_class;
  if ((event_class & (kNotifyNew | kNotifyKeyMiss)) == 0) {
    changes_.AddEvent(db, key, event);
    audience |= kNotifyOtherNodes;
  }
  if (event_filter_ & audience) PushEvent(event, db, key);
}

void View::PushEvent(Event event, uint32_t db, std::string_view key) {
  const bool wanted = (event_filter_ & ClassOf(event)) != 0;
  const uint32_t channels = wanted ? event_filter_ & (kNotifyKeyspace | kNotifyKeyevent) : 0;
  if (event_count_ == events_.size()) {
    events_.push_back({event, db, std::string(key), channels});
  } else {
    EventNote& note = events_[event_count_];
    note.event = event;
    note.db = db;
    note.key = key;
    note.channels = channels;
  }
  ++event_count_;
}

std::vector<EventNote> View::TakeEvents() {
  events_.resize(event_count_);
  event_count_ = 0;
  return std::exchange(events_, {});
}

void View::Reset() {
  changes_.Clear();
  event_count_ = 0;
  if (events_.size() > kEventsKept) std::vector<EventNote>().swap(events_);
}

uint64_t View::WatchRevision(uint32_t db, std::string_view key) {
  keyspace_->stripe(StripeOf(KeyHash(key))).watches.Acquire(db, key);
  return CurrentRevision(db, key);
}

uint64_t View::CurrentRevision(uint32_t db, std::string_view key) {
  const uint64_t hash = KeyHash(key);
  WatchRegistry& watches = keyspace_->stripe(StripeOf(hash)).watches;
  // A key whose time passed has changed for who saw it alive, even while it is stored.
  if (PresenceOf(db, key, hash).due) watches.NoticeDead(db, key);
  return watches.Revision(db, key);
}

void View::ReleaseWatch(uint32_t db, std::string_view key) {
  keyspace_->stripe(StripeOf(KeyHash(key))).watches.Release(db, key);
}

size_t View::DbSize(uint32_t db) const {
  const size_t shown = keyspace_->KeyCount(db);
  if (range_answers_ == nullptr) return shown;
  return shown + static_cast<size_t>(range_answers_->not_shown[db].value_or(0));
}
size_t View::ExpiringCount(uint32_t db) const { return keyspace_->ExpiringCount(db); }
uint32_t View::database_count() const { return keyspace_->database_count(); }

RangeAnswers::Page* View::FindPage(uint64_t cursor, size_t count) const {
  if (range_answers_ == nullptr) return nullptr;
  for (RangeAnswers::Page& page : range_answers_->pages) {
    if (!page.told && page.db == db_ && page.cursor == cursor && page.count == count) return &page;
  }
  return nullptr;
}

std::string View::ScanRefusal(uint64_t cursor, size_t count) const {
  const RangeAnswers::Page* const page = FindPage(cursor, count);
  if (page == nullptr || !page->unknown) return {};
  return "ERR cursor " + std::to_string(cursor) +
         " is unknown, or was not used for an hour: begin with 0";
}

uint64_t View::Scan(uint64_t cursor, size_t count, const std::function<void(const Key&)>& fn) {
  if (RangeAnswers::Page* const page = FindPage(cursor, count)) {
    page->told = true;
    TellPage(*page, fn);
    return page->next;
  }
  uint64_t in_stripe = cursor & kInStripe;
  size_t told = 0;
  std::vector<Entry*> step;
  for (uint64_t stripe = cursor >> kStripeShift; stripe < kStripes; ++stripe) {
    KeyTable* const table = keyspace_->FindTable(static_cast<uint32_t>(stripe), db_);
    if (table != nullptr && table->size() > 0) {
      // Collected first: expiring a key moves others about.
      step.clear();
      in_stripe =
          table->keys().Scan(in_stripe, count - told, [&](Entry* entry) { step.push_back(entry); });
      for (Entry* const entry : step) {
        const uint64_t hash = KeyHash(entry->key());
        if (IsDue(*entry)) {
          if (expire_writes_) Expire(db_, *table, hash, entry);
        } else {
          fn(Key(this, table, entry, hash, db_, entry->key()));
        }
      }
      told += step.size();
      if (in_stripe != 0) return stripe << kStripeShift | in_stripe;
      if (told >= count && stripe + 1 < kStripes) return (stripe + 1) << kStripeShift;
    }
    in_stripe = 0;
  }
  return 0;
}

// What the keyspace shows but for what it shows because of other ranges: the page, and what the
// batch itself has made.
void View::TellPage(const RangeAnswers::Page& page, const std::function<void(const Key&)>& fn) {
  std::unordered_set<std::string_view> others;
  for (const RangeAnswers::Page& other : range_answers_->pages) {
    if (&other != &page && other.db == db_) others.insert(other.keys.begin(), other.keys.end());
  }
  for (const auto& [db, key] : range_answers_->others) {
    if (db == db_) others.insert(key);
  }
  for (const std::string& key : page.keys) others.erase(key);
  ForEachKey([&](const Key& key) {
    if (!others.contains(key.name())) fn(key);
  });
}

void View::ForEachKey(const std::function<void(const Key&)>& fn) {
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    KeyTable* const table = keyspace_->FindTable(stripe, db_);
    if (table == nullptr) continue;
    table->keys().ForEach([&](Entry* entry) {
      if (IsDue(*entry)) return;
      fn(Key(this, table, entry, KeyHash(entry->key()), db_, entry->key()));
    });
  }
}

std::optional<std::string> View::RandomKey() {
  for (int trial = 0; trial < kRandomKeyTries; ++trial) {
    const size_t keys = keyspace_->KeyCount(db_);
    if (keys == 0) return std::nullopt;
    uint64_t skip = Random() % keys;
    uint32_t stripe = 0;
    KeyTable* table = nullptr;
    for (;; ++stripe) {
      table = keyspace_->FindTable(stripe, db_);
      const size_t here = table != nullptr ? table->size() : 0;
      if (skip < here) break;
      skip -= here;
    }
    Entry* const entry = table->keys().Random(Random());
    if (!IsDue(*entry)) return std::string(entry->key());
    if (!expire_writes_) continue;
    Expire(db_, *table, KeyHash(entry->key()), entry);
  }
  std::optional<std::string> found;
  ForEachKey([&](const Key& key) {
    if (!found) found = std::string(key.name());
  });
  return found;
}

View::Presence View::PresenceOf(uint32_t db, std::string_view key, uint64_t hash) const {
  const KeyTable* const table = keyspace_->FindTable(StripeOf(hash), db);
  const Entry* const entry = table != nullptr ? table->Find(hash, key) : nullptr;
  return {entry != nullptr, entry != nullptr && IsDue(*entry)};
}

void View::TouchFlushed(uint32_t flushed) {
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    WatchRegistry& watches = keyspace_->stripe(stripe).watches;
    watches.ForEach([&](uint32_t db, std::string_view key) {
      if (db != flushed) return;
      const Presence presence = PresenceOf(db, key, KeyHash(key));
      if (presence.due) {
        watches.TouchExpired(db, key);
      } else if (presence.stored) {
        watches.Touch(db, key);
      }
    });
  }
}

size_t View::Flush(uint32_t db) {
  TouchFlushed(db);
  const size_t keys = keyspace_->Flush(db);
  if (range_answers_ != nullptr) range_answers_->not_shown[db].reset();
  if (keys > 0 || range_answers_ != nullptr) changes_.FlushDb(db);
  return keys;
}

void View::TouchSwapped(uint32_t a, uint32_t b) {
  for (uint32_t stripe = 0; stripe < kStripes; ++stripe) {
    WatchRegistry& watches = keyspace_->stripe(stripe).watches;
    watches.ForEach([&](uint32_t db, std::string_view key) {
      if (db != a && db != b) return;
      const uint64_t hash = KeyHash(key);
      const Presence before = PresenceOf(db, key, hash);
      const Presence after = PresenceOf(db == a ? b : a, key, hash);
      if (before.due) watches.NoticeDead(db, key);
      if (before.live() || after.live()) watches.Touch(db, key);
      watches.SetKnownDead(db, key, after.due);
    });
  }
}

void View::Swap(uint32_t a, uint32_t b) {
  if (a == b) return;
  TouchSwapped(a, b);
  keyspace_->Swap(a, b);
  changes_.SwapDb(a, b);
}

size_t View::ExpireDue(uint32_t stripe, size_t budget) {
  Stripe& home = keyspace_->stripe(stripe);
  // The tables by their earliest key: only the one that gives a key moves.
  using Due = std::pair<int64_t, uint32_t>;  // time, table number
  std::vector<Due> due;
  const auto add = [&](uint32_t number) {
    const ExpiryHeap& heap = home.tables[number]->heap();
    if (heap.size() == 0 || heap.top().at_ms >= now_ms_) return;
    due.emplace_back(heap.top().at_ms, number);
    std::push_heap(due.begin(), due.end(), std::greater<>());
  };
  for (const uint32_t number : home.made) add(number);
  size_t expired = 0;
  for (; expired < budget && expire_writes_ && !due.empty(); ++expired) {
    std::pop_heap(due.begin(), due.end(), std::greater<>());
    const uint32_t number = due.back().second;
    due.pop_back();
    KeyTable& table = *home.tables[number];
    Entry* const entry = table.heap().top().entry;
    Expire(keyspace_->db_of_table(number), table, KeyHash(entry->key()), entry);
    add(number);
  }
  keyspace_->NextDueMs(stripe);
  return expired;
}

}  // namespace tideway::backend
