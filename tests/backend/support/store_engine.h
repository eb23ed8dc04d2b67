// Which engines the store contract runs on, and how a test drives a batch through any of them.
#pragma once

#include <functional>
#include <memory>
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
  /// A new, empty store that reads time from `clock`, which outlives it.
  std::function<std::unique_ptr<backend::Store>(const backend::StoreSettings& settings,
                                                const backend::Clock& clock)>
      open;
};

std::vector<StoreEngine> StoreEngines();

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
  /// Runs what was posted; true when the batch that Begin() left has ended.
  bool Pump();

  // --- of the last batch
  backend::Outcome outcome() const { return outcome_; }
  backend::CommitTs commit_ts() const { return commit_ts_; }
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
  bool ended_ = true;
  backend::Outcome outcome_ = backend::Outcome::kCommitted;
  backend::CommitTs commit_ts_ = 0;
  std::vector<std::string> events_;
};

/// "event db key" of each.
std::vector<std::string> EventTexts(std::span<const backend::EventNote> events);

}  // namespace tideway::test
