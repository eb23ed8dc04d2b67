// How a row that cannot be measured says why.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace tideway::bench {

/// Why a row could not be measured. Thrown anywhere below a row, caught once, by the runner: the
/// row is then reported as failed with this text and the next row runs. The benchmark is a program
/// of its own, so this exception crosses no seam of the server.
class BenchError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws `what` followed by the text of the current errno.
[[noreturn]] inline void ThrowErrno(const std::string& what) {
  throw BenchError(what + ": " + std::strerror(errno));
}

}  // namespace tideway::bench
