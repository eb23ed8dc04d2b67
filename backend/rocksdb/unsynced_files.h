// What a file system has been told and has not yet been asked to put on disk. Test-only, part of
// FaultDisk: a model of a page cache that forgets on power loss.
//
// The real file holds what was synced. Bytes appended since then are the tail, kept here. When a
// sync fails the tail becomes a ghost: readers still see it, as from a page cache, but no later
// sync writes it, as Linux drops the pages' dirty mark; on disk there are zeros in its place.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tideway::backend {

/// Thread-safe. Paths are compared as they are given.
class UnsyncedFiles {
 public:
  /// What the disk happened to write by itself before the power went.
  enum class Survival : uint8_t {
    kNothing,  // no unsynced byte
    kPrefix,   // a random number of the first bytes of each tail
    kPages,    // a random choice of each tail's pages, zeros between them
  };

  struct File {
    std::mutex mu;         // held during a sync
    uint64_t on_disk = 0;  // bytes of the real file
    uint64_t lost = 0;     // ghost bytes that are still to become zeros
    std::string tail;
    std::vector<std::pair<uint64_t, std::string>> ghosts;  // offset, what readers see there
  };

  /// A new, empty file, replacing any of that name.
  std::shared_ptr<File> Create(const std::string& path);
  void Remove(const std::string& path);
  /// `replaced` is what the target's file held before, if there was one (small files only).
  void Rename(const std::string& from, const std::string& to, std::optional<std::string> replaced);
  void Link(const std::string& from, const std::string& to);
  /// A file was synced, which puts its own name on disk too (as ext4, XFS and Btrfs do).
  void NameSynced(const std::string& path);
  /// The directory was synced: names are on disk.
  void NamesSynced();

  /// The file when it differs from the real one; nullptr otherwise.
  std::shared_ptr<File> Find(const std::string& path);

  /// Bytes that a sync has to append to the real file. Call with file.mu held.
  static std::string TakeTail(File& file);
  /// The sync failed. Call with file.mu held.
  static void LoseTail(File& file);
  /// What a reader sees, given the real file's bytes.
  static std::string Overlay(File& file, std::string real);

  /// Does to the real files what a power loss would. Nothing may use them any more.
  void PowerLoss(Survival survival, uint64_t seed);

 private:
  struct Renamed {
    std::string from;
    std::string to;
    std::optional<std::string> replaced;
  };

  std::mutex mu_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::set<std::string> created_;  // since the directory was synced
  std::vector<Renamed> renamed_;
};

}  // namespace tideway::backend
