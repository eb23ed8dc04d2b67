// The settings of a running server, shared by its threads.
//
// One immutable snapshot is published at a time. Threads that serve clients read it through their
// own SettingsReader: a look at one counter, and a plain struct. Everyone else asks for
// Snapshot().
//
// Locks: `update_mutex_` orders writers and is held while listeners run; `mutex_` guards the
// pointer, is a leaf and is held only to copy or swap it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "backend/result.h"
#include "resp/config/settings.h"

namespace tideway::resp {

class LiveSettings {
 public:
  using Listener = std::function<void(const Settings& before, const Settings& now)>;

  /// `config_file` is the absolute path that CONFIG REWRITE writes to, empty when there is none.
  explicit LiveSettings(Settings settings, std::string config_file = {})
      : config_file_(std::move(config_file)),
        current_(std::make_shared<const Settings>(std::move(settings))) {}
  LiveSettings(const LiveSettings&) = delete;
  LiveSettings& operator=(const LiveSettings&) = delete;

  /// The present settings. Any thread.
  std::shared_ptr<const Settings> Snapshot() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

  /// Grows by one with each change. Any thread; whoever sees a number also sees its snapshot.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  const std::string& config_file() const { return config_file_; }

  /// Makes a change real that may fail, such as opening another port; on an error nothing has
  /// changed.
  using Applier = std::function<Status(const Settings& before, const Settings& now)>;

  /// Sets the applier; before threads start. It runs on the thread that calls Update(), before the
  /// new settings are published, and must not call Update().
  void SetApplier(Applier applier) { applier_ = std::move(applier); }

  /// Replaces the settings by what `change` makes of the present ones; on its error, or
  /// the applier's, nothing changes. Any thread; one update runs at a time. Listeners run on the
  /// calling thread, after the new snapshot is out and before this returns; they must not call
  /// Update().
  Status Update(const std::function<Result<Settings>(const Settings&)>& change);

  /// Adds a listener, for what must act on a change (the log's level). Before threads start.
  void AddListener(Listener listener) { listeners_.push_back(std::move(listener)); }

 private:
  const std::string config_file_;
  std::mutex update_mutex_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> current_;  // guarded by mutex_
  std::atomic<uint64_t> generation_{1};
  Applier applier_;  // both fixed once threads run
  std::vector<Listener> listeners_;
};

/// One thread's view of LiveSettings. Not thread-safe: one for each thread.
class SettingsReader {
 public:
  explicit SettingsReader(const LiveSettings& live)
      : live_(live), seen_(live.generation()), settings_(live.Snapshot()) {}

  /// The settings as of now. The reference holds until the next call.
  const Settings& Get() {
    const uint64_t generation = live_.generation();
    if (generation != seen_) [[unlikely]] {
      // The number is read first: a snapshot taken after it is at least as new.
      seen_ = generation;
      settings_ = live_.Snapshot();
    }
    return *settings_;
  }

 private:
  const LiveSettings& live_;
  uint64_t seen_;
  std::shared_ptr<const Settings> settings_;
};

}  // namespace tideway::resp
