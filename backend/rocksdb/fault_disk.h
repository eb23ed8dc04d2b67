// A disk that fails on request. Test-only: the server uses it when TIDEWAY_FAULT_FS is set, and
// nothing of it runs otherwise.
//
//   TIDEWAY_FAULT_FS=on               errors on request
//   TIDEWAY_FAULT_FS=drop-unsynced    and bytes stay in this process until they are synced, so that
//                                     SIGKILL loses what a power loss would
//   TIDEWAY_FAULT_FS_CONTROL=<path>   a file read again, within 20 ms, when it changes. Lines:
//                                     enospc on|off        creating and appending fail: no space
//                                     fsync-error on|off   fsync fails; what it should have synced
//                                                          never reaches the disk
//                                     eio-read on|off      reading fails
//                                     short-write on|off   appending writes half and fails
//
// Tests in one process use the calls below instead. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "backend/rocksdb/unsynced_files.h"

namespace tideway::backend {

class FaultDisk {
 public:
  struct Options {
    bool drop_unsynced = false;
    std::string control_path;  // empty: none
  };
  explicit FaultDisk(Options options);

  /// What the environment asks for; nothing when TIDEWAY_FAULT_FS is not set.
  static std::shared_ptr<FaultDisk> FromEnvironment();

  enum class Fault : uint8_t { kNoSpace, kSyncError, kReadError, kShortWrite };
  static constexpr size_t kFaults = 4;

  /// Switches a fault on or off.
  void Set(Fault fault, bool on);
  /// Switches `fault` on when operations() reaches `operation`: for failing at each call in turn.
  void SetFrom(Fault fault, uint64_t operation);
  /// A small disk: appending fails with "no space" once the files of a folder have `bytes` in all.
  void SetCapacity(uint64_t bytes) { capacity_bytes_ = bytes; }
  /// Room left beside the file at `path`; without a capacity, endless.
  uint64_t FreeBytesBeside(const std::string& path) const;
  bool has_capacity() const { return capacity_bytes_ != ~uint64_t{0}; }
  /// Every call fails from operations() == `operation` on; PowerLoss() must follow.
  void StopAt(uint64_t operation) { stop_at_ = operation; }
  /// Everything off, nothing planned.
  void Clear();
  /// Operations that change the disk (create, append, sync, rename, link) since the start.
  uint64_t operations() const { return operations_.load(); }
  /// True after PowerLoss(), or once StopAt() was reached.
  bool dead() const { return dead_.load(); }

  /// The power goes: `survival` says what became of unsynced bytes, and every later call fails.
  void PowerLoss(UnsyncedFiles::Survival survival, uint64_t seed);

  // --- for the file system on top

  enum class Operation : uint8_t { kCreate, kAppend, kSync, kRename, kRemove, kRead };
  enum class Verdict : uint8_t { kOk, kNoSpace, kIoError, kHalf };
  /// Asked before each operation.
  Verdict Before(Operation operation);

  bool drop_unsynced() const { return options_.drop_unsynced; }
  UnsyncedFiles& unsynced() { return unsynced_; }

 private:
  bool IsOn(Fault fault) const { return on_[static_cast<size_t>(fault)].load(); }
  void PollControl();
  void ApplyControl(std::string_view text);

  const Options options_;
  std::atomic<bool> on_[kFaults] = {};
  std::atomic<uint64_t> operations_{0};
  std::atomic<uint64_t> planned_at_{~uint64_t{0}};
  std::atomic<uint64_t> capacity_bytes_{~uint64_t{0}};
  std::atomic<uint64_t> stop_at_{~uint64_t{0}};
  std::atomic<Fault> planned_{Fault::kNoSpace};
  std::atomic<bool> dead_{false};
  std::atomic<int64_t> next_poll_us_{0};
  std::mutex control_mu_;
  std::string control_text_;  // guarded by control_mu_
  UnsyncedFiles unsynced_;
};

}  // namespace tideway::backend
