#include "resp/command/set_options.h"

namespace tideway::resp {
namespace {

bool ParseExpiryWord(std::string_view word, ExpiryArgument& expiry) {
  const bool seconds = EqualsIgnoreCase(word, "ex") || EqualsIgnoreCase(word, "exat");
  const bool absolute = EqualsIgnoreCase(word, "exat") || EqualsIgnoreCase(word, "pxat");
  if (!seconds && !absolute && !EqualsIgnoreCase(word, "px")) return false;
  expiry.seconds = seconds;
  expiry.absolute = absolute;
  return true;
}

bool SameForm(const ExpiryArgument& a, const ExpiryArgument& b) {
  return a.seconds == b.seconds && a.absolute == b.absolute;
}

}  // namespace

bool ParseSetOptions(Args args, size_t begin, OptionsOf command, SetOptions& options) {
  const bool set = command == OptionsOf::kSet;
  for (size_t i = begin; i < args.size(); ++i) {
    const std::string_view word = args[i];
    if (set && EqualsIgnoreCase(word, "nx") && !options.xx) {
      options.nx = true;
    } else if (set && EqualsIgnoreCase(word, "xx") && !options.nx) {
      options.xx = true;
    } else if (set && EqualsIgnoreCase(word, "get")) {
      options.get = true;
    } else if (set && EqualsIgnoreCase(word, "keepttl") && !options.has_expiry) {
      options.keep_ttl = true;
    } else if (!set && EqualsIgnoreCase(word, "persist") && !options.has_expiry) {
      options.persist = true;
    } else if (ExpiryArgument expiry; !options.keep_ttl && !options.persist &&
                                      i + 1 < args.size() && ParseExpiryWord(word, expiry)) {
      // The same form may come again, as in Redis: the last one counts.
      if (options.has_expiry && !SameForm(options.expiry, expiry)) return false;
      options.has_expiry = true;
      options.expiry = expiry;
      options.expiry.text = args[++i];
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace tideway::resp
