// Reads configuration: files in redis.conf's syntax, standard input, options of the command line.
//
// One loader makes one Settings. Sources are read in the order of their precedence, the strongest
// last; within and across them the last value of a setting counts, except for lists that add up.
// The first error ends the loading.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backend/result.h"
#include "resp/config/setting_table.h"
#include "resp/config/settings.h"

namespace tideway::resp {

/// What Finish() returns.
struct LoadedConfig {
  Settings settings;
  /// For the log, one line each: what was given and has no effect, or not the expected one.
  std::vector<std::string> notices;
};

class ConfigLoader {
 public:
  /// Reads a file and what it includes. Error (kInvalidArgument, or kIo when a file cannot be
  /// read): the whole text for the operator, as Redis prints it:
  ///
  ///   *** FATAL CONFIG FILE ERROR (tideway 0.1.0) ***
  ///   Reading the configuration file '/etc/tideway.conf', at line 3
  ///   >>> 'apendfsync always'
  ///   Bad directive or wrong number of arguments, did you mean 'appendfsync'?
  ///
  /// Values of secret settings are left out of it.
  Status LoadFile(const std::string& path);

  /// As LoadFile for text; `source` stands for "the configuration file '...'" in errors.
  Status LoadText(std::string_view text, std::string_view source);

  /// Reads one setting given as words, the name first; `source` as in LoadText.
  Status LoadOption(const std::vector<std::string>& words, std::string_view source);

  /// Checks what only the whole can tell and settles what depends on other settings: paths become
  /// absolute, and `appendonly` says whether data is really kept. Relative paths start at `dir`
  /// when one was given, as in Redis, else at the working directory. Call once, last.
  Result<LoadedConfig> Finish();

  /// What has been read so far, before Finish().
  const Settings& settings() const { return settings_; }

 private:
  /// A line or option while it is read. line 0: not a line.
  struct Place {
    std::string_view source;
    int line = 0;
    std::string_view shown;
  };

  Status LoadFileAt(const std::string& path, int depth);
  Status LoadTextAt(std::string_view text, std::string_view source, int depth);
  Status LoadWords(const std::vector<std::string>& words, int depth, const Place& place);
  Status Include(const std::string& pattern, int depth);
  /// The text of `user default ...` that Redis's CONFIG REWRITE leaves in every file.
  Status LoadDefaultUser(const std::vector<std::string>& words);
  std::vector<std::string> Notices() const;

  Settings settings_;
  std::set<const SettingRow*> given_;
  bool default_user_has_hash_ = false;
};

}  // namespace tideway::resp
