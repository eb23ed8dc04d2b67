// The one table of settings. The configuration file, the command line, CONFIG GET, CONFIG SET,
// CONFIG REWRITE and --help all derive from its rows; nothing else knows a setting's name.
//
// To add a setting: a field with its default in settings.h, a row in setting_table.cc. A setting
// of Redis that means nothing here is a row in hint_table.cc and needs no field.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/result.h"
#include "resp/config/settings.h"

namespace tideway::resp {

/// Form of a value's text.
enum class SettingKind : uint8_t {
  kBool,             // yes | no
  kInteger,          // decimal
  kMemory,           // bytes, with 1k = 1000, 1kb = 1024, and so on to gb
  kMemoryOrPercent,  // as kMemory, or 0% to 100% (held as a negative number)
  kOctal,            // file mode
  kEnum,             // one of `words`, any case
  kString,           // any bytes
  kList,             // several words; its row brings its own functions
};

/// What may be done with a setting and how it is shown. Bits.
enum SettingFlag : uint16_t {
  kImmutable = 1 << 0,  // CONFIG SET refuses it, as Redis refuses it
  kProtected = 1 << 1,  // CONFIG SET refuses it unless enable-protected-configs allows
  kRestart = 1 << 2,    // CONFIG SET accepts only the present value; others need a restart
  kSecret = 1 << 3,     // never in a log line or an error message
  kOurs = 1 << 4,       // not a setting of Redis 7.0
  kNoEffect = 1 << 5,   // accepted and reported, changes nothing: kept in Settings::hints
  kManyWords = 1 << 6,  // a line of the file may have more than one value word
  kHidden = 1 << 7,     // CONFIG GET shows it to those who ask for its very name
  kShared = 1 << 8,     // CONFIG SET of one node holds on all that have the same database
};

/// Chapter of --help.
enum class SettingGroup : uint8_t {
  kNetwork,
  kData,
  kLimits,
  kEvents,
  kBus,
  kSecurity,
  kMonitoring,
  kProcess,
  kHint,
};

using Words = std::span<const std::string>;

/// A field of Settings seen as a number: bool as 0 or 1, enum by its position, time by its count.
struct NumberField {
  int64_t (*get)(const Settings&) = nullptr;
  void (*set)(Settings&, int64_t) = nullptr;
};

/// A field that only its own functions understand. `parse` replaces the field, or, where Redis does
/// so, amends it; on an error it may leave it half written, so callers work on a copy.
struct ListField {
  Status (*parse)(Settings&, Words) = nullptr;
  std::string (*format)(const Settings&) = nullptr;
  /// Values of the lines that CONFIG REWRITE writes, one a line; null: one line of `format`.
  std::vector<std::string> (*lines)(const Settings&) = nullptr;
  /// When set, several lines of the file add up: `parse` appends, and this empties the field first.
  void (*clear)(Settings&) = nullptr;
};

struct SettingRow {
  std::string_view name;
  std::string_view old_name = {};  // Redis's former name: accepted, and listed by CONFIG GET
  SettingGroup group = SettingGroup::kHint;
  SettingKind kind = SettingKind::kString;
  uint16_t flags = 0;
  NumberField number = {};                // kBool to kEnum, unless kNoEffect
  std::string Settings::*text = nullptr;  // kString, unless kNoEffect
  ListField list = {};                    // kList, unless kNoEffect
  int64_t min = 0;                        // kInteger, kMemory, kOctal
  int64_t max = INT64_MAX;
  std::span<const std::string_view> words = {};       // kEnum
  Result<std::string> (*canonical)(Words) = nullptr;  // kList with kNoEffect
  std::string_view hint_default = {};                 // kNoEffect
  /// Every other value is refused with `reason`: it would promise what is not done.
  bool only_default = false;
  std::string_view reason = {};
  std::string_view help = {};

  bool Has(SettingFlag flag) const { return (flags & flag) != 0; }
};

/// A word that may start a line of the file but is not a setting.
struct DirectiveRow {
  std::string_view name;
  /// Why it is refused; empty: it is accepted and ignored.
  std::string_view reason;
};

/// All rows, sorted by name. Valid for the life of the process, any thread.
std::span<const SettingRow* const> AllSettings();

/// The row of a name or former name in any case, or null.
const SettingRow* FindSetting(std::string_view name);

/// The directive of that name in any case, or null. (`include` is not one: the loader handles it.)
const DirectiveRow* FindDirective(std::string_view name);

/// The known name that looks most like `name`, or empty when none is near enough to help.
std::string_view NearestSetting(std::string_view name);

/// The value as CONFIG GET shows it.
std::string FormatSetting(const SettingRow& row, const Settings& settings);

/// The value of a fresh server, as FormatSetting.
std::string DefaultSetting(const SettingRow& row);

/// True when the value is that of a fresh server.
bool IsDefault(const SettingRow& row, const Settings& settings);

/// Sets the value from the words of a line. Error: kInvalidArgument with Redis's own text where it
/// has one ("argument must be 'yes' or 'no'"); `settings` is then unspecified, so work on a copy.
/// Does not look at kImmutable and its like: those are CONFIG SET's.
Status AssignSetting(const SettingRow& row, Settings& settings, Words words);

/// As AssignSetting for a second and later line of the same setting: a list whose lines add up
/// keeps what it has.
Status AddToSetting(const SettingRow& row, Settings& settings, Words words);

/// The values of the lines that CONFIG REWRITE writes for this row, without the name.
std::vector<std::string> SettingLines(const SettingRow& row, const Settings& settings);

namespace internal {
/// The parts of the table, each in its own file.
std::vector<std::span<const SettingRow>> EffectiveSettings();
std::span<const SettingRow> BusSettings();
std::vector<std::span<const SettingRow>> HintSettings();
std::span<const DirectiveRow> Directives();
}  // namespace internal

}  // namespace tideway::resp
