#include "backend/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <system_error>

namespace tideway::log {
namespace {

Level FromSpdlog(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return Level::kDebug;
    case spdlog::level::info:
      return Level::kVerbose;
    case spdlog::level::warn:
      return Level::kNotice;
    default:
      return Level::kWarning;
  }
}

/// Four levels need four of spdlog's; which ones does not matter as long as they are ordered.
spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kVerbose:
      return spdlog::level::info;
    case Level::kNotice:
      return spdlog::level::warn;
    case Level::kWarning:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(Format format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    // The pid is asked for every line: the process may have gone to the background since.
    const Record record{
        FromSpdlog(message.level),
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(message.time),
        getpid(),
        {message.payload.data(), message.payload.size()}};
    const std::string line = format_ == Format::kJson ? JsonLine(record) : TextLine(record);
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  Format format_;
};

int OpenLogFile(const std::string& path) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): open(2) has no other form
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
}

/// Writes whole lines to a descriptor and follows its file when that is moved away. base_sink's
/// mutex guards every member.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// Takes over `fd`. `path` is empty for standard output, which is never closed or opened again.
  DescriptorSink(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~DescriptorSink() override {
    if (!path_.empty()) ::close(fd_);
  }
  DescriptorSink(const DescriptorSink&) = delete;
  DescriptorSink& operator=(const DescriptorSink&) = delete;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!path_.empty()) FollowFile();
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const char* data = line.data();
    size_t left = line.size();
    while (left > 0) {
      const ssize_t written = ::write(fd_, data, left);
      if (written < 0) {
        if (errno == EINTR) continue;
        return;
      }
      data += written;
      left -= static_cast<size_t>(written);
    }
  }

  void flush_() override {}

  void FollowFile() {
    struct stat named {};
    struct stat open {};
    const bool same = ::stat(path_.c_str(), &named) == 0 && ::fstat(fd_, &open) == 0 &&
                      named.st_ino == open.st_ino && named.st_dev == open.st_dev;
    if (same) return;
    const int fd = OpenLogFile(path_);
    if (fd < 0) return;  // keep writing to the moved file rather than nowhere
    ::close(fd_);
    fd_ = fd;
  }

  int fd_;
  std::string path_;
};

std::shared_ptr<spdlog::logger> MakeLogger(int fd, const Options& options) {
  auto logger = std::make_shared<spdlog::logger>(
      "tideway", std::make_shared<DescriptorSink>(fd, options.file));
  logger->set_formatter(std::make_unique<LineFormatter>(options.format));
  logger->set_level(spdlog::level::trace);  // our own threshold decides
  logger->set_error_handler([](const std::string&) {});
  return logger;
}

/// The logger in use. Leaked on purpose: threads may log while static objects are destroyed.
struct Current {
  std::mutex mutex;  // guards `logger`; a leaf lock, held only to copy or swap the pointer
  std::shared_ptr<spdlog::logger> logger = MakeLogger(STDOUT_FILENO, {});
};

Current& TheCurrent() {
  static Current* const current = new Current;
  return *current;
}

}  // namespace

namespace internal {

std::atomic<Level> threshold{Level::kNotice};

void Write(Level level, std::string_view message) {
  Current& current = TheCurrent();
  std::shared_ptr<spdlog::logger> logger;
  {
    const std::lock_guard lock(current.mutex);
    logger = current.logger;
  }
  logger->log(ToSpdlog(level), spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace internal

Status Configure(const Options& options) {
  int fd = STDOUT_FILENO;
  if (!options.file.empty()) {
    fd = OpenLogFile(options.file);
    if (fd < 0) {
      return {Errc::kIo, fmt::format("Can't open the log file '{}': {}", options.file,
                                     std::generic_category().message(errno))};
    }
  }
  auto logger = MakeLogger(fd, options);
  Current& current = TheCurrent();
  {
    const std::lock_guard lock(current.mutex);
    current.logger.swap(logger);
  }
  SetLevel(options.level);
  return Ok();
}

void SetLevel(Level level) { internal::threshold.store(level, std::memory_order_relaxed); }

}  // namespace tideway::log
