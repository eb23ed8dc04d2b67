#include "resp/protocol/dump_payload.h"

#include <array>
#include <cstring>
#include <optional>
#include <unordered_set>

namespace tideway::resp {
namespace {

constexpr uint16_t kRdbVersion = 10;  // Redis 7.0
constexpr size_t kFooterBytes = 2 + 8;

// Value kinds of RDB files.
constexpr uint8_t kRdbString = 0;
constexpr uint8_t kRdbSet = 2;
constexpr uint8_t kRdbHash = 4;
constexpr uint8_t kRdbIntset = 11;
constexpr uint8_t kRdbHashListpack = 16;

// String forms behind the length prefix 11xxxxxx.
constexpr uint64_t kInt8 = 0;
constexpr uint64_t kInt16 = 1;
constexpr uint64_t kInt32 = 2;
constexpr uint64_t kLzf = 3;

std::array<uint64_t, 256> MakeCrcTable() {
  constexpr uint64_t kReflectedPolynomial = 0x95ac9329ac4bc9b5;
  std::array<uint64_t, 256> table{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? (crc >> 1) ^ kReflectedPolynomial : crc >> 1;
    }
    table[byte] = crc;
  }
  return table;
}

template <class Number>
Number LittleEndian(const char* at) {
  Number number = 0;
  for (size_t i = sizeof(Number); i-- > 0;) {
    number = static_cast<Number>((number << 8) | static_cast<unsigned char>(at[i]));
  }
  return number;
}

// LZF as liblzf writes it; false when the bytes do not decode to exactly `size`.
bool Decompress(std::string_view in, size_t size, std::string& out) {
  out.reserve(size);
  size_t at = 0;
  while (at < in.size()) {
    const auto control = static_cast<unsigned char>(in[at++]);
    if (control < 32) {
      const size_t literals = control + size_t{1};
      if (in.size() - at < literals || size - out.size() < literals) return false;
      out.append(in.substr(at, literals));
      at += literals;
      continue;
    }
    size_t length = control >> 5;
    if (length == 7) {
      if (at == in.size()) return false;
      length += static_cast<unsigned char>(in[at++]);
    }
    if (at == in.size()) return false;
    const size_t back =
        (static_cast<size_t>(control & 31) << 8) + static_cast<unsigned char>(in[at++]) + 1;
    length += 2;
    if (back > out.size() || size - out.size() < length) return false;
    for (size_t i = 0; i < length; ++i) out.push_back(out[out.size() - back]);
  }
  return out.size() == size;
}

class Reader {
 public:
  Reader(std::string_view bytes, size_t bytes_max) : bytes_(bytes), left_(bytes_max) {}

  bool done() const { return at_ == bytes_.size(); }

  std::optional<uint8_t> Byte() {
    if (done()) return std::nullopt;
    return static_cast<uint8_t>(bytes_[at_++]);
  }

  // A length, or with *special set the number of a special string form.
  std::optional<uint64_t> Length(bool* special) {
    *special = false;
    const auto first = Byte();
    if (!first) return std::nullopt;
    const uint8_t low = *first & 0x3f;
    switch (*first >> 6) {
      case 0:
        return low;
      case 1: {
        const auto second = Byte();
        if (!second) return std::nullopt;
        return (uint64_t{low} << 8) | *second;
      }
      case 2:
        return BigEndian(*first == 0x81 ? 8 : 4);
      default:
        *special = true;
        return low;
    }
  }

  std::optional<uint64_t> Count() {
    bool special = false;
    const auto count = Length(&special);
    // Each member takes a byte at least: a larger number is a lie.
    if (!count || special || *count == 0 || *count > bytes_.size() - at_) return std::nullopt;
    return count;
  }

  std::optional<std::string> String() {
    bool special = false;
    const auto length = Length(&special);
    if (!length) return std::nullopt;
    if (!special) return Bytes(*length);
    switch (*length) {
      case kInt8:
        return Integer<int8_t>();
      case kInt16:
        return Integer<int16_t>();
      case kInt32:
        return Integer<int32_t>();
      case kLzf:
        return Compressed();
      default:
        return std::nullopt;
    }
  }

 private:
  std::optional<uint64_t> BigEndian(size_t size) {
    if (bytes_.size() - at_ < size) return std::nullopt;
    uint64_t number = 0;
    for (size_t i = 0; i < size; ++i) {
      number = (number << 8) | static_cast<unsigned char>(bytes_[at_++]);
    }
    return number;
  }

  std::optional<std::string> Bytes(uint64_t size) {
    if (size > bytes_.size() - at_ || size > left_) return std::nullopt;
    std::string text(bytes_.substr(at_, size));
    at_ += size;
    left_ -= size;
    return text;
  }

