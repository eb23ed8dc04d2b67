#include "tests/harness/resp_value.h"

#include <charconv>
#include <cstdio>

namespace tideway::tests {
namespace {

constexpr std::string_view kLineTypes = "+-:,#(_";
constexpr std::string_view kBulkTypes = "$=!";
constexpr std::string_view kListTypes = "*~>";
constexpr std::string_view kPairTypes = "%|";

bool Contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

std::optional<long long> ParseInteger(std::string_view text) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Reads "<type><line>\r\n" at `*at`; moves `*at` behind it. False if it is not all there.
bool ReadLine(std::string_view bytes, std::size_t* at, std::string_view* line) {
  const std::size_t end = bytes.find("\r\n", *at);
  if (end == std::string_view::npos) return false;
  *line = bytes.substr(*at + 1, end - *at - 1);
  *at = end + 2;
  return true;
}

Value ParseAt(std::string_view bytes, std::size_t* at) {
  Value value;
  value.type = bytes[*at];
  std::string_view line;
  if (!ReadLine(bytes, at, &line)) return value;
  if (Contains(kLineTypes, value.type)) {
    value.null = value.type == '_';
    value.text = line;
    return value;
  }
  const long long count = ParseInteger(line).value_or(-1);
  if (count < 0) {
    value.null = true;
    return value;
  }
  if (Contains(kBulkTypes, value.type)) {
    value.text = bytes.substr(*at, static_cast<std::size_t>(count));
    *at += static_cast<std::size_t>(count) + 2;
    return value;
  }
  const long long items = Contains(kPairTypes, value.type) ? 2 * count : count;
  for (long long i = 0; i < items; ++i) value.items.push_back(ParseAt(bytes, at));
  return value;
}

void Format(const Value& value, std::string* out) {
  out->push_back(value.type);
  if (Contains(kLineTypes, value.type)) {
    *out += value.text;
  } else if (value.null) {
    *out += "-1";
  } else if (Contains(kBulkTypes, value.type)) {
    *out += std::to_string(value.text.size()) + "\r\n" + value.text;
  } else {
    const bool pairs = Contains(kPairTypes, value.type);
    *out += std::to_string(pairs ? value.items.size() / 2 : value.items.size());
    *out += "\r\n";
    for (const Value& item : value.items) Format(item, out);
    return;
  }
  *out += "\r\n";
}

}  // namespace

std::ptrdiff_t FrameLength(std::string_view bytes) {
  std::size_t at = 0;
  std::size_t wanted = 1;  // frames still to be read
  while (wanted > 0) {
    if (at >= bytes.size()) return 0;
    const char type = bytes[at];
    std::string_view line;
    if (!ReadLine(bytes, &at, &line)) return bytes.size() - at > 128 * 1024 ? -1 : 0;
    --wanted;
    if (Contains(kLineTypes, type)) continue;
    const std::optional<long long> count = ParseInteger(line);
    if (!count || *count < -1) return -1;
    if (*count < 0) continue;
    const auto size = static_cast<std::size_t>(*count);
    if (Contains(kBulkTypes, type)) {
      if (bytes.size() - at < size + 2) return 0;
      if (bytes.substr(at + size, 2) != "\r\n") return -1;
      at += size + 2;
    } else if (Contains(kListTypes, type)) {
      wanted += size;
    } else if (Contains(kPairTypes, type)) {
      wanted += 2 * size + (type == '|' ? 1 : 0);
    } else {
      return -1;
    }
  }
  return static_cast<std::ptrdiff_t>(at);
}

std::optional<long long> Value::integer() const {
  return type == ':' ? ParseInteger(text) : std::nullopt;
}

Value ParseFrame(std::string_view frame) {
  std::size_t at = 0;
  if (frame.empty()) return {};
  return ParseAt(frame, &at);
}

std::string FormatFrame(const Value& value) {
  std::string out;
  Format(value, &out);
  return out;
}

void AppendRequest(std::string* out, const std::vector<std::string>& argv) {
  *out += '*';
  *out += std::to_string(argv.size());
  *out += "\r\n";
  for (const std::string& arg : argv) {
    *out += '$';
    *out += std::to_string(arg.size());
    *out += "\r\n";
    *out += arg;
    *out += "\r\n";
  }
}

std::string Printable(std::string_view bytes, std::size_t limit) {
  std::string out;
  for (const char c : bytes.substr(0, limit)) {
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += hex;
    }
  }
  if (bytes.size() > limit) out += "… (" + std::to_string(bytes.size()) + " bytes)";
  return out;
}

}  // namespace tideway::tests
