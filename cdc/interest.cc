#include "cdc/interest.h"

#include <xxhash.h>

#include <algorithm>

#include "cdc/glob_text.h"
#include "cdc/subject.h"

namespace tideway::cdc {
namespace {

constexpr std::string_view kMark = "__:";  // between __keyspace@N and the key
constexpr std::string_view kKeyspace = "__keyspace@";
constexpr std::string_view kKeyevent = "__keyevent@";
constexpr std::string_view kDbDigits = "0123456789";

Interest Listening(std::string subject) {
  const Via via{XXH3_64bits(subject.data(), subject.size())};
  return {std::move(subject), via};
}

std::string_view SpaceWord(Topic topic) { return topic == Topic::kShardChannel ? "sh" : "ps"; }

bool IsDb(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of(kDbDigits) == std::string_view::npos;
}

// Names of events are lower case words.
bool MayBeginEvent(std::string_view head) {
  return std::all_of(head.begin(), head.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

/// What is known of the database where a channel begins with `head` (or is it, when `whole`), which
/// is all that comes before "__:".
struct Database {
  bool possible = false;
  std::string token = "*";
};
Database DatabaseOf(std::string_view kind, std::string_view head, bool whole) {
  if (!head.starts_with(kind)) return {!whole && kind.starts_with(head), "*"};
  const std::string_view rest = head.substr(kind.size());
  if (whole) return {IsDb(rest), std::string(rest)};
  // "0", "0_" and "0__" may come before whatever the pattern leaves open.
  const size_t digits = std::min(rest.find_first_not_of(kDbDigits), rest.size());
  const std::string_view tail = rest.substr(digits);
  if (tail.empty()) return {true, "*"};
  return {(tail == "_" || tail == "__") && IsDb(rest.substr(0, digits)),
          std::string(rest.substr(0, digits))};
}

std::string Both(const Database& a, const Database& b) {
  if (!a.possible) return b.token;
  if (!b.possible) return a.token;
  return a.token == b.token ? a.token : "*";
}

void AddEverything(const std::string& db, std::vector<Interest>& interests) {
  for (const std::string_view lane : {"ev.", "evx."}) {
    interests.push_back(Listening(std::string(lane) + db + ".>"));
  }
}

// Appends the tokens of a key, or of all keys that begin with it.
void AppendKeys(std::string_view key, bool whole, std::string& subject) {
  if (whole) {
    AppendName(key, subject);
  } else {
    AppendHead(key, subject);
    subject += ".>";
  }
}

/// __keyspace@: `split.behind` is what is known of the key, unless the key itself contains "__:".
void AddKeyspace(const GlobText::Split& split, const Database& db,
                 std::vector<Interest>& interests) {
  const bool has_mark = split.behind.find(kMark) != std::string::npos;
  if (!has_mark) {
    std::string subject = "ev." + db.token + ".*";
    AppendKeys(split.behind, split.behind_whole, subject);
    interests.push_back(Listening(std::move(subject)));
  }
  if (!split.before_whole) {
    // The mark that was found may stand in the key.
    interests.push_back(Listening("evx." + db.token + ".>"));
    return;
  }
  if (split.behind_whole && !has_mark) return;
  std::string lane = "evx." + db.token + ".*";
  AppendKeys(split.behind, split.behind_whole, lane);
  interests.push_back(Listening(std::move(lane)));
}

void AddKeyevent(const GlobText::Split& split, const Database& db,
                 std::vector<Interest>& interests) {
  if (!split.behind_whole) return AddEverything(db.token, interests);
  for (const std::string_view lane : {"ev.", "evx."}) {
    interests.push_back(Listening(std::string(lane) + db.token + "." + split.behind + ".>"));
  }
}

/// `whole`: nothing but the one name matches.
void AddEvents(const GlobText& text, std::vector<Interest>& interests) {
  GlobText::Split split;
  if (!text.SplitAt(kMark, split)) {
    if (text.whole()) return;
    const Database keyspace = DatabaseOf(kKeyspace, text.head(), false);
    const Database keyevent = DatabaseOf(kKeyevent, text.head(), false);
    if (!keyspace.possible && !keyevent.possible) return;
    return AddEverything(Both(keyspace, keyevent), interests);
  }
  const Database keyspace = DatabaseOf(kKeyspace, split.before, split.before_whole);
  Database keyevent = DatabaseOf(kKeyevent, split.before, split.before_whole);
  keyevent.possible = keyevent.possible && MayBeginEvent(split.behind) &&
                      !(split.behind_whole && split.behind.empty());
  if (keyspace.possible && keyevent.possible) {
    return AddEverything(Both(keyspace, keyevent), interests);
  }
  if (keyspace.possible) AddKeyspace(split, keyspace, interests);
  if (keyevent.possible) AddKeyevent(split, keyevent, interests);
}

}  // namespace

std::vector<Interest> InterestsOf(Topic topic, std::string_view name, bool events) {
  std::vector<Interest> interests;
  std::string subject(SpaceWord(topic));
  if (topic == Topic::kPattern) {
    const GlobText text(name);
    if (text.whole()) {
      AppendName(text.head(), subject);
      interests.push_back({std::move(subject), kViaOwnChannel});
    } else {
      AppendHead(text.head(), subject);
      subject += ".>";
      interests.push_back(Listening(std::move(subject)));
    }
    if (events) AddEvents(text, interests);
    return interests;
  }
  AppendName(name, subject);
  interests.push_back({std::move(subject), kViaOwnChannel});
  if (!events || topic == Topic::kShardChannel) return interests;
  GlobText::Split split;
  const size_t mark = name.find(kMark);
  if (mark == std::string_view::npos) return interests;
  split = {std::string(name.substr(0, mark)), true, std::string(name.substr(mark + kMark.size())),
           true};
  if (const Database db = DatabaseOf(kKeyspace, split.before, true); db.possible) {
    AddKeyspace(split, db, interests);
  }
  if (const Database db = DatabaseOf(kKeyevent, split.before, true);
      db.possible && !split.behind.empty() && MayBeginEvent(split.behind)) {
    AddKeyevent(split, db, interests);
  }
  return interests;
}

bool AppendMessageSubject(Topic topic, std::string_view channel, std::string& subject) {
  subject += SpaceWord(topic);
  return AppendName(channel, subject);
}

bool AppendEventSubject(uint32_t db, std::string_view event, std::string_view key,
                        std::string& subject) {
  subject += key.find(kMark) == std::string_view::npos ? "ev." : "evx.";
  subject += std::to_string(db);
  subject += '.';
  subject += event;
  return AppendName(key, subject);
}

}  // namespace tideway::cdc