  template <class Number>
  std::optional<std::string> Integer() {
    using Unsigned = std::make_unsigned_t<Number>;
    if (bytes_.size() - at_ < sizeof(Number)) return std::nullopt;
    const auto number = static_cast<Number>(LittleEndian<Unsigned>(bytes_.data() + at_));
    at_ += sizeof(Number);
    return std::to_string(number);
  }

  std::optional<std::string> Compressed() {
    bool special = false;
    const auto packed = Length(&special);
    if (!packed || special) return std::nullopt;
    const auto size = Length(&special);
    if (!size || special || *size > left_ || *packed > bytes_.size() - at_) return std::nullopt;
    std::string text;
    if (!Decompress(bytes_.substr(at_, *packed), *size, text)) return std::nullopt;
    at_ += *packed;
    left_ -= *size;
    return text;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  size_t left_;
};

// Members of an intset: 4 bytes width, 4 bytes count, then the numbers.
bool ReadIntset(std::string_view blob, std::vector<std::string>& members) {
  if (blob.size() < 8) return false;
  const auto width = LittleEndian<uint32_t>(blob.data());
  const auto count = LittleEndian<uint32_t>(blob.data() + 4);
  if ((width != 2 && width != 4 && width != 8) || count == 0) return false;
  if (blob.size() - 8 != uint64_t{width} * count) return false;
  int64_t last = INT64_MIN;
  for (uint32_t i = 0; i < count; ++i) {
    const char* at = blob.data() + 8 + uint64_t{i} * width;
    const int64_t number = width == 2   ? static_cast<int16_t>(LittleEndian<uint16_t>(at))
                           : width == 4 ? static_cast<int32_t>(LittleEndian<uint32_t>(at))
                                        : static_cast<int64_t>(LittleEndian<uint64_t>(at));
    if (i > 0 && number <= last) return false;
    last = number;
    members.push_back(std::to_string(number));
  }
  return true;
}

// One element of a listpack; false when it is malformed. `size` gets its bytes without the backlen.
bool ReadListpackElement(std::string_view at, std::string& element, size_t& size) {
  if (at.empty()) return false;
  const auto byte = [&](size_t i) {
    return static_cast<uint64_t>(static_cast<unsigned char>(at[i]));
  };
  const uint64_t first = byte(0);
  const auto text = [&](size_t header, uint64_t length) {
    if (at.size() < header || at.size() - header < length) return false;
    element.assign(at.substr(header, length));
    size = header + length;
    return true;
  };
  const auto integer = [&](size_t bytes, uint64_t raw, int bits) {
    const auto number = static_cast<int64_t>(raw << (64 - bits)) >> (64 - bits);
    element = std::to_string(number);
    size = bytes;
    return true;
  };
  if (first < 0x80) return integer(1, first, 8);
  if (first < 0xc0) return text(1, first & 0x3f);
  if (first < 0xe0) return at.size() >= 2 && integer(2, ((first & 0x1f) << 8) | byte(1), 13);
  if (first < 0xf0) return at.size() >= 2 && text(2, ((first & 0x0f) << 8) | byte(1));
  if (first == 0xf0) return at.size() >= 5 && text(5, LittleEndian<uint32_t>(at.data() + 1));
  const size_t width = first == 0xf1   ? 2
                       : first == 0xf2 ? 3
                       : first == 0xf3 ? 4
                       : first == 0xf4 ? 8
                                       : 0;
  if (width == 0 || at.size() < 1 + width) return false;
  uint64_t raw = 0;
  for (size_t i = width; i-- > 0;) raw = (raw << 8) | byte(1 + i);
  return integer(1 + width, raw, static_cast<int>(8 * width));
}

size_t BacklenBytes(size_t size) {
  return size <= 127 ? 1 : size < 16384 ? 2 : size < 2097152 ? 3 : size < 268435456 ? 4 : 5;
}

bool ReadListpack(std::string_view blob, std::vector<std::string>& elements) {
  constexpr size_t kHeaderBytes = 6;
  if (blob.size() < kHeaderBytes + 1 || LittleEndian<uint32_t>(blob.data()) != blob.size()) {
    return false;
  }
  std::string_view rest = blob.substr(kHeaderBytes);
  while (!rest.empty() && static_cast<unsigned char>(rest.front()) != 0xff) {
    std::string element;
    size_t size = 0;
    if (!ReadListpackElement(rest, element, size)) return false;
    const size_t whole = size + BacklenBytes(size);
    if (whole > rest.size()) return false;
    rest.remove_prefix(whole);
    elements.push_back(std::move(element));
  }
  return rest.size() == 1;
}

bool AllDifferent(const std::vector<std::string>& names) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) return false;
  }
  return true;
}

