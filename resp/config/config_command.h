// CONFIG GET and CONFIG SET as functions over Settings: no client, no reply format, no side effect.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/result.h"
#include "resp/config/setting_table.h"
#include "resp/config/settings.h"

namespace tideway::resp {

/// Names and values of the settings that any of the patterns matches (any case), each once, in the
/// order of the patterns and, within a glob, of the names. A former name matches as its own entry.
/// A pattern without glob characters is shown as it was asked for, as Redis does.
std::vector<std::pair<std::string, std::string>> ConfigGet(
    const Settings& settings, std::span<const std::string_view> patterns);

/// What CONFIG SET has made.
struct ConfigSetResult {
  Settings settings;
  /// The rows whose value is now another one; for the log use FormatForLog.
  std::vector<const SettingRow*> changed;
};

/// Sets several settings, all or none. `args` is name, value, name, value...
/// Error: the reply's text after "ERR ", equal to Redis 7.0's where Redis has one:
///   syntax error
///   Unknown option or number of arguments for CONFIG SET - 'x'
///   CONFIG SET failed (possibly related to argument 'x') - <why>
/// `protected_too`: the client may name protected settings (enable-protected-configs).
Result<ConfigSetResult> ConfigSet(const Settings& current, std::span<const std::string_view> args,
                                  bool protected_too = false);

/// The third of these texts.
Error ConfigSetFailed(std::string_view name, std::string_view why);

/// The value as it may stand in a log line: secrets are "(redacted)".
std::string FormatForLog(const SettingRow& row, const Settings& settings);

/// True when the argument of CONFIG SET at `index` of its list is a secret's value: MONITOR and
/// SLOWLOG must not show it.
bool IsSecretArgument(std::span<const std::string_view> args, size_t index);

}  // namespace tideway::resp
