#include "backend/rocksdb/data_dir.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "backend/rocksdb/rocks_status.h"

namespace tideway::backend {
namespace {

constexpr std::string_view kFormatPrefix = "tideway-journal ";
constexpr std::string_view kClaimFile = "tideway.durable";
constexpr std::string_view kClaimPrefix = "tideway-durable ";
constexpr std::string_view kRestore =
    "Restore the directory from a backup, or move it away to start empty";

std::string Line(std::string_view prefix, uint64_t number) {
  return fmt::format("{}{}\n", prefix, number);
}

/// The number of such a line; nothing when it has another form or is 0.
std::optional<uint64_t> ParseLine(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix) || !text.ends_with('\n')) return std::nullopt;
  text.remove_prefix(prefix.size());
  text.remove_suffix(1);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

/// True for RocksDB's names: digits and `suffix`. Others' files may end in ".log", too.
bool IsNumbered(std::string_view name, std::string_view suffix) {
  if (name.size() <= suffix.size() || !name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  return name.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A file that RocksDB keeps data in; none exists before CURRENT does.
bool IsDataFile(const std::string& name) {
  return IsNumbered(name, ".sst") || IsNumbered(name, ".log");
}

Status CheckFormat(const std::string& dir, const std::string& text) {
  const std::optional<uint64_t> version = ParseLine(kFormatPrefix, text);
  if (!version) {
    return DataDirDamaged(dir, fmt::format("{} holds something else", kFormatFile));
  }
  if (*version > kFormatVersion) {
    return Error{Errc::kUnsupported,
                 fmt::format("data directory {} was written by a newer tideway (format {}, this "
                             "one reads up to {}). Run that version, or use another directory",
                             dir, *version, kFormatVersion)};
  }
  return Ok();
}

}  // namespace

Result<DataDirState> PrepareDataDir(rocksdb::Env* env, const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error && !std::filesystem::is_directory(dir)) {
    return Error{Errc::kIo,
                 fmt::format("cannot create data directory {}: {}", dir, error.message())};
  }
  std::vector<std::string> names;
  if (const rocksdb::Status listed = env->GetChildren(dir, &names); !listed.ok()) {
    return FromRocks(fmt::format("cannot read data directory {}", dir), listed);
  }
  const auto has = [&names](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const std::string format_path = fmt::format("{}/{}", dir, kFormatFile);

  if (has("CURRENT")) {
    if (!has(kFormatFile)) {
      return Error{Errc::kCorrupt,
                   fmt::format("{} holds a RocksDB database without the file {}: it is not "
                               "tideway's, or that file was lost. {}",
                               dir, kFormatFile, kRestore)};
    }
    std::string text;
    if (const rocksdb::Status read = rocksdb::ReadFileToString(env, format_path, &text);
        !read.ok()) {
      return FromRocks("cannot read the data directory's format", read);
    }
    if (Status ours = CheckFormat(dir, text); !ours.ok()) return ours.error();
    return DataDirState::kUsed;
  }

  if (const auto data = std::find_if(names.begin(), names.end(), IsDataFile); data != names.end()) {
    return DataDirDamaged(dir, fmt::format("CURRENT is missing beside {}", *data));
  }
  const rocksdb::Status written = rocksdb::WriteStringToFile(
      env, Line(kFormatPrefix, kFormatVersion), format_path, /*should_sync=*/true);
  if (!written.ok()) return FromRocks(fmt::format("cannot write to {}", dir), written);
  return DataDirState::kFresh;
}

uint64_t LogFileBytes(rocksdb::Env* env, const std::string& dir) {
  std::vector<std::string> names;
  env->GetChildren(dir, &names).PermitUncheckedError();
  uint64_t bytes = 0;
  for (const std::string& name : names) {
    uint64_t size = 0;
    if (!IsNumbered(name, ".log")) continue;
    if (env->GetFileSize(dir + "/" + name, &size).ok()) bytes += size;
  }
  return bytes;
}

Status WriteClaim(rocksdb::Env* env, const std::string& dir, Ticket durable) {
  const std::string path = fmt::format("{}/{}", dir, kClaimFile);
  const std::string next = path + ".tmp";
  rocksdb::Status status = rocksdb::WriteStringToFile(env, Line(kClaimPrefix, durable), next,
                                                      /*should_sync=*/true);
  if (status.ok()) status = env->RenameFile(next, path);
  std::unique_ptr<rocksdb::Directory> directory;
  if (status.ok()) status = env->NewDirectory(dir, &directory);
  if (status.ok()) status = directory->Fsync();
  return ToStatus("cannot note what is durable", status);
}

Result<Ticket> ReadClaim(rocksdb::Env* env, const std::string& dir) {
  const std::string path = fmt::format("{}/{}", dir, kClaimFile);
  std::string text;
  const rocksdb::Status read = rocksdb::ReadFileToString(env, path, &text);
  if (read.IsNotFound() || read.IsPathNotFound()) return Ticket{0};
  if (!read.ok()) return FromRocks(fmt::format("cannot read data directory {}", dir), read);
  const std::optional<uint64_t> durable = ParseLine(kClaimPrefix, text);
  if (!durable) return DataDirDamaged(dir, fmt::format("{} holds something else", kClaimFile));
  return *durable;
}

Error DataDirDamaged(const std::string& dir, std::string_view what) {
  return Error{Errc::kCorrupt,
               fmt::format("data directory {} is damaged: {}. {}", dir, what, kRestore)};
}

Error DataDirInUse(const std::string& dir, bool by_this_process) {
  std::string holder = "this process";
  if (!by_this_process) {
    holder = fmt::format("another process (`fuser {}/LOCK` tells which)", dir);
    const int fd = ::open((dir + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
      struct flock lock = {};
      lock.l_type = F_WRLCK;
      lock.l_whence = SEEK_SET;
      if (::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0) {
        holder = fmt::format("process {}", lock.l_pid);
      }
      ::close(fd);
    }
  }
  return Error{Errc::kBusy, fmt::format("data directory {} is in use by {}. Stop it first, or use "
                                        "another directory",
                                        dir, holder)};
}

}  // namespace tideway::backend
