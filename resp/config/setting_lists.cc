#include "resp/config/setting_lists.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "resp/config/config_words.h"
#include "resp/config/notify_flags.h"
#include "resp/protocol/numbers.h"

namespace tideway::resp {
namespace {

constexpr std::string_view kNotInteger = "argument couldn't be parsed into an integer";
constexpr std::string_view kWrongNumber = "wrong number of arguments";

Error Invalid(std::string_view detail) { return {Errc::kInvalidArgument, std::string(detail)}; }

bool IsEmptyList(Words words) { return words.empty() || (words.size() == 1 && words[0].empty()); }

/// A class of `client-output-buffer-limit`, by the name it is shown with and its other name.
struct OutputClass {
  std::string_view shown;
  std::string_view in_file;
  OutputBufferLimit Settings::*limit;
};

constexpr std::array<OutputClass, 3> kOutputClasses = {{
    {"normal", "normal", &Settings::normal_output},
    {"slave", "replica", &Settings::replica_output},
    {"pubsub", "pubsub", &Settings::pubsub_output},
}};

std::optional<int64_t> ParseBytes(std::string_view text) {
  const auto bytes = ParseMemorySize(text);
  if (!bytes || !std::in_range<int64_t>(*bytes)) return std::nullopt;
  return static_cast<int64_t>(*bytes);
}

std::optional<int64_t> ParseSeconds(std::string_view text) {
  const auto seconds = ParseInt64(text);
  // Far beyond a life, far below what overflows when clocks add it in nanoseconds.
  if (!seconds || *seconds < 0 || *seconds > INT32_MAX) return std::nullopt;
  return seconds;
}

}  // namespace

std::string ShortMemory(int64_t bytes) {
  constexpr auto kKb = int64_t{limits::kKiB};
  constexpr auto kMb = int64_t{limits::kMiB};
  constexpr auto kGb = int64_t{limits::kGiB};
  if (bytes != 0 && bytes % kGb == 0) return fmt::format("{}gb", bytes / kGb);
  if (bytes != 0 && bytes % kMb == 0) return fmt::format("{}mb", bytes / kMb);
  if (bytes != 0 && bytes % kKb == 0) return fmt::format("{}kb", bytes / kKb);
  return fmt::format("{}", bytes);
}

Status ParseBind(Settings& settings, Words words) {
  settings.bind.clear();
  if (IsEmptyList(words)) return Ok();
  if (words.size() > limits::kBindAddressesMax) {
    return Invalid("Too many bind addresses specified.");
  }
  settings.bind.assign(words.begin(), words.end());
  return Ok();
}

std::string FormatBind(const Settings& settings) {
  return fmt::format("{}", fmt::join(settings.bind, " "));
}

void ClearSave(Settings& settings) { settings.save.clear(); }

Status ParseSave(Settings& settings, Words words) {
  if (IsEmptyList(words)) {
    ClearSave(settings);
    return Ok();
  }
  if (words.size() % 2 != 0) return Invalid("Invalid save parameters");
  for (size_t i = 0; i < words.size(); i += 2) {
    const auto seconds = ParseSeconds(words[i]);
    const auto changes = ParseInt64(words[i + 1]);
    if (!seconds || *seconds < 1 || !changes || *changes < 0) {
      return Invalid("Invalid save parameters");
    }
    settings.save.push_back({std::chrono::seconds(*seconds), *changes});
  }
  return Ok();
}

std::vector<std::string> SaveLines(const Settings& settings) {
  if (settings.save.empty()) return {"\"\""};
  std::vector<std::string> lines;
  lines.reserve(settings.save.size());
  for (const SavePoint& point : settings.save) {
    lines.push_back(fmt::format("{} {}", point.period.count(), point.changes));
  }
  return lines;
}

std::string FormatSave(const Settings& settings) {
  if (settings.save.empty()) return "";
  return fmt::format("{}", fmt::join(SaveLines(settings), " "));
}

Status ParseOutputLimits(Settings& settings, Words words) {
  if (IsEmptyList(words)) return Ok();
  if (words.size() % 4 != 0) {
    return Invalid("Wrong number of arguments in buffer limit configuration.");
  }
  for (size_t i = 0; i < words.size(); i += 4) {
    const std::string name = ToLower(words[i]);
    const auto row =
        std::find_if(kOutputClasses.begin(), kOutputClasses.end(),
                     [&](const OutputClass& c) { return c.shown == name || c.in_file == name; });
    if (row == kOutputClasses.end()) {
      return Invalid("Invalid client class specified in buffer limit configuration.");
    }
    const auto hard = ParseBytes(words[i + 1]);
    const auto soft = ParseBytes(words[i + 2]);
    const auto seconds = ParseSeconds(words[i + 3]);
    if (!hard || !soft || !seconds) {
      return Invalid("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    settings.*(row->limit) = {*hard, *soft, std::chrono::seconds(*seconds)};
  }
  return Ok();
}

std::string FormatOutputLimits(const Settings& settings) {
  std::string text;
  for (const OutputClass& row : kOutputClasses) {
    const OutputBufferLimit& limit = settings.*(row.limit);
    text += fmt::format("{}{} {} {} {}", text.empty() ? "" : " ", row.shown, limit.hard_bytes,
                        limit.soft_bytes, limit.soft_time.count());
  }
  return text;
}

std::vector<std::string> OutputLimitLines(const Settings& settings) {
  std::vector<std::string> lines;
  lines.reserve(kOutputClasses.size());
  for (const OutputClass& row : kOutputClasses) {
    const OutputBufferLimit& limit = settings.*(row.limit);
    lines.push_back(fmt::format("{} {} {} {}", row.in_file, ShortMemory(limit.hard_bytes),
                                ShortMemory(limit.soft_bytes), limit.soft_time.count()));
  }
  return lines;
}

Status ParseNotify(Settings& settings, Words words) {
  if (words.size() != 1) return Invalid(kWrongNumber);
  const auto flags = ParseNotifyFlags(words[0]);
  if (!flags) return Invalid("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
  settings.notify_keyspace_events = *flags;
  return Ok();
}

std::string FormatNotify(const Settings& settings) {
  return FormatNotifyFlags(settings.notify_keyspace_events);
}

std::vector<std::string> NotifyLines(const Settings& settings) {
  return {QuoteWord(FormatNotify(settings))};
}

Status ParsePercentiles(Settings& settings, Words words) {
  settings.latency_tracking_info_percentiles.clear();
  if (IsEmptyList(words)) return Ok();
  for (const std::string& word : words) {
    const auto value = ParseDouble(word);
    if (!value) return Invalid("Invalid latency-tracking-info-percentiles parameters");
    if (!(*value >= 0 && *value <= 100)) {
      return Invalid("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    }
    settings.latency_tracking_info_percentiles.push_back(*value);
  }
  return Ok();
}

std::string FormatPercentiles(const Settings& settings) {
  return fmt::format("{}", fmt::join(settings.latency_tracking_info_percentiles, " "));
}

Status ParseHz(Settings& settings, Words words) {
  if (words.size() != 1) return Invalid(kWrongNumber);
  const auto value = ParseInt64(words[0]);
  if (!value) return Invalid(kNotInteger);
  if (*value < 0 || *value > INT32_MAX) {
    return Invalid("argument must be between 0 and 2147483647 inclusive");
  }
  settings.hz = std::clamp<int64_t>(*value, 1, 500);
  return Ok();
}

std::string FormatHz(const Settings& settings) { return fmt::format("{}", settings.hz); }

Result<std::string> CanonicalOomScores(Words words) {
  if (words.size() != 3) return Invalid(kWrongNumber);
  for (const std::string& word : words) {
    const auto value = ParseInt64(word);
    if (!value || *value < -2000 || *value > 2000) {
      return Invalid("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    }
  }
  return fmt::format("{}", fmt::join(words, " "));
}

Result<std::string> CanonicalShutdownFlags(Words words) {
  constexpr std::array<std::string_view, 5> kFlags = {"default", "save", "nosave", "now", "force"};
  std::array<bool, kFlags.size()> given{};
  const auto unknown = [&] {
    return Invalid(
        fmt::format("argument(s) must be one of the following: {}", fmt::join(kFlags, ", ")));
  };
  if (words.empty()) return unknown();
  for (const std::string& word : words) {
    const auto found = std::find(kFlags.begin(), kFlags.end(), ToLower(word));
    if (found == kFlags.end()) return unknown();
    given[static_cast<size_t>(found - kFlags.begin())] = true;
  }
  if (given[1] && given[2]) {
    return Invalid("shutdown options SAVE and NOSAVE can't be used simultaneously");
  }
  std::string text;
  for (size_t i = 1; i < kFlags.size(); ++i) {
    if (given[i]) text += fmt::format("{}{}", text.empty() ? "" : " ", kFlags[i]);
  }
  return text.empty() ? std::string("default") : text;
}

Result<std::string> CanonicalReplicaOf(Words words) {
  if (IsEmptyList(words)) return std::string();
  if (words.size() != 2) return Invalid(kWrongNumber);
  if (ToLower(words[0]) == "no" && ToLower(words[1]) == "one") return std::string();
  return fmt::format("{} {}", words[0], words[1]);
}

}  // namespace tideway::resp
