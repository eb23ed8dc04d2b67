// `pidfile`: the number of the running process, for scripts and service managers.
#pragma once

#include <string>

#include "backend/result.h"

namespace tideway::resp {

/// Exists as long as the file does. Movable, not copyable.
class PidFile {
 public:
  /// Writes this process's number and a newline to `path`; an old file is overwritten. An empty
  /// path makes no file. Error kIo; a server may go on without the file.
  static Result<PidFile> Write(const std::string& path);

  PidFile() = default;
  PidFile(PidFile&& other) noexcept;
  PidFile& operator=(PidFile&& other) noexcept;
  /// Removes the file.
  ~PidFile();

 private:
  explicit PidFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace tideway::resp
