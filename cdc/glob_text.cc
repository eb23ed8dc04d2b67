#include "cdc/glob_text.h"

namespace tideway::cdc {
namespace {

// Reads a pattern element by element.
class Reader {
 public:
  explicit Reader(std::string_view pattern) : pattern_(pattern) {}

  bool done() const { return at_ == pattern_.size(); }
  size_t at() const { return at_; }
  /// Takes the next element; true when it is the one byte `c`.
  bool NextLiteral(char& c) {
    const char first = pattern_[at_++];
    switch (first) {
      case '*':
      case '?':
        return false;
      case '[':
        SkipClass();
        return false;
      case '\\':
        c = done() ? first : pattern_[at_++];
        return true;
      default:
        c = first;
        return true;
    }
  }

 private:
  // Behind the '['; ends behind the ']', or at the end of the pattern.
  void SkipClass() {
    if (!done() && pattern_[at_] == '^') ++at_;
    while (!done()) {
      const size_t left = pattern_.size() - at_;
      if (pattern_[at_] == '\\' && left >= 2) {
        at_ += 2;
      } else if (pattern_[at_] == ']') {
        ++at_;
        return;
      } else if (left >= 3 && pattern_[at_ + 1] == '-') {
        at_ += 3;
      } else {
        ++at_;
      }
    }
  }

  std::string_view pattern_;
  size_t at_ = 0;
};

// The literal head of a pattern; true when it is all of it.
bool ReadHead(std::string_view pattern, std::string& head) {
  Reader reader(pattern);
  char c = 0;
  while (!reader.done()) {
    if (!reader.NextLiteral(c)) return false;
    head += c;
  }
  return true;
}

}  // namespace

GlobText::GlobText(std::string_view pattern) : pattern_(pattern) {
  whole_ = ReadHead(pattern, head_);
}

bool GlobText::SplitAt(std::string_view mark, Split& split) const {
  Reader reader(pattern_);
  std::string run;  // literal bytes right before here
  bool run_is_head = true;
  char c = 0;
  while (!reader.done()) {
    if (!reader.NextLiteral(c)) {
      run.clear();
      run_is_head = false;
      continue;
    }
    run += c;
    if (!run.ends_with(mark)) continue;
    split.before_whole = run_is_head;
    split.before = run_is_head ? run.substr(0, run.size() - mark.size()) : head_;
    split.behind.clear();
    split.behind_whole = ReadHead(pattern_.substr(reader.at()), split.behind);
    return true;
  }
  return false;
}

}  // namespace tideway::cdc
