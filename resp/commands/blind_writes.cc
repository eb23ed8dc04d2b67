#include "resp/commands/blind_writes.h"

#include "resp/command/set_options.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

using BlindKind = backend::BlindWrite::Kind;

// A time to live in ms that nothing is wrong with; 0 when it has to be looked at.
int64_t PlainTtl(const ExpiryArgument& expiry) {
  constexpr int64_t kPlainMsMax = int64_t{1} << 42;  // more than a century
  const auto number = ParseInt64(expiry.text);
  if (expiry.absolute || !number || *number <= 0 || *number > kPlainMsMax / 1000) return 0;
  return expiry.seconds ? *number * 1000 : *number;
}

}  // namespace

bool BlindSet(Args args, BlindWrites& writes) {
  SetOptions options;
  if (!ParseSetOptions(args, 3, OptionsOf::kSet, options)) return false;
  if (options.get || options.xx || options.keep_ttl) return false;
  const int64_t ttl_ms = options.has_expiry ? PlainTtl(options.expiry) : 0;
  if (options.has_expiry && ttl_ms == 0) return false;
  writes.push_back(
      {options.nx ? BlindKind::kPutIfAbsent : BlindKind::kPut, 0, args[1], args[2], ttl_ms});
  return true;
}

bool BlindSetNx(Args args, BlindWrites& writes) {
  writes.push_back({BlindKind::kPutIfAbsent, 0, args[1], args[2]});
  return true;
}

bool BlindSetEx(Args args, BlindWrites& writes) {
  const int64_t ttl_ms = PlainTtl({args[2], true});
  writes.push_back({BlindKind::kPut, 0, args[1], args[3], ttl_ms});
  return ttl_ms != 0;
}

bool BlindPSetEx(Args args, BlindWrites& writes) {
  const int64_t ttl_ms = PlainTtl({args[2], false});
  writes.push_back({BlindKind::kPut, 0, args[1], args[3], ttl_ms});
  return ttl_ms != 0;
}

bool BlindMSet(Args args, BlindWrites& writes) {
  if (args.size() % 2 == 0) return false;
  for (size_t i = 1; i + 1 < args.size(); i += 2) {
    writes.push_back({BlindKind::kPut, 0, args[i], args[i + 1]});
  }
  return true;
}

bool BlindDel(Args args, BlindWrites& writes) {
  const bool several = args.size() > 2;
  for (const std::string_view name : args.subspan(1)) {
    writes.push_back({BlindKind::kErase, 0, name, {}, 0, several});
  }
  return true;
}

}  // namespace tideway::resp
