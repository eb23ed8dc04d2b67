// The settings whose values are several words: their rules and their text.
//
// Parse functions take the words of the value and return Redis's own error texts; Format functions
// give the text of CONFIG GET. Lines functions give the values of the lines in a rewritten file.
#pragma once

#include <string>
#include <vector>

#include "backend/result.h"
#include "resp/config/setting_table.h"
#include "resp/config/settings.h"

namespace tideway::resp {

/// `bind`: up to limits::kBindAddressesMax addresses, `*`, `-` before one that may be missing.
/// One empty word is no address at all.
Status ParseBind(Settings& settings, Words words);
std::string FormatBind(const Settings& settings);

/// `save`: pairs of seconds and changes, added to those there are; one empty word or none clears.
void ClearSave(Settings& settings);
Status ParseSave(Settings& settings, Words words);
std::string FormatSave(const Settings& settings);
std::vector<std::string> SaveLines(const Settings& settings);

/// `client-output-buffer-limit`: groups of class, hard bytes, soft bytes, seconds. Classes that are
/// not named keep their values.
Status ParseOutputLimits(Settings& settings, Words words);
std::string FormatOutputLimits(const Settings& settings);
std::vector<std::string> OutputLimitLines(const Settings& settings);

/// `notify-keyspace-events`.
Status ParseNotify(Settings& settings, Words words);
std::string FormatNotify(const Settings& settings);
std::vector<std::string> NotifyLines(const Settings& settings);

/// `latency-tracking-info-percentiles`: numbers from 0 to 100.
Status ParsePercentiles(Settings& settings, Words words);
std::string FormatPercentiles(const Settings& settings);

/// `hz`: any number from 0 to 2^31-1, then brought into 1..500.
Status ParseHz(Settings& settings, Words words);
std::string FormatHz(const Settings& settings);

/// `oom-score-adj-values`: three numbers.
Result<std::string> CanonicalOomScores(Words words);
/// `shutdown-on-sigint` and `-sigterm`: a set of words.
Result<std::string> CanonicalShutdownFlags(Words words);
/// `replicaof`: empty, or "no one".
Result<std::string> CanonicalReplicaOf(Words words);

/// Bytes in the largest unit that divides them: 67108864 → "64mb".
std::string ShortMemory(int64_t bytes);

}  // namespace tideway::resp
