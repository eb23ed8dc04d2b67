// The text of values: parsing, checking and showing them, by the form that a row states.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cassert>
#include <optional>
#include <utility>

#include "resp/config/config_words.h"
#include "resp/config/setting_lists.h"
#include "resp/config/setting_table.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

Error Invalid(std::string detail) { return {Errc::kInvalidArgument, std::move(detail)}; }

Error OutOfRange(const SettingRow& row) {
  const auto shown = [&](int64_t bound) {
    return row.kind == SettingKind::kOctal ? fmt::format("{:o}", bound) : fmt::format("{}", bound);
  };
  return Invalid(
      fmt::format("argument must be between {} and {} inclusive", shown(row.min), shown(row.max)));
}

Result<int64_t> ParseEnum(const SettingRow& row, std::string_view text) {
  const std::string lower = ToLower(text);
  for (size_t i = 0; i < row.words.size(); ++i) {
    if (row.words[i] == lower) return static_cast<int64_t>(i);
  }
  return Invalid(
      fmt::format("argument(s) must be one of the following: {}", fmt::join(row.words, ", ")));
}

Result<int64_t> ParseBool(std::string_view text) {
  const std::string lower = ToLower(text);
  if (lower == "yes") return int64_t{1};
  if (lower == "no") return int64_t{0};
  return Invalid("argument must be 'yes' or 'no'");
}

Result<int64_t> ParseOctal(const SettingRow& row, std::string_view text) {
  int64_t value = 0;
  // As strtoll(…, 8) with nothing left over; a file mode needs no sign.
  if (text.empty() || text.size() > 12) {
    return Invalid("argument couldn't be parsed as an octal number");
  }
  for (const char c : text) {
    if (c < '0' || c > '7') return Invalid("argument couldn't be parsed as an octal number");
    value = value * 8 + (c - '0');
  }
  if (value < row.min || value > row.max) return OutOfRange(row);
  return value;
}

Result<int64_t> ParsePercent(std::string_view text) {
  const auto percent = ParseInt64(text);
  if (!percent || *percent < 0) return Invalid("argument must be a memory or percent value");
  if (*percent > 100) return Invalid("percentage argument must be less or equal to 100");
  return -*percent;
}

Result<int64_t> ParseMemory(const SettingRow& row, std::string_view text) {
  const bool percent_too = row.kind == SettingKind::kMemoryOrPercent;
  if (percent_too && !text.empty() && text.back() == '%') {
    return ParsePercent(text.substr(0, text.size() - 1));
  }
  const auto bytes = ParseMemorySize(text);
  if (!bytes) {
    return Invalid(percent_too ? "argument must be a memory or percent value"
                               : "argument must be a memory value");
  }
  if (!std::in_range<int64_t>(*bytes) || static_cast<int64_t>(*bytes) < row.min ||
      static_cast<int64_t>(*bytes) > row.max) {
    return OutOfRange(row);
  }
  return static_cast<int64_t>(*bytes);
}

Result<int64_t> ParseInteger(const SettingRow& row, std::string_view text) {
  const auto value = ParseInt64(text);
  if (!value) return Invalid("argument couldn't be parsed into an integer");
  if (*value < row.min || *value > row.max) return OutOfRange(row);
  return *value;
}

/// The value of any kind but kString and kList.
Result<int64_t> ParseNumber(const SettingRow& row, std::string_view text) {
  switch (row.kind) {
    case SettingKind::kBool:
      return ParseBool(text);
    case SettingKind::kInteger:
      return ParseInteger(row, text);
    case SettingKind::kMemory:
    case SettingKind::kMemoryOrPercent:
      return ParseMemory(row, text);
    case SettingKind::kOctal:
      return ParseOctal(row, text);
    case SettingKind::kEnum:
      return ParseEnum(row, text);
    case SettingKind::kString:
    case SettingKind::kList:
      break;
  }
  assert(false && "not a number");
  return Invalid("not a number");
}

