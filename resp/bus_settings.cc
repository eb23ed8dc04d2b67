#include "resp/bus_settings.h"

#include <algorithm>

namespace tideway::resp {
namespace {

// A token of a NATS subject.
bool IsPrefix(const std::string& prefix) {
  constexpr size_t kBytesMax = 64;
  return !prefix.empty() && prefix.size() <= kBytesMax &&
         std::all_of(prefix.begin(), prefix.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

}  // namespace

Result<cdc::NatsOptions> NatsOptionsOf(const Settings& settings) {
  if (!IsPrefix(settings.bus_subject_prefix)) {
    return {Errc::kInvalidArgument,
            "bus-subject-prefix: 1 to 64 letters, digits, '-' and '_' are wanted"};
  }
  cdc::NatsOptions given;
  given.credentials_file = settings.bus_credentials_file;
  given.nkey = settings.bus_nkey;
  given.nkey_seed_file = settings.bus_nkey_seed_file;
  given.tls = settings.bus_tls;
  given.tls_ca_file = settings.bus_tls_ca_file;
  given.tls_cert_file = settings.bus_tls_cert_file;
  given.tls_key_file = settings.bus_tls_key_file;
  auto options = cdc::ParseNatsOptions(settings.bus, std::move(given));
  if (!options.ok()) return {Errc::kInvalidArgument, "bus: " + options.error().detail};
  return options;
}

}  // namespace tideway::resp
