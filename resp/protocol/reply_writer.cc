#include "resp/protocol/reply_writer.h"

#include <algorithm>

#include "resp/protocol/numbers.h"

namespace tideway::resp {

char* ReplyWriter::Overflow() {
  // The bytes stay, because marks and deferred headers may still point among them.
  limit_end_ = kOverflowed;
  return nullptr;
}

void ReplyWriter::Line(char kind, std::string_view text) {
  const size_t bytes = text.size() + 3;
  char* p = Room(bytes, bytes);
  if (p == nullptr) return;
  *p++ = kind;
  std::replace_copy_if(
      text.begin(), text.end(), p, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  out_->CommitTo(PutCrLf(p + text.size()));
}

void ReplyWriter::Simple(std::string_view text) { Line('+', text); }

void ReplyWriter::Error(std::string_view text) {
  if (errors_++ == 0) {
    const size_t space = text.substr(0, kErrorCodeMax + 1).find(' ');
    const std::string_view code = space == std::string_view::npos ? "ERR" : text.substr(0, space);
    std::copy(code.begin(), code.end(), error_code_);
    error_code_size_ = static_cast<uint8_t>(code.size());
  }
  Line('-', text);
}

void ReplyWriter::Double(double value) {
  char text[kDoubleTextMax];
  const std::string_view digits(text, static_cast<size_t>(FormatDouble(value, text) - text));
  resp3() ? Line(',', digits) : Bulk(digits);
}

void ReplyWriter::BigNumber(std::string_view digits) { resp3() ? Line('(', digits) : Bulk(digits); }

void ReplyWriter::Verbatim(std::string_view format, std::string_view text) {
  if (!resp3()) return Bulk(text);
  const size_t bytes = text.size() + 4;
  char* p = Room(bytes + 6, bytes + 5 + kIntegerMax);
  if (p == nullptr) return;
  p = PutHeader(p, '=', bytes);
  for (size_t i = 0; i < 3; ++i) *p++ = i < format.size() ? format[i] : ' ';
  *p++ = ':';
  if (!text.empty()) std::memcpy(p, text.data(), text.size());
  out_->CommitTo(PutCrLf(p + text.size()));
}

ReplyWriter::Deferred ReplyWriter::Defer(char kind, bool doubled, size_t expected) {
  const size_t position = out_->size();
  Header(kind, doubled ? expected * 2 : expected);
  return {position, static_cast<uint8_t>(out_->size() - position), kind, doubled};
}

void ReplyWriter::Finish(const Deferred& header, size_t elements) {
  if (overflowed()) return;
  char text[3 + kIntegerMax];
  const char* end = PutHeader(text, header.kind, header.doubled ? elements * 2 : elements);
  const auto bytes = static_cast<size_t>(end - text);
  if (bytes > header.header_bytes) {
    const size_t more = bytes - header.header_bytes;
    out_->Insert(header.position, {text, more});
  } else if (bytes < header.header_bytes) {
    const size_t less = header.header_bytes - bytes;
    out_->Remove(header.position, less);
  }
  std::memcpy(out_->data() + header.position, text, bytes);
}

}  // namespace tideway::resp
