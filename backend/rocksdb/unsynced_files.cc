#include "backend/rocksdb/unsynced_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <system_error>

namespace tideway::backend {
namespace {

constexpr size_t kPageBytes = 4096;

void AppendToFile(const std::string& path, std::string_view bytes) {
  if (bytes.empty() || !std::filesystem::exists(path)) return;
  std::ofstream out(path, std::ios::binary | std::ios::app);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// The part of `tail` that reached the disk unasked.
std::string Survivors(std::string tail, UnsyncedFiles::Survival survival, std::mt19937_64& random) {
  if (survival == UnsyncedFiles::Survival::kNothing) return {};
  tail.resize(random() % (tail.size() + 1));
  if (survival == UnsyncedFiles::Survival::kPrefix) return tail;
  for (size_t page = 0; page < tail.size(); page += kPageBytes) {
    if (random() % 2 == 0) continue;
    const size_t end = std::min(page + kPageBytes, tail.size());
    std::fill(tail.begin() + static_cast<std::ptrdiff_t>(page),
              tail.begin() + static_cast<std::ptrdiff_t>(end), '\0');
  }
  return tail;
}

}  // namespace

std::shared_ptr<UnsyncedFiles::File> UnsyncedFiles::Create(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mu_);
  auto file = std::make_shared<File>();
  files_[path] = file;
  created_.insert(path);
  return file;
}

void UnsyncedFiles::Remove(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mu_);
  files_.erase(path);
  created_.erase(path);
}

void UnsyncedFiles::Rename(const std::string& from, const std::string& to,
                           std::optional<std::string> replaced) {
  const std::lock_guard<std::mutex> lock(mu_);
  if (const auto file = files_.find(from); file != files_.end()) {
    files_[to] = file->second;
    files_.erase(from);
  } else {
    files_.erase(to);
  }
  created_.erase(from);
  renamed_.push_back({from, to, std::move(replaced)});
}

void UnsyncedFiles::Link(const std::string& from, const std::string& to) {
  const std::lock_guard<std::mutex> lock(mu_);
  if (const auto file = files_.find(from); file != files_.end()) files_[to] = file->second;
  created_.insert(to);
}

void UnsyncedFiles::NameSynced(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mu_);
  created_.erase(path);
}

void UnsyncedFiles::NamesSynced() {
  const std::lock_guard<std::mutex> lock(mu_);
  created_.clear();
  renamed_.clear();
}

std::shared_ptr<UnsyncedFiles::File> UnsyncedFiles::Find(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mu_);
  const auto found = files_.find(path);
  if (found == files_.end()) return nullptr;
  const std::lock_guard<std::mutex> file_lock(found->second->mu);
  const File& file = *found->second;
  return file.tail.empty() && file.ghosts.empty() ? nullptr : found->second;
}

std::string UnsyncedFiles::TakeTail(File& file) {
  std::string bytes(file.lost, '\0');
  bytes += file.tail;
  file.on_disk += bytes.size();
  file.lost = 0;
  file.tail.clear();
  return bytes;
}

void UnsyncedFiles::LoseTail(File& file) {
  if (file.tail.empty()) return;
  file.ghosts.emplace_back(file.on_disk + file.lost, file.tail);
  file.lost += file.tail.size();
  file.tail.clear();
}

std::string UnsyncedFiles::Overlay(File& file, std::string real) {
  const std::lock_guard<std::mutex> lock(file.mu);
  real.resize(file.on_disk);
  real.append(file.lost, '\0');
  real += file.tail;
  for (const auto& [offset, bytes] : file.ghosts) real.replace(offset, bytes.size(), bytes);
  return real;
}

void UnsyncedFiles::PowerLoss(Survival survival, uint64_t seed) {
  const std::lock_guard<std::mutex> lock(mu_);
  std::mt19937_64 random(seed);
  for (const auto& [path, file] : files_) {
    const std::lock_guard<std::mutex> file_lock(file->mu);
    const std::string survivors = Survivors(file->tail, survival, random);
    if (!survivors.empty()) AppendToFile(path, std::string(file->lost, '\0') + survivors);
  }
  std::error_code ignored;
  for (auto renamed = renamed_.rbegin(); renamed != renamed_.rend(); ++renamed) {
    if (random() % 2 == 0) break;  // names reach the disk in order
    std::filesystem::rename(renamed->to, renamed->from, ignored);
    if (renamed->replaced) {
      std::ofstream(renamed->to, std::ios::binary) << *renamed->replaced;
    }
  }
  for (const std::string& path : created_) {
    if (random() % 2 == 0) std::filesystem::remove(path, ignored);
  }
}

}  // namespace tideway::backend
