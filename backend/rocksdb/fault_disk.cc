#include "backend/rocksdb/fault_disk.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "backend/log.h"

namespace tideway::backend {
namespace {

constexpr int64_t kPollUs = 20'000;

constexpr std::array<std::pair<std::string_view, FaultDisk::Fault>, FaultDisk::kFaults> kWords = {{
    {"enospc", FaultDisk::Fault::kNoSpace},
    {"fsync-error", FaultDisk::Fault::kSyncError},
    {"eio-read", FaultDisk::Fault::kReadError},
    {"short-write", FaultDisk::Fault::kShortWrite},
}};

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

FaultDisk::FaultDisk(Options options) : options_(std::move(options)) {}

std::shared_ptr<FaultDisk> FaultDisk::FromEnvironment() {
  const char* mode = std::getenv("TIDEWAY_FAULT_FS");
  if (mode == nullptr || *mode == '\0') return nullptr;
  Options options;
  options.drop_unsynced = std::string_view(mode) == "drop-unsynced";
  if (const char* path = std::getenv("TIDEWAY_FAULT_FS_CONTROL")) options.control_path = path;
  log::Warning("TIDEWAY_FAULT_FS={}: this server's disk fails on request, for tests only", mode);
  return std::make_shared<FaultDisk>(std::move(options));
}

void FaultDisk::Set(Fault fault, bool on) { on_[static_cast<size_t>(fault)] = on; }

void FaultDisk::SetFrom(Fault fault, uint64_t operation) {
  planned_ = fault;
  planned_at_ = operation;
}

void FaultDisk::Clear() {
  planned_at_ = ~uint64_t{0};
  for (std::atomic<bool>& fault : on_) fault = false;
}

void FaultDisk::PowerLoss(UnsyncedFiles::Survival survival, uint64_t seed) {
  dead_ = true;
  unsynced_.PowerLoss(survival, seed);
}

uint64_t FaultDisk::FreeBytesBeside(const std::string& path) const {
  if (!has_capacity()) return ~uint64_t{0};
  uint64_t used = 0;
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  for (const auto& file : std::filesystem::directory_iterator(folder, ignored)) {
    if (const uint64_t size = file.file_size(ignored); !ignored) used += size;
  }
  return used < capacity_bytes_ ? capacity_bytes_ - used : 0;
}

FaultDisk::Verdict FaultDisk::Before(Operation operation) {
  if (dead_) return Verdict::kIoError;
  if (!options_.control_path.empty()) PollControl();
  if (operation == Operation::kRead) {
    return IsOn(Fault::kReadError) ? Verdict::kIoError : Verdict::kOk;
  }
  if (operation == Operation::kRemove) return Verdict::kOk;
  const uint64_t number = operations_.fetch_add(1);
  if (number >= planned_at_) Set(planned_, true);
  if (number >= stop_at_) {
    dead_ = true;
    return Verdict::kIoError;
  }
  if (operation == Operation::kSync) {
    return IsOn(Fault::kSyncError) ? Verdict::kIoError : Verdict::kOk;
  }
  if (operation == Operation::kAppend && IsOn(Fault::kShortWrite)) return Verdict::kHalf;
  return IsOn(Fault::kNoSpace) ? Verdict::kNoSpace : Verdict::kOk;
}

void FaultDisk::PollControl() {
  const int64_t now_us = NowUs();
  int64_t due_us = next_poll_us_.load();
  if (now_us < due_us || !next_poll_us_.compare_exchange_strong(due_us, now_us + kPollUs)) return;
  std::ifstream in(options_.control_path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  const std::lock_guard<std::mutex> lock(control_mu_);
  if (text.str() == control_text_) return;
  control_text_ = text.str();
  ApplyControl(control_text_);
}

void FaultDisk::ApplyControl(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string word;
    std::string state = "on";
    words >> word >> state;
    for (const auto& [name, fault] : kWords) {
      if (word == name) Set(fault, state != "off");
    }
  }
}

}  // namespace tideway::backend
