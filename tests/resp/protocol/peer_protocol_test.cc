#include "resp/protocol/peer_protocol.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tideway::resp {
namespace {

using namespace std::string_literals;

TEST(PeerProtocol, RedisRequestsAreRedis) {
  for (const std::string& bytes :
       {"*1\r\n$4\r\nPING\r\n"s, "PING\r\n"s, "GET key\r\n"s, "GET http\r\n"s, "GET\r\n"s, "GET"s,
        "get / HTTP/1.1\r\n"s, "SET k HTTP/1.1\r\n"s, "GET k HTTP/1.1 x\r\n"s, "\r\n"s, "\n"s, ""s,
        " "s, "\x16"s, "\x15\x03"s, "\0\0"s}) {
    EXPECT_EQ(GuessPeerProtocol(bytes), PeerProtocol::kRedis) << bytes;
    EXPECT_FALSE(LooksLikeHttpOrTls(bytes)) << bytes;
  }
}

TEST(PeerProtocol, HttpRequestLines) {
  for (const char* bytes :
       {"GET / HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.0\n", "POST /x HTTP/1.1\r\n",
        "HEAD / HTTP/1.1\r\n", "PUT /k HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n",
        "DELETE / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1",
        "CONNECT host:443 HTTP/1.1\r\n"}) {
    EXPECT_EQ(GuessPeerProtocol(bytes), PeerProtocol::kHttp) << bytes;
    EXPECT_TRUE(LooksLikeHttpOrTls(bytes)) << bytes;
  }
}

TEST(PeerProtocol, TlsClientHello) {
  EXPECT_EQ(GuessPeerProtocol("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s), PeerProtocol::kTls);
  EXPECT_EQ(GuessPeerProtocol("\x16\x03"), PeerProtocol::kTls);
}

}  // namespace
}  // namespace tideway::resp
