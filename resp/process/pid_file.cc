#include "resp/process/pid_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

namespace tideway::resp {

Result<PidFile> PidFile::Write(const std::string& path) {
  if (path.empty()) return PidFile();
  const auto failed = [&path] {
    return Error{Errc::kIo, fmt::format("Can't write the pid file '{}': {}", path,
                                        std::generic_category().message(errno))};
  };
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return failed();
  const bool written = std::fprintf(file, "%d\n", static_cast<int>(::getpid())) > 0;
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) return failed();
  return PidFile(path);
}

PidFile::PidFile(PidFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PidFile& PidFile::operator=(PidFile&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

PidFile::~PidFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace tideway::resp
