#include "backend/event.h"

#include <array>

namespace tideway::backend {
namespace {

struct Row {
  std::string_view name;
  EventClass event_class;
};

constexpr std::array<Row, static_cast<size_t>(Event::kEventCount)> kRows = {{
    {"", kNotifyGeneric},          {"set", kNotifyString},
    {"setrange", kNotifyString},   {"append", kNotifyString},
    {"incrby", kNotifyString},     {"incrbyfloat", kNotifyString},
    {"hset", kNotifyHash},         {"hincrby", kNotifyHash},
    {"hincrbyfloat", kNotifyHash}, {"hdel", kNotifyHash},
    {"sadd", kNotifySet},          {"srem", kNotifySet},
    {"spop", kNotifySet},          {"sinterstore", kNotifySet},
    {"sunionstore", kNotifySet},   {"sdiffstore", kNotifySet},
    {"del", kNotifyGeneric},       {"expire", kNotifyGeneric},
    {"persist", kNotifyGeneric},   {"rename_from", kNotifyGeneric},
    {"rename_to", kNotifyGeneric}, {"copy_to", kNotifyGeneric},
    {"move_from", kNotifyGeneric}, {"move_to", kNotifyGeneric},
    {"restore", kNotifyGeneric},   {"expired", kNotifyExpired},
    {"evicted", kNotifyEvicted},   {"new", kNotifyNew},
    {"keymiss", kNotifyKeyMiss},
}};

}  // namespace

std::string_view EventName(Event event) { return kRows[static_cast<size_t>(event)].name; }
EventClass ClassOf(Event event) { return kRows[static_cast<size_t>(event)].event_class; }

}  // namespace tideway::backend
