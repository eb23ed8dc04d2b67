#include "resp/config/config_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "resp/config/config_words.h"
#include "resp/protocol/glob.h"

namespace tideway::resp {
namespace {

bool IsGlob(std::string_view pattern) {
  return pattern.find_first_of("[*?") != std::string_view::npos;
}

/// Whether CONFIG SET may name this setting at all.
std::string_view WhyNot(const SettingRow& row, bool protected_too) {
  if (row.Has(kImmutable)) return "can't set immutable config";
  if (row.Has(kProtected) && !protected_too) return "can't set protected config";
  return {};
}

/// Checks the names of all pairs before any value is looked at, as Redis does.
Status CheckNames(std::span<const std::string_view> args, bool protected_too) {
  std::vector<std::string> seen;
  for (size_t i = 0; i < args.size(); i += 2) {
    const SettingRow* row = FindSetting(args[i]);
    if (row == nullptr) {
      return {Errc::kInvalidArgument,
              fmt::format("Unknown option or number of arguments for CONFIG SET - '{}'",
                          args[i].substr(0, args[i].find('\0')))};
    }
    const std::string_view why_not = WhyNot(*row, protected_too);
    if (!why_not.empty()) return ConfigSetFailed(args[i], why_not);
    // By name, not by row: a setting and its former name may stand together.
    std::string name = ToLower(args[i]);
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return ConfigSetFailed(args[i], "duplicate parameter");
    }
    seen.push_back(std::move(name));
  }
  return Ok();
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ConfigGet(
    const Settings& settings, std::span<const std::string_view> patterns) {
  std::vector<std::pair<std::string, std::string>> found;
  std::set<std::string> taken;
  const auto take = [&](const SettingRow& row, std::string_view shown) {
    if (taken.insert(ToLower(shown)).second) {
      found.emplace_back(shown, FormatSetting(row, settings));
    }
  };
  for (const std::string_view pattern : patterns) {
    if (!IsGlob(pattern)) {
      if (const SettingRow* row = FindSetting(pattern)) take(*row, pattern);
      continue;
    }
    for (const SettingRow* row : AllSettings()) {
      if (row->Has(kHidden)) continue;
      for (const std::string_view name : {row->name, row->old_name}) {
        if (!name.empty() && GlobMatch(pattern, name, GlobCase::kInsensitive)) take(*row, name);
      }
    }
  }
  return found;
}

Error ConfigSetFailed(std::string_view name, std::string_view why) {
  return {Errc::kInvalidArgument,
          fmt::format("CONFIG SET failed (possibly related to argument '{}') - {}", name, why)};
}

Result<ConfigSetResult> ConfigSet(const Settings& current, std::span<const std::string_view> args,
                                  bool protected_too) {
  if (args.size() % 2 != 0) return {Errc::kInvalidArgument, "syntax error"};
  if (Status names = CheckNames(args, protected_too); !names.ok()) return names.error();
  ConfigSetResult result{current, {}};
  for (size_t i = 0; i < args.size(); i += 2) {
    const SettingRow& row = *FindSetting(args[i]);
    const std::vector<std::string> words = {std::string(args[i + 1])};
    const std::string before = FormatSetting(row, result.settings);
    const Status set = AssignSetting(row, result.settings, words);
    if (!set.ok()) return ConfigSetFailed(args[i], set.error().detail);
    const bool same = FormatSetting(row, result.settings) == before;
    if (!same && !row.Has(kNoEffect) && (row.Has(kRestart) || row.Has(kProtected))) {
      return ConfigSetFailed(args[i],
                             "it takes effect at a restart only: set it in the configuration file");
    }
    const auto known = std::find(result.changed.begin(), result.changed.end(), &row);
    if (!same && known == result.changed.end()) result.changed.push_back(&row);
  }
  return result;
}

std::string FormatForLog(const SettingRow& row, const Settings& settings) {
  return row.Has(kSecret) ? "(redacted)" : FormatSetting(row, settings);
}

bool IsSecretArgument(std::span<const std::string_view> args, size_t index) {
  if (index % 2 == 0 || index >= args.size()) return false;
  const SettingRow* row = FindSetting(args[index - 1]);
  return row != nullptr && row->Has(kSecret);
}

}  // namespace tideway::resp
