// The rows of the bus's settings; see resp/config/setting_table.h.
#include <array>

#include "resp/config/setting_table.h"

namespace tideway::resp {
namespace {

using enum SettingKind;
using enum SettingGroup;

constexpr std::array<std::string_view, 4> kTlsWords = {"auto", "off", "on", "verify"};
constexpr NumberField kTls = {
    [](const Settings& settings) { return static_cast<int64_t>(settings.bus_tls); },
    [](Settings& settings, int64_t value) { settings.bus_tls = static_cast<cdc::NatsTls>(value); }};

constexpr SettingRow kBusRows[] = {
    {.name = "bus",
     .group = kBus,
     .flags = kRestart | kOurs | kSecret,
     .text = &Settings::bus,
     .help = "nats://[user:password@]host:4222[,host...]: other nodes hear this one; empty: none"},
    {.name = "bus-subject-prefix",
     .group = kBus,
     .flags = kRestart | kOurs,
     .text = &Settings::bus_subject_prefix,
     .help = "first word of NATS subjects; nodes with another one are not heard"},
    {.name = "bus-credentials-file",
     .group = kBus,
     .flags = kRestart | kOurs,
     .text = &Settings::bus_credentials_file,
     .help = "NATS credentials: a JWT and its seed"},
    {.name = "bus-nkey",
     .group = kBus,
     .flags = kRestart | kOurs,
     .text = &Settings::bus_nkey,
     .help = "public NKEY of this node for NATS"},
    {.name = "bus-nkey-seed-file",
     .group = kBus,
     .flags = kRestart | kOurs,
     .text = &Settings::bus_nkey_seed_file,
     .help = "file with the seed of bus-nkey"},
    {.name = "bus-tls",
     .group = kBus,
     .kind = kEnum,
     .flags = kRestart | kOurs,
     .number = kTls,
     .words = kTlsWords,
     .help = "off, on (whoever the server is), verify; auto: verify for tls:// or with files"},
    {.name = "bus-tls-ca-file",
     .group = kBus,
     .flags = kRestart | kOurs,
     .text = &Settings::bus_tls_ca_file,
     .help = "authorities to trust instead of the system's"},
    {.name = "bus-tls-cert-file",
     .group = kBus,
     .flags = kRestart | kOurs,
     .text = &Settings::bus_tls_cert_file,
     .help = "this node's certificate, where the server asks for one"},
    {.name = "bus-tls-key-file",
     .group = kBus,
     .flags = kRestart | kOurs,
     .text = &Settings::bus_tls_key_file,
     .help = "key of bus-tls-cert-file"},
};

}  // namespace

namespace internal {

std::span<const SettingRow> BusSettings() { return kBusRows; }

}  // namespace internal
}  // namespace tideway::resp
