// The watched keys of one stripe and their revisions.
//
// Only keys that somebody watches have a revision; while there are none, a write costs one test.
// Not thread-safe: guarded by the stripe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tideway::backend {

class WatchRegistry {
 public:
  bool empty() const { return watches_.empty(); }
  size_t size() const { return watches_.size(); }

  /// One more watcher of the key; returns its revision.
  uint64_t Acquire(uint32_t db, std::string_view key);
  /// One watcher less. The key's revision is forgotten with the last one.
  void Release(uint32_t db, std::string_view key);
  /// Revision of a watched key; a number never returned before when nobody watches it.
  uint64_t Revision(uint32_t db, std::string_view key);

  /// The key is watched from now on and has this revision, which its engine knows from elsewhere;
  /// 0 for a key that never was. Keeps the revision that an earlier call gave. Found due, it has
  /// the complement of its revision, the same on every look.
  void Preset(uint32_t db, std::string_view key, uint64_t revision);

  /// The key was written or removed.
  void Touch(uint32_t db, std::string_view key);
  /// The key's time passed: watchers learn it once, by whichever of the two comes first.
  /// NoticeDead: somebody looked and found it due, though it is still stored. TouchExpired: it was
  /// removed.
  void NoticeDead(uint32_t db, std::string_view key);
  void TouchExpired(uint32_t db, std::string_view key);
  /// A stored but due key took the place of nothing, or of another such key: no change for
  /// watchers.
  void SetKnownDead(uint32_t db, std::string_view key, bool dead);

  /// For each watched key: fn(db, key).
  void ForEach(const std::function<void(uint32_t, std::string_view)>& fn) const;

 private:
  struct Watch {
    uint64_t revision = 0;
    uint32_t watchers = 0;
    bool preset = false;
    bool known_dead = false;  // watchers count the stored key as absent: it is due
  };
  Watch* Find(uint32_t db, std::string_view key);
  static std::string IdOf(uint32_t db, std::string_view key);

  std::unordered_map<std::string, Watch> watches_;  // by database number (4 bytes) and key
  uint64_t last_revision_ = 0;
};

}  // namespace tideway::backend
