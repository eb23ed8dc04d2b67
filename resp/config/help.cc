// The texts of --help and --version, made from the table of settings.
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "backend/version.h"
#include "resp/config/commandline.h"
#include "resp/config/setting_table.h"

namespace tideway::resp {
namespace {

constexpr size_t kWidth = 100;

constexpr std::string_view kUsage =
    "Usage: tideway [FILE] [--name value ...]... [-]\n"
    "       FILE            configuration in redis.conf's syntax (also: --config FILE)\n"
    "       --name value    a setting; options win over the environment, and that over the file\n"
    "       TIDEWAY_NAME    environment variable with the value of the setting `name`: for "
    "--tcp-backlog\n"
    "                       it is TIDEWAY_TCP_BACKLOG\n"
    "       -               read configuration from standard input too\n"
    "       --check-config  check file and options, say what is wrong, and exit\n"
    "       -h, --help      this text\n"
    "       -v, --version   the version\n"
    "\n"
    "Examples:\n"
    "       tideway\n"
    "       tideway /etc/redis/redis.conf --port 6380\n"
    "       TIDEWAY_PORT=6380 TIDEWAY_SAVE=\"\" tideway\n"
    "       tideway --storage memory --save \"\" --client-output-buffer-limit pubsub 32mb 8mb 60\n"
    "       echo 'maxmemory 128mb' | tideway -\n";

struct Chapter {
  SettingGroup group;
  std::string_view title;
};

constexpr std::array<Chapter, 8> kChapters = {{
    {SettingGroup::kNetwork, "Network"},
    {SettingGroup::kData, "Data"},
    {SettingGroup::kLimits, "Limits"},
    {SettingGroup::kEvents, "Keyspace events"},
    {SettingGroup::kBus, "Bus: other nodes"},
    {SettingGroup::kSecurity, "Security"},
    {SettingGroup::kMonitoring, "Monitoring"},
    {SettingGroup::kProcess, "Process and log"},
}};

std::string ShownDefault(const SettingRow& row) {
  const std::string text = DefaultSetting(row);
  return text.empty() ? "\"\"" : text;
}

void AppendRow(const SettingRow& row, std::string& out) {
  fmt::format_to(std::back_inserter(out), "  {:<34} {}\n{:<37}default {}\n", row.name, row.help, "",
                 ShownDefault(row));
}

/// The names of settings without effect, as a paragraph.
void AppendHints(std::string& out) {
  size_t column = 0;
  for (const SettingRow* row : AllSettings()) {
    if (!row->Has(kNoEffect) || row->Has(kHidden) || row->group != SettingGroup::kHint) continue;
    if (column + row->name.size() + 2 > kWidth) {
      out += '\n';
      column = 0;
    }
    out += column == 0 ? "  " : " ";
    out += row->name;
    column += row->name.size() + (column == 0 ? 2 : 1);
  }
  out += '\n';
}

}  // namespace

std::string HelpText() {
  std::string out(kUsage);
  for (const Chapter& chapter : kChapters) {
    fmt::format_to(std::back_inserter(out), "\n{}\n", chapter.title);
    for (const auto part : internal::EffectiveSettings()) {
      for (const SettingRow& row : part) {
        if (row.group == chapter.group) AppendRow(row, out);
      }
    }
  }
  out += "\nAccepted for Redis's sake, without effect\n";
  AppendHints(out);
  return out;
}

std::string VersionText() { return fmt::format("tideway {}\n", Version()); }

}  // namespace tideway::resp
