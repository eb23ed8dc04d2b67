#include "tests/differential/corrupt.h"

#include <functional>
#include <utility>

#include "tests/harness/resp_value.h"

namespace tideway::tests {
namespace {

bool ChangeNumber(Value* value) {
  const auto number = value->integer();
  if (!number || *number == 0x7fffffffffffffff) return false;
  value->text = std::to_string(*number + 1);
  return true;
}

bool ChangeText(Value* value) {
  if (value->null || value->text.empty() || value->type != '$') return false;
  value->text.back() = static_cast<char>(value->text.back() ^ 1);
  return true;
}

bool ChangeType(Value* value) {
  if (value->null) {
    value->null = false;
    value->type = '$';
    return true;
  }
  if (value->type == '%' || value->type == '~') {
    value->type = '*';
    return true;
  }
  if (value->type != '+') return false;
  value->type = '$';
  return true;
}

bool ChangeOrder(Value* value) {
  const std::size_t last = value->items.size();
  if (last < 2 || value->items[0] == value->items[last - 1]) return false;
  std::swap(value->items[0], value->items[last - 1]);
  return true;
}

}  // namespace

const std::vector<std::pair<Corrupter::Fault, std::string_view>>& Corrupter::Faults() {
  static const std::vector<std::pair<Fault, std::string_view>> faults = {
      {Fault::kNumber, "number"},
      {Fault::kText, "text"},
      {Fault::kErrorText, "error-text"},
      {Fault::kType, "type"},
      {Fault::kOrder, "order"},
      {Fault::kLostEvent, "lost-event"},
      {Fault::kDoubleEvent, "double-event"},
      {Fault::kSwappedEvents, "swapped-events"},
      {Fault::kLostPush, "lost-push"},
      {Fault::kWrongWrite, "wrong-write"}};
  return faults;
}

bool Corrupter::Chosen(std::string_view bytes) {
  std::size_t hash = std::hash<std::string_view>{}(bytes) ^ salt_;
  hash *= 0x9e3779b97f4a7c15u;
  return (hash >> 33) % 1000 == 0;
}

std::string Corrupter::Reply(const Args& argv, std::string frame) {
  std::string request;
  AppendRequest(&request, argv);
  if (frame.empty() || !Chosen(request)) return frame;
  Value value = ParseFrame(frame);
  bool changed = false;
  switch (fault_) {
    case Fault::kNumber:
      changed = ChangeNumber(&value);
      break;
    case Fault::kText:
      changed = ChangeText(&value);
      break;
    case Fault::kErrorText:
      changed = value.is_error() && !value.text.empty();
      if (changed) value.text += '.';
      break;
    case Fault::kType:
      changed = ChangeType(&value);
      break;
    case Fault::kOrder:
      changed = ChangeOrder(&value);
      break;
    default:
      break;
  }
  if (!changed) return frame;
  ++spoilt_;
  return FormatFrame(value);
}

void Corrupter::Events(std::vector<std::string>* events) {
  for (std::size_t i = 0; i < events->size(); ++i) {
    if (!Chosen(events->at(i))) continue;
    const auto at = events->begin() + static_cast<std::ptrdiff_t>(i);
    if (fault_ == Fault::kLostEvent) {
      events->erase(at);
    } else if (fault_ == Fault::kDoubleEvent) {
      events->insert(at, std::string(*at));
    } else if (fault_ == Fault::kSwappedEvents && i + 1 < events->size() && *at != *(at + 1)) {
      std::swap(*at, *(at + 1));
    } else {
      continue;
    }
    ++spoilt_;
    return;
  }
}

void Corrupter::Pushes(std::vector<std::string>* pushes) {
  if (fault_ != Fault::kLostPush) return;
  for (std::size_t i = 0; i < pushes->size(); ++i) {
    // Few messages come this way: one in a thousand of them would need a long run.
    if (!Chosen(pushes->at(i)) && pushes->at(i).size() % 16 != 0) continue;
    pushes->erase(pushes->begin() + static_cast<std::ptrdiff_t>(i));
    ++spoilt_;
    return;
  }
}

Args Corrupter::Request(const Args& argv) {
  if (fault_ != Fault::kWrongWrite || argv.size() < 3) return argv;
  std::string request;
  AppendRequest(&request, argv);
  const std::string name = Upper(argv[0]);
  const std::size_t at = name == "SET" || name == "APPEND" ? 2 : name == "HSET" ? 3 : 0;
  if (at == 0 || at >= argv.size() || argv[at].empty() || !Chosen(request)) return argv;
  Args wrong = argv;
  wrong[at].back() = static_cast<char>(wrong[at].back() ^ 1);
  ++spoilt_;
  return wrong;
}

}  // namespace tideway::tests