std::string FormatNumber(const SettingRow& row, int64_t value) {
  switch (row.kind) {
    case SettingKind::kBool:
      return value != 0 ? "yes" : "no";
    case SettingKind::kEnum:
      return std::string(row.words[static_cast<size_t>(value)]);
    case SettingKind::kOctal:
      return fmt::format("{:o}", value);
    case SettingKind::kMemoryOrPercent:
      return value < 0 ? fmt::format("{}%", -value) : fmt::format("{}", value);
    case SettingKind::kInteger:
    case SettingKind::kMemory:
    case SettingKind::kString:
    case SettingKind::kList:
      break;
  }
  return fmt::format("{}", value);
}

/// The text that a setting without a field is kept as.
Result<std::string> CanonicalHint(const SettingRow& row, Words words) {
  if (row.kind == SettingKind::kList) return row.canonical(words);
  if (row.kind == SettingKind::kString) return words[0];
  const auto value = ParseNumber(row, words[0]);
  if (!value.ok()) return value.error();
  return FormatNumber(row, value.value());
}

Status AssignHint(const SettingRow& row, Settings& settings, Words words) {
  auto text = CanonicalHint(row, words);
  if (!text.ok()) return text.error();
  if (text.value() == row.hint_default) {
    settings.hints.erase(std::string(row.name));
    return Ok();
  }
  if (row.only_default) return Invalid(std::string(row.reason));
  settings.hints[std::string(row.name)] = std::move(text).value();
  return Ok();
}

Status AssignWords(const SettingRow& row, Settings& settings, Words words) {
  if (row.Has(kNoEffect)) return AssignHint(row, settings, words);
  if (row.kind == SettingKind::kList) return row.list.parse(settings, words);
  if (row.kind == SettingKind::kString) {
    settings.*(row.text) = words[0];
    return Ok();
  }
  const auto value = ParseNumber(row, words[0]);
  if (!value.ok()) return value.error();
  row.number.set(settings, value.value());
  return Ok();
}

/// The words between single spaces; none for the empty text.
std::vector<std::string> SplitAtSpaces(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    words.emplace_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
    if (text.empty()) words.emplace_back();
  }
  return words;
}

}  // namespace

std::string FormatSetting(const SettingRow& row, const Settings& settings) {
  if (row.Has(kNoEffect)) {
    const auto hint = settings.hints.find(row.name);
    return hint == settings.hints.end() ? std::string(row.hint_default) : hint->second;
  }
  if (row.kind == SettingKind::kList) return row.list.format(settings);
  if (row.kind == SettingKind::kString) return settings.*(row.text);
  return FormatNumber(row, row.number.get(settings));
}

std::string DefaultSetting(const SettingRow& row) {
  static const Settings fresh;
  return FormatSetting(row, fresh);
}

bool IsDefault(const SettingRow& row, const Settings& settings) {
  return FormatSetting(row, settings) == DefaultSetting(row);
}

Status AssignSetting(const SettingRow& row, Settings& settings, Words words) {
  if (row.list.clear != nullptr) row.list.clear(settings);
  return AddToSetting(row, settings, words);
}

Status AddToSetting(const SettingRow& row, Settings& settings, Words words) {
  if (!row.Has(kManyWords)) {
    if (words.size() != 1) return Invalid("wrong number of arguments");
    return AssignWords(row, settings, words);
  }
  // A quoted list, as CONFIG SET sends it and as `--save "900 1"` gives it.
  if (words.size() == 1) return AssignWords(row, settings, SplitAtSpaces(words[0]));
  return AssignWords(row, settings, words);
}

std::vector<std::string> SettingLines(const SettingRow& row, const Settings& settings) {
  const std::string text = FormatSetting(row, settings);
  switch (row.kind) {
    case SettingKind::kString:
      return {QuoteWord(text)};
    case SettingKind::kList:
      if (!row.Has(kNoEffect) && row.list.lines != nullptr) return row.list.lines(settings);
      return {text.empty() ? "\"\"" : text};
    case SettingKind::kMemory:
    case SettingKind::kMemoryOrPercent: {
      const auto bytes = ParseInt64(text);  // not for percents
      return {bytes ? ShortMemory(*bytes) : text};
    }
    case SettingKind::kBool:
    case SettingKind::kInteger:
    case SettingKind::kOctal:
    case SettingKind::kEnum:
      break;
  }
  return {text};
}

}  // namespace tideway::resp
