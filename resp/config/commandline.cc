#include "resp/config/commandline.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <istream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "resp/config/config_loader.h"
#include "resp/config/config_words.h"
#include "resp/config/setting_table.h"

namespace tideway::resp {
namespace {

constexpr std::string_view kSource = "the command line";
constexpr std::string_view kVariablePrefix = "TIDEWAY_";

/// The arguments, sorted out.
struct Arguments {
  StartAction action = StartAction::kServe;
  std::optional<std::string> config_file;
  bool standard_input = false;
  std::vector<std::vector<std::string>> options;  // name and values
};

Error Wrong(std::string_view text) {
  return {Errc::kInvalidArgument, fmt::format("{}. Try --help\n", text)};
}

bool IsOption(std::string_view arg) { return arg.size() > 2 && arg.starts_with("--"); }

/// "--port 6380" and "--port=6380" in one argument → their words.
std::vector<std::string> OptionWords(std::string_view arg) {
  arg.remove_prefix(2);
  auto words = SplitWords(arg);
  if (!words || words->empty()) return {std::string(arg)};
  std::string& name = words->front();
  const size_t equals = name.find('=');
  if (equals != std::string::npos && FindSetting(name) == nullptr) {
    const std::string_view rest = arg.substr(arg.find('=') + 1);
    return {name.substr(0, equals), std::string(rest)};
  }
  return std::move(*words);
}

/// Goes over the arguments once.
class ArgumentReader {
 public:
  explicit ArgumentReader(const std::vector<std::string>& args) : args_(args) {}

  Result<Arguments> Read() {
    for (; at_ < args_.size(); ++at_) {
      Status taken = Take(args_[at_]);
      if (!taken.ok()) return taken.error();
    }
    return std::move(found_);
  }

 private:
  Status Take(const std::string& arg) {
    if (arg == "-" && (at_ == 0 || at_ + 1 == args_.size())) {
      found_.standard_input = true;
      return Ok();
    }
    // A value is what follows a name, even if it begins with --. The name alone is complete only
    // for `--save`, where Redis takes a following option as one.
    const bool wants_value = !found_.options.empty() && found_.options.back().size() == 1;
    const bool bare_save = wants_value && ToLower(found_.options.back()[0]) == "save";
    if (IsOption(arg) && (!wants_value || bare_save)) return TakeOption(arg);
    if (!found_.options.empty() && !after_word_) {
      found_.options.back().push_back(arg);
      return Ok();
    }
    if (arg == "-h" || arg == "-v") return TakeOption(arg == "-h" ? "--help" : "--version");
    // As Redis does, behind the file a setting's name needs no dashes.
    if (found_.config_file && FindSetting(arg) != nullptr) return TakeOption("--" + arg);
    if (!arg.starts_with('-')) return TakeFile(arg);
    return Wrong(fmt::format("Unexpected argument '{}': settings begin with --", arg));
  }

  Status TakeOption(const std::string& arg) {
    after_word_ = true;
    if (arg == "--help") {
      found_.action = StartAction::kHelp;
    } else if (arg == "--version") {
      found_.action = StartAction::kVersion;
    } else if (arg == "--print-commands-markdown") {
      found_.action = StartAction::kPrintCommands;
    } else if (arg == "--check-config") {
      found_.action = StartAction::kCheckConfig;
    } else if (arg == "--config") {
      if (at_ + 1 == args_.size()) return Wrong("--config needs a file");
      return TakeFile(args_[++at_]);
    } else if (arg.starts_with("--config=")) {
      return TakeFile(arg.substr(arg.find('=') + 1));
    } else {
      after_word_ = false;
      found_.options.push_back(OptionWords(arg));
    }
    return Ok();
  }

  Status TakeFile(const std::string& path) {
    if (found_.config_file) {
      return Wrong(fmt::format("Two configuration files, '{}' and '{}': use include in one",
                               *found_.config_file, path));
    }
    after_word_ = true;
    found_.config_file = path;
    return Ok();
  }

  const std::vector<std::string>& args_;
  size_t at_ = 0;
  bool after_word_ = false;  // the last argument was complete and takes no value
  Arguments found_;
};

/// The words of the setting that an environment variable gives; none when it gives none.
std::vector<std::string> VariableWords(std::string_view name, std::string_view value) {
  if (!name.starts_with(kVariablePrefix)) return {};
  std::string setting = ToLower(name.substr(kVariablePrefix.size()));
  std::replace(setting.begin(), setting.end(), '_', '-');
  const SettingRow* const row = FindSetting(setting);
  if (row == nullptr || (value.empty() && row->kind != SettingKind::kList)) return {};
  // What Kubernetes sets for each service of the namespace: "tcp://10.0.0.1:6379".
  if (row->kind == SettingKind::kInteger && value.find("://") != std::string_view::npos) return {};
  return {std::string(row->name), std::string(value)};
}

Status LoadEnvironment(const std::vector<std::string>& environment, ConfigLoader& loader) {
  for (const std::string& variable : environment) {
    const size_t equals = variable.find('=');
    if (equals == std::string::npos) continue;
    const std::string_view name = std::string_view(variable).substr(0, equals);
    const auto words = VariableWords(name, std::string_view(variable).substr(equals + 1));
    if (words.empty()) continue;
    const std::string source = fmt::format("the environment variable {}", name);
    if (Status loaded = loader.LoadOption(words, source); !loaded.ok()) return loaded;
  }
  return Ok();
}

Status Load(const Arguments& arguments, std::istream& standard_input,
            const std::vector<std::string>& environment, ConfigLoader& loader) {
  if (arguments.config_file) {
    if (Status loaded = loader.LoadFile(*arguments.config_file); !loaded.ok()) return loaded;
  }
  if (arguments.standard_input) {
    const std::string text{std::istreambuf_iterator<char>(standard_input), {}};
    Status loaded = loader.LoadText(text, "the configuration from standard input");
    if (!loaded.ok()) return loaded;
  }
  if (Status loaded = LoadEnvironment(environment, loader); !loaded.ok()) return loaded;
  for (std::vector<std::string> words : arguments.options) {
    if (words.size() == 1 && ToLower(words[0]) == "save") words.emplace_back();
    if (Status loaded = loader.LoadOption(words, kSource); !loaded.ok()) return loaded;
  }
  return Ok();
}

}  // namespace

Result<StartOptions> ParseCommandLine(const std::vector<std::string>& args,
                                      std::istream& standard_input,
                                      const std::vector<std::string>& environment) {
  auto arguments = ArgumentReader(args).Read();
  if (!arguments.ok()) return arguments.error();
  StartOptions options;
  options.action = arguments.value().action;
  if (options.action != StartAction::kServe && options.action != StartAction::kCheckConfig) {
    return options;
  }
  if (arguments.value().config_file) {
    std::error_code failed;
    options.config_file =
        std::filesystem::absolute(*arguments.value().config_file, failed).lexically_normal();
    if (failed) return Wrong("The working directory cannot be found: " + failed.message());
  }
  ConfigLoader loader;
  const Status loaded = Load(arguments.value(), standard_input, environment, loader);
  if (!loaded.ok()) return loaded.error();
  auto finished = loader.Finish();
  if (!finished.ok()) return finished.error();
  options.settings = std::move(finished.value().settings);
  options.notices = std::move(finished.value().notices);
  return options;
}

}  // namespace tideway::resp