bool ReadSet(Reader& reader, DumpedValue& value) {
  const auto count = reader.Count();
  if (!count) return false;
  for (uint64_t i = 0; i < *count; ++i) {
    auto member = reader.String();
    if (!member) return false;
    value.members.push_back(std::move(*member));
  }
  return AllDifferent(value.members);
}

bool FieldsFrom(std::vector<std::string> flat, DumpedValue& value) {
  if (flat.empty() || flat.size() % 2 != 0) return false;
  std::unordered_set<std::string> seen;
  for (size_t i = 0; i < flat.size(); i += 2) {
    if (!seen.insert(flat[i]).second) return false;
    value.fields.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
  }
  return true;
}

bool ReadHash(Reader& reader, DumpedValue& value) {
  const auto count = reader.Count();
  if (!count) return false;
  std::vector<std::string> flat;
  for (uint64_t i = 0; i < 2 * *count; ++i) {
    auto text = reader.String();
    if (!text) return false;
    flat.push_back(std::move(*text));
  }
  return FieldsFrom(std::move(flat), value);
}

bool ReadValue(Reader& reader, DumpedValue& value) {
  const auto kind = reader.Byte();
  if (!kind) return false;
  switch (*kind) {
    case kRdbString: {
      auto text = reader.String();
      if (text) value.string = std::move(*text);
      return text.has_value();
    }
    case kRdbSet:
      value.kind = DumpedValue::Kind::kSet;
      return ReadSet(reader, value);
    case kRdbHash:
      value.kind = DumpedValue::Kind::kHash;
      return ReadHash(reader, value);
    case kRdbIntset: {
      value.kind = DumpedValue::Kind::kSet;
      const auto blob = reader.String();
      return blob && ReadIntset(*blob, value.members);
    }
    case kRdbHashListpack: {
      value.kind = DumpedValue::Kind::kHash;
      const auto blob = reader.String();
      std::vector<std::string> flat;
      return blob && ReadListpack(*blob, flat) && FieldsFrom(std::move(flat), value);
    }
    default:
      return false;
  }
}

}  // namespace

uint64_t Crc64(std::string_view bytes) {
  static const std::array<uint64_t, 256> table = MakeCrcTable();
  uint64_t crc = 0;
  for (const char byte : bytes) {
    crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xff] ^ (crc >> 8);
  }
  return crc;
}

DumpWriter::DumpWriter(DumpedValue::Kind kind) {
  switch (kind) {
    case DumpedValue::Kind::kString:
      bytes_.push_back(static_cast<char>(kRdbString));
      break;
    case DumpedValue::Kind::kSet:
      bytes_.push_back(static_cast<char>(kRdbSet));
      break;
    case DumpedValue::Kind::kHash:
      bytes_.push_back(static_cast<char>(kRdbHash));
      break;
  }
}

void DumpWriter::Length(uint64_t length) {
  const auto put = [this](uint64_t number, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) bytes_.push_back(static_cast<char>(number >> (8 * i)));
  };
  if (length < 64) return put(length, 1);
  if (length < 16384) return put(0x4000 | length, 2);
  if (length <= UINT32_MAX) {
    put(0x80, 1);
    return put(length, 4);
  }
  put(0x81, 1);
  put(length, 8);
}

void DumpWriter::String(std::string_view bytes) {
  Length(bytes.size());
  bytes_.append(bytes);
}

std::string DumpWriter::Take() {
  bytes_.push_back(static_cast<char>(kRdbVersion & 0xff));
  bytes_.push_back(static_cast<char>(kRdbVersion >> 8));
  const uint64_t crc = Crc64(bytes_);
  for (int i = 0; i < 8; ++i) bytes_.push_back(static_cast<char>(crc >> (8 * i)));
  return std::move(bytes_);
}

Result<DumpedValue> ReadDump(std::string_view payload, size_t bytes_max) {
  if (payload.size() < kFooterBytes) return {Errc::kCorrupt, "shorter than its footer"};
  const size_t body = payload.size() - kFooterBytes;
  if (LittleEndian<uint16_t>(payload.data() + body) > kRdbVersion) {
    return {Errc::kCorrupt, "written by a newer version"};
  }
  if (LittleEndian<uint64_t>(payload.data() + body + 2) != Crc64(payload.substr(0, body + 2))) {
    return {Errc::kCorrupt, "the checksum is wrong"};
  }
  Reader reader(payload.substr(0, body), bytes_max);
  DumpedValue value;
  if (!ReadValue(reader, value) || !reader.done()) {
    return {Errc::kInvalidArgument, "malformed, or of a kind that is not supported"};
  }
  return value;
}

}  // namespace tideway::resp
