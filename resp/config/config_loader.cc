#include "resp/config/config_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "backend/limits.h"
#include "backend/tidb/address.h"
#include "backend/version.h"
#include "resp/bus_settings.h"
#include "resp/config/config_words.h"

namespace tideway::resp {
namespace {

std::string Banner() {
  return fmt::format("\n*** FATAL CONFIG FILE ERROR (tideway {}) ***\n", Version());
}

Error Fatal(std::string_view text) {
  return {Errc::kInvalidArgument, Banner() + std::string(text) + "\n"};
}

Error CannotRead(const std::string& path, std::string_view why) {
  return {Errc::kIo, fmt::format("Fatal error, can't open config file '{}': {}\n", path, why)};
}

std::string FirstWord(std::string_view line) {
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

/// The line for an error message, without what is secret. Also misspelt names count: the value
/// behind `requirpass` is as secret as the one it was meant for.
std::string Shown(std::string_view line) {
  std::string name = ToLower(FirstWord(line));
  const SettingRow* row = FindSetting(name);
  if (row == nullptr) row = FindSetting(NearestSetting(name));
  const bool secret = (row != nullptr && row->Has(kSecret)) || name == "user";
  return secret && name.size() < line.size() ? name + " (redacted)" : std::string(line);
}

std::string UnknownName(std::string_view name) {
  std::string text = "Bad directive or wrong number of arguments";
  const std::string_view nearest = NearestSetting(name);
  if (!nearest.empty()) text += fmt::format(", did you mean '{}'?", nearest);
  return text;
}

Result<std::string> ReadWholeFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) return CannotRead(path, std::generic_category().message(errno));
  std::string text;
  std::array<char, 16384> block;
  while (const size_t got = std::fread(block.data(), 1, block.size(), file.get())) {
    text.append(block.data(), got);
    if (text.size() > limits::kConfigFileBytesMax) {
      return CannotRead(path, fmt::format("more than {} bytes", limits::kConfigFileBytesMax));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return CannotRead(path, std::generic_category().message(errno));
  }
  return text;
}

/// Files that match, sorted. A plain name matches itself, whether it exists or not.
std::vector<std::string> Glob(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  const int failed = ::glob(pattern.c_str(), 0, nullptr, &found);
  for (size_t i = 0; failed == 0 && i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  if (failed != 0 && pattern.find_first_of("*?[") == std::string::npos) paths.push_back(pattern);
  return paths;
}

}  // namespace

Status ConfigLoader::LoadFile(const std::string& path) { return LoadFileAt(path, 0); }

Status ConfigLoader::LoadText(std::string_view text, std::string_view source) {
  return LoadTextAt(text, source, 0);
}

Status ConfigLoader::LoadOption(const std::vector<std::string>& words, std::string_view source) {
  std::string shown = words[0];
  for (size_t i = 1; i < words.size(); ++i) shown += " " + QuoteWord(words[i]);
  return LoadWords(words, 0, {source, 0, shown});
}

Status ConfigLoader::LoadFileAt(const std::string& path, int depth) {
  const auto text = ReadWholeFile(path);
  if (!text.ok()) return text.error();
  return LoadTextAt(text.value(), fmt::format("the configuration file '{}'", path), depth);
}

Status ConfigLoader::LoadTextAt(std::string_view text, std::string_view source, int depth) {
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = TrimSpace(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const Place place{source, number, line};
    const auto words = SplitWords(line);
    if (!words) {
      return Fatal(
          fmt::format("Reading {}, at line {}\n>>> '{}'\nUnbalanced quotes in "
                      "configuration line",
                      source, number, Shown(line)));
    }
    if (words->empty()) continue;
    if (Status loaded = LoadWords(*words, depth, place); !loaded.ok()) return loaded;
  }
  return Ok();
}

Status ConfigLoader::LoadWords(const std::vector<std::string>& words, int depth,
                               const Place& place) {
  const auto fail = [&place](std::string_view why) {
    return Fatal(fmt::format("Reading {}{}\n>>> '{}'\n{}", place.source,
                             place.line == 0 ? "" : fmt::format(", at line {}", place.line),
                             Shown(place.shown), why));
  };
  const std::string name = ToLower(words[0]);
  if (name == "include" && words.size() == 2) {
    if (depth == limits::kConfigIncludeDepthMax) {
      return fail(fmt::format("include goes deeper than {} files: is it a circle?",
                              limits::kConfigIncludeDepthMax));
    }
    return Include(words[1], depth + 1);
  }
  if (name == "user" && words.size() >= 2 && words[1] == "default") {
    const Status loaded = LoadDefaultUser(words);
    return loaded.ok() ? Ok() : Status(fail(loaded.error().detail));
  }
  if (const SettingRow* row = FindSetting(name)) {
    const Words values = Words(words).subspan(1);
    const bool first = given_.insert(row).second;
    const Status set =
        first ? AssignSetting(*row, settings_, values) : AddToSetting(*row, settings_, values);
    return set.ok() ? Ok() : Status(fail(set.error().detail));
  }
  if (const DirectiveRow* directive = FindDirective(name)) {
    return directive->reason.empty() ? Ok() : Status(fail(directive->reason));
  }
  return fail(UnknownName(name));
}

Status ConfigLoader::Include(const std::string& pattern, int depth) {
  for (const std::string& path : Glob(pattern)) {
    if (Status loaded = LoadFileAt(path, depth); !loaded.ok()) return loaded;
  }
  return Ok();
}

Status ConfigLoader::LoadDefaultUser(const std::vector<std::string>& words) {
  constexpr std::array<std::string_view, 10> kEverything = {
      "on",          "nopass", "sanitize-payload", "skip-sanitize-payload", "~*", "allkeys", "&*",
      "allchannels", "+@all",  "allcommands"};
  for (size_t i = 2; i < words.size(); ++i) {
    const std::string rule = ToLower(words[i]);
    if (rule.starts_with('#')) {
      default_user_has_hash_ = true;
    } else if (std::find(kEverything.begin(), kEverything.end(), rule) == kEverything.end()) {
      return {Errc::kInvalidArgument, std::string(FindDirective("user")->reason)};
    }
  }
  return Ok();
}

std::vector<std::string> ConfigLoader::Notices() const {
  std::vector<std::string> notices;
  std::vector<std::string_view> changed;
  int at_default = 0;
  for (const SettingRow* row : AllSettings()) {
    if (!row->Has(kNoEffect) || !given_.contains(row)) continue;
    if (IsDefault(*row, settings_)) {
      ++at_default;
    } else {
      changed.push_back(row->name);
    }
  }
  if (!changed.empty()) {
    notices.push_back(fmt::format(
        "These settings are accepted for Redis's sake and have no effect: {}{}",
        fmt::join(changed, ", "),
        at_default == 0 ? "" : fmt::format(" (and {} more, left at their defaults)", at_default)));
  }
  if (!settings_.appendonly && settings_.storage == Storage::kRocksDb && IsJournalled(settings_)) {
    notices.emplace_back(
        "appendonly is no, but there are save points, so data is to outlive the process: the "
        "journal stays on. For a store without a disk, set save \"\" or storage memory");
  }
  return notices;
}

Result<LoadedConfig> ConfigLoader::Finish() {
  namespace fs = std::filesystem;
  if (default_user_has_hash_ && settings_.requirepass.empty()) {
    return Fatal(
        "The default user has a password that the configuration tells only as a hash: "
        "set requirepass, and remove the user line");
  }
  if (settings_.port == 0 && settings_.unixsocket.empty()) {
    return Fatal("Configured to not listen anywhere: port is 0 and unixsocket is not set");
  }
  LoadedConfig loaded{settings_, Notices()};
  Settings& settings = loaded.settings;
  std::error_code failed;
  fs::path base = fs::current_path(failed);
  if (failed) return Fatal("The working directory cannot be found: " + failed.message());
  const fs::path dir = (base / settings.dir).lexically_normal();
  settings.dir = dir.string();
  if (given_.contains(FindSetting("dir"))) base = dir;
  for (std::string* path : {&settings.unixsocket, &settings.pidfile, &settings.logfile}) {
    if (!path->empty()) *path = (base / *path).lexically_normal().string();
  }
  if (settings.unixsocket.size() > limits::kUnixSocketPathBytesMax) {
    return Fatal(fmt::format("unixsocket '{}' has {} bytes, and the system allows {}",
                             settings.unixsocket, settings.unixsocket.size(),
                             limits::kUnixSocketPathBytesMax));
  }
  if (!settings.backend.empty()) {
    const auto address = backend::ParseTidbAddress(settings.backend);
    if (!address.ok()) return Fatal("backend: " + address.error().detail);
  }
  if (!settings.bus.empty()) {
    for (std::string* path :
         {&settings.bus_credentials_file, &settings.bus_nkey_seed_file, &settings.bus_tls_ca_file,
          &settings.bus_tls_cert_file, &settings.bus_tls_key_file}) {
      if (!path->empty()) *path = (base / *path).lexically_normal().string();
    }
    const auto options = NatsOptionsOf(settings);
    if (!options.ok()) return Fatal(options.error().detail);
  }
  settings.appendonly = IsJournalled(settings);
  return loaded;
}

}  // namespace tideway::resp
