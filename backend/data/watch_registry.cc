#include "backend/data/watch_registry.h"

#include <cstring>

namespace tideway::backend {

std::string WatchRegistry::IdOf(uint32_t db, std::string_view key) {
  std::string id(sizeof(db), '\0');
  std::memcpy(id.data(), &db, sizeof(db));
  return id.append(key);
}

WatchRegistry::Watch* WatchRegistry::Find(uint32_t db, std::string_view key) {
  if (watches_.empty()) return nullptr;
  const auto it = watches_.find(IdOf(db, key));
  return it == watches_.end() ? nullptr : &it->second;
}

uint64_t WatchRegistry::Acquire(uint32_t db, std::string_view key) {
  Watch& watch = watches_[IdOf(db, key)];
  if (watch.watchers++ == 0) watch.revision = ++last_revision_;
  return watch.revision;
}

void WatchRegistry::Release(uint32_t db, std::string_view key) {
  const auto it = watches_.find(IdOf(db, key));
  if (it != watches_.end() && --it->second.watchers == 0) watches_.erase(it);
}

uint64_t WatchRegistry::Revision(uint32_t db, std::string_view key) {
  const Watch* const watch = Find(db, key);
  return watch != nullptr ? watch->revision : ++last_revision_;
}

void WatchRegistry::Preset(uint32_t db, std::string_view key, uint64_t revision) {
  watches_.try_emplace(IdOf(db, key), Watch{.revision = revision, .watchers = 1, .preset = true});
}

void WatchRegistry::Touch(uint32_t db, std::string_view key) {
  Watch* const watch = Find(db, key);
  if (watch == nullptr) return;
  watch->revision = ++last_revision_;
  watch->preset = false;
  watch->known_dead = false;
}

void WatchRegistry::NoticeDead(uint32_t db, std::string_view key) {
  Watch* const watch = Find(db, key);
  if (watch == nullptr || watch->known_dead) return;
  watch->revision = watch->preset ? ~watch->revision : ++last_revision_;
  watch->known_dead = true;
}

void WatchRegistry::TouchExpired(uint32_t db, std::string_view key) {
  Watch* const watch = Find(db, key);
  if (watch == nullptr) return;
  if (!watch->known_dead) watch->revision = ++last_revision_;
  watch->known_dead = false;
}

void WatchRegistry::SetKnownDead(uint32_t db, std::string_view key, bool dead) {
  if (Watch* const watch = Find(db, key)) watch->known_dead = dead;
}

void WatchRegistry::ForEach(const std::function<void(uint32_t, std::string_view)>& fn) const {
  for (const auto& [id, watch] : watches_) {
    uint32_t db;
    std::memcpy(&db, id.data(), sizeof(db));
    fn(db, std::string_view(id).substr(sizeof(db)));
  }
}

}  // namespace tideway::backend
