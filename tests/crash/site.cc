#include "tests/crash/site.h"

#include <filesystem>

namespace tideway::tests {
namespace {

namespace fs = std::filesystem;

// Redis's append-only file, or RocksDB's write-ahead log.
bool IsJournal(const fs::path& path) {
  const std::string name = path.filename().string();
  return path.extension() == ".log" || name.ends_with(".incr.aof");
}

}  // namespace

Site::Site(const std::string& binary) : binary_(binary), is_redis_(IsRedis(binary)) { Renew(); }

void Site::Renew() {
  std::error_code ignored;
  if (!data_dir_.empty()) fs::remove_all(data_dir_, ignored);
  data_dir_ = folder_.path() + "/data" + std::to_string(++generation_);
  fs::create_directory(data_dir_, ignored);
}

ServerProcess::Settings Site::SettingsFor(const Start& start, const std::string& run_name) const {
  ServerProcess::Settings settings;
  settings.binary = binary_;
  settings.dir = data_dir_;
  settings.run_dir = folder_.path() + "/" + run_name;
  std::error_code ignored;
  fs::create_directory(settings.run_dir, ignored);
  settings.start_timeout = std::chrono::seconds(60);
  settings.args = {"--appendfsync", start.appendfsync, "--notify-keyspace-events", "AKE"};
  const auto add = [&settings](const std::vector<std::string>& args) {
    settings.args.insert(settings.args.end(), args.begin(), args.end());
  };
  if (is_redis_) {
    add({"--appendonly", "yes", "--save", "", "--auto-aof-rewrite-percentage", "0"});
    return settings;
  }
  add({"--io-threads", std::to_string(start.io_threads)});
  if (start.drop_unsynced || !start.control_path.empty()) {
    settings.env["TIDEWAY_FAULT_FS"] = start.drop_unsynced ? "drop-unsynced" : "on";
  }
  if (!start.control_path.empty()) settings.env["TIDEWAY_FAULT_FS_CONTROL"] = start.control_path;
  return settings;
}

bool Site::Begin(const Start& start) {
  if (server_.Start(SettingsFor(start, "run"))) return true;
  error_ = server_.error();
  return false;
}

bool Site::CutJournal(double part) {
  fs::path newest;
  std::uintmax_t size = 0;
  for (const auto& entry : fs::recursive_directory_iterator(data_dir_)) {
    if (!entry.is_regular_file() || !IsJournal(entry.path()) || entry.file_size() <= size) continue;
    newest = entry.path();
    size = entry.file_size();
  }
  if (newest.empty()) return false;
  fs::resize_file(newest, static_cast<std::uintmax_t>(static_cast<double>(size) * (1 - part)));
  return true;
}

}  // namespace tideway::tests
