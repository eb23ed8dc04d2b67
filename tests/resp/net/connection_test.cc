// A real socket on a real I/O thread, over a journal that says when a write is durable.

#include "resp/net/connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "backend/memory/embedded_store.h"
#include "cdc/bus.h"
#include "resp/net/io_thread.h"
#include "resp/server_context.h"
#include "resp/store_settings.h"
#include "tests/resp/support/test_server.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/seed.h"

namespace tideway::resp {
namespace {

using namespace std::chrono_literals;

/// One I/O thread under `appendfsync always`, and a client's end of a socket.
class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest()
      : settings_(test::Always(), ""),
        bus_(cdc::MakeInProcessBus()),
        store_(OpenStore()),
        context_{.settings = settings_,
                 .store = *store_,
                 .clock = clock_,
                 .bus = *bus_,
                 .identity = {},
                 .registry = {1, *bus_},
                 .workers = {},
                 .pause = {},
                 .slow_log = {},
                 .latency = {},
                 .monitors = {},
                 .memory = {},
                 .counters = {},
                 .rates = {},
                 .request_shutdown = {},
                 .inspection = {}},
        thread_(std::make_unique<IoThread>(context_, 0)) {
    context_.workers.push_back(&thread_->worker());
    store_->AttachThreads({thread_.get()});
    thread_->Start();
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client_ = ends[0];
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(client_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    context_.counters.clients.fetch_add(1);
    thread_->Adopt(ends[1], "peer:1", "own:1", true);
  }
  ~ConnectionTest() override {
    journal_->Release();
    thread_->Stop();
    close(client_);
  }

  void Send(std::string_view bytes) {
    ASSERT_EQ(send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// Reads exactly so many bytes; fewer when the server closes or takes too long.
  std::string Receive(size_t bytes) {
    std::string got(bytes, '\0');
    size_t size = 0;
    while (size < bytes) {
      const ssize_t more = recv(client_, got.data() + size, bytes - size, 0);
      if (more <= 0) break;
      size += static_cast<size_t>(more);
    }
    got.resize(size);
    return got;
  }
  /// Waits until the server has appended so many writes.
  bool Appended(size_t batches) {
    for (int i = 0; i < 20'000; ++i) {
      if (journal_->Appended().size() >= batches) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

  /// Nothing is left and the server has closed.
  bool Ended() {
    char byte = 0;
    return recv(client_, &byte, 1, 0) == 0;
  }
  uint64_t Executed() {
    Turn turn(thread_->worker());
    return thread_->worker().stats().commands_processed;
  }

  test::FaultyJournal* journal_ = nullptr;
  int client_ = -1;

 private:
  std::unique_ptr<backend::Store> OpenStore() {
    auto journal = std::make_unique<test::FaultyJournal>(backend::MakeNullJournal());
    journal_ = journal.get();
    auto store = backend::OpenEmbeddedStore(
        {.databases = 16, .journalled = true, .settings = StoreSettingsOf(test::Always())}, clock_,
        std::move(journal));
    EXPECT_TRUE(store.ok());
    return std::move(store).value();
  }

  backend::SystemClock clock_;
  LiveSettings settings_;
  std::unique_ptr<cdc::Bus> bus_;
  std::unique_ptr<backend::Store> store_;
  ServerContext context_;
  std::unique_ptr<IoThread> thread_;
};

TEST_F(ConnectionTest, WhatComesWhileAWriteWaitsIsRunOnceInOrder) {
  // The requests are cut anywhere, while the client's session is stopped and let go all the time.
  std::mt19937_64 random(test::Seed());
  std::string input;
  std::string expected;
  for (int i = 1; i <= 3'000; ++i) {
    const std::string filler(random() % 700, 'x');
    input += "*3\r\n$3\r\nSET\r\n$1\r\nf\r\n$" + std::to_string(filler.size()) + "\r\n" + filler +
             "\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";
    expected += "+OK\r\n:" + std::to_string(i) + "\r\n";
  }
  std::atomic<bool> done{false};
  std::thread disk([&] {
    while (!done) {
      journal_->Hold();
      std::this_thread::sleep_for(50us);
      journal_->Release();
    }
  });
  std::thread writer([&] {
    std::string_view rest = input;
    while (!rest.empty()) {
      const size_t size = std::min<size_t>(rest.size(), 1 + random() % 3'000);
      Send(rest.substr(0, size));
      rest.remove_prefix(size);
      if (random() % 4 == 0) std::this_thread::sleep_for(20us);
    }
  });
  EXPECT_EQ(Receive(expected.size()), expected);
  writer.join();
  done = true;
  disk.join();
}

TEST_F(ConnectionTest, AClientThatSendsItsLastAndClosesItsSideGetsTheReply) {
  journal_->Hold();
  Send("SET k v\r\nGET k\r\n");
  ASSERT_TRUE(Appended(1));
  shutdown(client_, SHUT_WR);
  std::this_thread::sleep_for(20ms);  // the server sees the end while the write waits
  journal_->Release();
  EXPECT_EQ(Receive(12), "+OK\r\n$1\r\nv\r\n");
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, TheLastReplyComesBeforeTheEnd) {
  Send("PING\r\nQUIT\r\nPING\r\n");
  EXPECT_EQ(Receive(12), "+PONG\r\n+OK\r\n");
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, ASlowReaderGetsEveryByte) {
  const std::string value(100'000, 'v');
  Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + value + "\r\n");
  ASSERT_EQ(Receive(5), "+OK\r\n");
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    Send("GET k\r\n");
    expected += "$100000\r\n" + value + "\r\n";
  }
  std::this_thread::sleep_for(20ms);  // until the socket is full
  EXPECT_EQ(Receive(expected.size()), expected);
}

TEST_F(ConnectionTest, WhoDoesNotReadMakesNoHeapOfReplies) {
  const std::string value(100'000, 'v');
  Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + value + "\r\n");
  ASSERT_EQ(Receive(5), "+OK\r\n");
  // 300 MB of replies, asked for by a client that sends everything, ends, and then reads.
  constexpr size_t kRequests = 3'000;
  std::string requests;
  for (size_t i = 0; i < kRequests; ++i) requests += "GET k\r\n";
  Send(requests);
  shutdown(client_, SHUT_WR);
  std::this_thread::sleep_for(100ms);
  EXPECT_LT(Executed(), 500u) << "commands run for a client that reads nothing";
  const std::string reply = "$100000\r\n" + value + "\r\n";
  for (size_t i = 0; i < kRequests; ++i) ASSERT_EQ(Receive(reply.size()), reply) << i;
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, AStoppedClientCannotFillTheServer) {
  journal_->Hold();
  Send("SET k v\r\n");
  ASSERT_TRUE(Appended(1));
  const std::string flood(64 * 1024, 'x');
  size_t taken = 0;
  for (int i = 0; i < 200; ++i) {
    const ssize_t sent = send(client_, flood.data(), flood.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) taken += static_cast<size_t>(sent);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_LT(taken, 2u << 20) << "the server goes on reading";
}

TEST_F(ConnectionTest, WhoSpeaksTlsIsNotKeptWaiting) {
  Send(std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  EXPECT_TRUE(Ended());
}

TEST_F(ConnectionTest, GarbageIsAnsweredBehindWhatCameBefore) {
  journal_->Hold();
  Send("SET k v\r\n*1\r\n!garbage\r\n");
  ASSERT_TRUE(Appended(1));
  journal_->Release();
  const std::string expected = "+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n";
  EXPECT_EQ(Receive(expected.size()), expected);
  EXPECT_TRUE(Ended());
}

}  // namespace
}  // namespace tideway::resp
