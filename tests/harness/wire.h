// One raw client connection: bytes out, whole RESP frames in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tideway::tests {

// Confined to one thread. Not copyable; closing is the destructor's work.
class Wire {
 public:
  Wire() = default;
  ~Wire() { Close(); }
  Wire(Wire&& other) noexcept { *this = std::move(other); }
  Wire& operator=(Wire&& other) noexcept;

  // Both return a connected wire, or one that is not open().
  static Wire ConnectTcp(std::uint16_t port);
  static Wire ConnectUnix(const std::string& path);

  bool open() const { return fd_ >= 0; }
  // The peer closed, or what it sent is no RESP.
  bool broken() const { return broken_; }

  // Writes everything, and reads meanwhile, so that a peer which stops reading while its replies
  // are not taken cannot block both. False when the peer closed.
  bool Send(std::string_view bytes);

  // The next whole frame; nothing on time-out, or when the peer closed.
  std::optional<std::string> Next(std::chrono::milliseconds timeout);

  // Everything that comes until the bytes end with `mark`, the peer closes or `timeout` passes.
  std::string Drain(std::string_view mark, std::chrono::milliseconds timeout);

  void Close();

 private:
  bool Fill();  // takes what is there; false when the peer closed
  void Compact();

  int fd_ = -1;
  bool broken_ = false;
  std::string buffer_;
  std::size_t start_ = 0;  // the first byte of buffer_ not handed out
};

}  // namespace tideway::tests
