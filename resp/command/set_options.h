// The options of SET and GETEX.
#pragma once

#include <cstddef>
#include <cstdint>

#include "resp/command/arguments.h"

namespace tideway::resp {

/// What SET and GETEX may be told.
struct SetOptions {
  bool nx = false;
  bool xx = false;
  bool get = false;
  bool keep_ttl = false;
  bool persist = false;
  bool has_expiry = false;
  ExpiryArgument expiry;
};

enum class OptionsOf : uint8_t { kSet, kGetEx };

/// Options from args[begin] on; false when they do not fit together (a syntax error).
bool ParseSetOptions(Args args, size_t begin, OptionsOf command, SetOptions& options);

}  // namespace tideway::resp
