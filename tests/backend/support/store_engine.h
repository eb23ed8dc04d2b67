// Which engines the store contract runs on, and how a test drives a batch through any of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "backend/clock.h"
#include "backend/store.h"
#include "tests/support/manual_port.h"

namespace tideway::test {

/// One way to have a store. A new engine adds itself to StoreEngines().
struct StoreEngine {
  std::string name;
  bool swaps_databases = true;
  /// Time is the test's clock. Otherwise it passes by itself, and `time_scale` times as long ones
  /// are meant where a test names a time: its own work must not count.
  bool keeps_time = true;
  int64_t time_scale = 1;
  /// Tick() expires and tells what is due. Otherwise one of all nodes does so in the background.
  bool expires_in_tick = true;
  /// Keys and bytes are counted. Otherwise they are estimates.
  bool counts_exactly = true;
  /// How often tests do what has to be done many times.
  int rounds = 500;
  /// A new, empty store that reads time from `clock`, which outlives it. Null when there can be
  /// none: *why says so.
  std::function<std::unique_ptr<backend::Store>(const backend::StoreSettings& settings,
                                                const backend::Clock& clock, std::string* why)>
      open;
};

std::vector<StoreEngine> StoreEngines();
/// For GoogleTest.
inline void PrintTo(const StoreEngine& engine, std::ostream* out) { *out << engine.name; }

/// A batch and its owner: what the executor is to a store.
class BatchDriver final : private backend::BatchOwner {
 public:
  using Keys = std::vector<std::string>;
  using Handler = std::function<void(backend::View& view)>;

  /// `port` is the one that the store got for `thread`.
  BatchDriver(backend::Store& store, ManualPort& port, size_t thread = 0);

  /// Loads `keys` of `db`, or everything when there are none, runs `handler`, commits, waits for
  /// the end, and runs again on a conflict. Returns how it ended.
  backend::Outcome Run(const Keys& keys, const Handler& handler, uint32_t db = 0);
  /// The same, but returns at once: true when the batch has ended.
  bool Begin(const Keys& keys, const Handler& handler, uint32_t db = 0);
  /// For the batches from now on: see Batch.
  void set_wants_revisions(bool wants) { wants_revisions_ = wants; }
  void set_may_write(bool may) { may_write_ = may; }
  void set_together(bool together) { together_ = together; }
  /// What the next batch looks at besides its keys. Those without keys, when it is not said: all
  /// keys of all databases.
  void set_ranges(std::vector<backend::RangeRead> ranges) { ranges_ = std::move(ranges); }
  /// How much of its keys the next batch looks at; whole ones when it is not said.
  void set_scope(backend::ReadScope scope, std::vector<backend::MemberRead> members = {}) {
    scope_ = scope;
    members_ = std::move(members);
  }
  /// The next batch does these things, and no more.
  void set_blind(std::vector<backend::BlindWrite> writes) { blind_ = std::move(writes); }
  /// Runs what was posted; true when the batch that Begin() left has ended.
  bool Pump();

  // --- of the last batch
  backend::Outcome outcome() const { return outcome_; }
  backend::CommitTs commit_ts() const { return commit_ts_; }
  /// The error for clients, when it was not applied.
  const std::string& detail() const { return detail_; }
  /// "event db key" of what was noted, in order.
  const std::vector<std::string>& events() const { return events_; }

 private:
  void OnLoaded(backend::Batch& batch) override;
  void OnCommitted(backend::Batch& batch) override;
  void RunHandler();
  void End();

  backend::Store& store_;
  ManualPort& port_;
  std::unique_ptr<backend::Batch> batch_;
  Keys keys_;
  Handler handler_;
  uint32_t db_ = 0;
  bool wants_revisions_ = false;
  bool may_write_ = true;
  bool together_ = false;
  std::vector<backend::RangeRead> ranges_;
  backend::ReadScope scope_ = backend::ReadScope::kKey;
  std::vector<backend::MemberRead> members_;
  std::vector<backend::BlindWrite> blind_;
  bool ended_ = true;
  backend::Outcome outcome_ = backend::Outcome::kCommitted;
  backend::CommitTs commit_ts_ = 0;
  std::string detail_;
  std::vector<std::string> events_;
};

/// "event db key" of each.
std::vector<std::string> EventTexts(std::span<const backend::EventNote> events);

}  // namespace tideway::test
