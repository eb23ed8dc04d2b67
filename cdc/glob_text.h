// The literal parts of a glob pattern, for deciding what to subscribe to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tideway::cdc {

/// A pattern taken apart far enough to know what every match has in it.
///
///   room:*x      head "room:", not whole
///   a\*b         head "a*b", whole: only that name matches
///
/// The rules are those of resp/protocol/glob.h: special are * ? [ and a backslash, which quotes
/// unless it is the last byte.
class GlobText {
 public:
  explicit GlobText(std::string_view pattern);

  /// What every match begins with.
  std::string_view head() const { return head_; }
  /// The head is the whole pattern.
  bool whole() const { return whole_; }

  /// Finds `mark` where it stands as literal bytes: what every match must contain. True fills what
  /// stands before and behind it.
  struct Split;
  bool SplitAt(std::string_view mark, Split& split) const;

 private:
  std::string_view pattern_;
  std::string head_;
  bool whole_ = false;
};

/// Literal heads of the parts beside a mark.
struct GlobText::Split {
  std::string before;
  bool before_whole = false;
  std::string behind;
  bool behind_whole = false;
};

}  // namespace tideway::cdc
