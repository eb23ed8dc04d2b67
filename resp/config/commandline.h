// The command line: what to do, with which settings.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "backend/result.h"
#include "resp/config/settings.h"

namespace tideway::resp {

enum class StartAction : uint8_t { kServe, kCheckConfig, kHelp, kVersion, kPrintCommands };

/// What main() is asked to do.
struct StartOptions {
  StartAction action = StartAction::kServe;
  /// Ready for use: paths are absolute, `appendonly` tells whether data is kept.
  Settings settings;
  /// Absolute path of the configuration file, empty when there is none. CONFIG REWRITE needs it.
  std::string config_file;
  /// To be logged once the log stands.
  std::vector<std::string> notices;
};

/// Understands the arguments (without the program's name), as redis-server does:
///
///   [FILE] [--name value ...]... [-]
///
/// FILE may also follow --check-config. It is read first, then standard input where `-` stands
/// first or last, then the options. Every setting is an option of the same name; `--name=value` and
/// `"--name value"` are the same. Also --config FILE, --check-config, --help (-h), --version (-v)
/// and, for the README, --print-commands-markdown.
///
/// `environment` holds "NAME=value" strings. TIDEWAY_TCP_BACKLOG sets tcp-backlog, and so on:
/// weaker than the options, stronger than file and standard input. An empty value counts only for
/// lists (TIDEWAY_SAVE=""). Other names that begin with TIDEWAY_ are left alone, as are the
/// addresses that Kubernetes puts into TIDEWAY_PORT for a service of that name.
///
/// Error: the text for standard error, which ends in a newline; the caller exits with 1.
Result<StartOptions> ParseCommandLine(const std::vector<std::string>& args,
                                      std::istream& standard_input,
                                      const std::vector<std::string>& environment = {});

/// The text of --help: usage, and every setting with its default, made from the table.
std::string HelpText();

/// The text of --version: one line.
std::string VersionText();

}  // namespace tideway::resp
