// Errors as values: Result<T> and Status, used across every seam.
//
// A function that can fail returns Result<T> (or Status when there is no value); nothing is thrown
// across folders. `code` is for programs, `detail` is for people and names the value, the limit and
// the setting where there is one.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace tideway {

/// What kind of failure it was. Each caller-visible failure has exactly one of these.
enum class Errc {
  kInvalidArgument,  // the caller's value is outside what is accepted
  kNotFound,         // the named thing does not exist
  kAlreadyExists,    // the named thing exists and must not
  kTooLarge,         // a bound of limits.h or of a setting was passed
  kBusy,             // somebody else holds the resource (a data directory in use)
  kIo,               // the operating system refused (disk full, no permission, fsync failed)
  kCorrupt,          // stored bytes are not what was written
  kUnsupported,      // written by a newer version, or not in this build
  kUnavailable,      // a remote part is away; trying again later may help
};

/// One failure. Cheap to move; compared by code only.
struct Error {
  Errc code;
  std::string detail;
};

/// Either a T or an Error. Test with ok(); value() and error() are only valid on their side.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: implicit on purpose
  Result(Errc code, std::string detail) : state_(Error{code, std::move(detail)}) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Result of a function without a value.
using Status = Result<std::monostate>;

/// The successful Status.
inline Status Ok() { return Status{std::monostate{}}; }

}  // namespace tideway
