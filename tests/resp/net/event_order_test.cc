// Events of one key on real I/O threads: a listener hears them in the order of the key's changes,
// whatever threads made them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "backend/memory/embedded_store.h"
#include "cdc/bus.h"
#include "resp/net/io_thread.h"
#include "resp/server_context.h"
#include "resp/store_settings.h"
#include "tests/resp/support/test_server.h"
#include "tests/support/faulty_journal.h"

namespace tideway::resp {
namespace {

using namespace std::chrono_literals;

constexpr size_t kThreads = 4;
constexpr int kWriters = 8;
constexpr int kRounds = 1500;  // of each writer

class EventOrder : public ::testing::TestWithParam<AppendFsync> {
 protected:
  EventOrder()
      : settings_(Given(), ""),
        bus_(cdc::MakeInProcessBus()),
        store_(OpenStore()),
        context_{.settings = settings_,
                 .store = *store_,
                 .clock = clock_,
                 .bus = *bus_,
                 .identity = {},
                 .registry = {kThreads, *bus_},
                 .workers = {},
                 .pause = {},
                 .slow_log = {},
                 .latency = {},
                 .monitors = {},
                 .memory = {},
                 .counters = {},
                 .rates = {},
                 .request_shutdown = {},
                 .inspection = {}} {
    std::vector<backend::ThreadPort*> ports;
    for (size_t i = 0; i < kThreads; ++i) {
      threads_.push_back(std::make_unique<IoThread>(context_, i));
      context_.workers.push_back(&threads_.back()->worker());
      ports.push_back(threads_.back().get());
    }
    store_->AttachThreads(ports);
    for (const auto& thread : threads_) thread->Start();
  }
  ~EventOrder() override {
    for (const auto& thread : threads_) thread->Stop();
    for (const int socket : sockets_) close(socket);
    store_->Stop();
  }

  static Settings Given() {
    Settings settings = test::TestSettings();
    settings.appendfsync = GetParam();
    settings.io_threads = kThreads;
    settings.notify_keyspace_events = ~0u & ~(backend::kNotifyKeyMiss | backend::kNotifyNew);
    return settings;
  }
  int Connect(size_t thread) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    context_.counters.clients.fetch_add(1);
    threads_[thread]->Adopt(ends[1], "peer:1", "own:1", true);
    sockets_.push_back(ends[0]);
    return ends[0];
  }
  static void Send(int socket, std::string_view bytes) {
    ASSERT_EQ(send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Reads until `bytes` ends with `end`.
  static std::string ReceiveTo(int socket, std::string_view end) {
    std::string bytes;
    char buffer[65536];
    while (!bytes.ends_with(end)) {
      const ssize_t more = recv(socket, buffer, sizeof buffer, 0);
      if (more <= 0) break;
      bytes.append(buffer, static_cast<size_t>(more));
    }
    return bytes;
  }

  test::FaultyJournal* journal_ = nullptr;

 private:
  std::unique_ptr<backend::Store> OpenStore() {
    auto journal = std::make_unique<test::FaultyJournal>(backend::MakeNullJournal());
    journal_ = journal.get();
    return std::move(
               backend::OpenEmbeddedStore(
                   {.databases = 16, .journalled = true, .settings = StoreSettingsOf(Given())},
                   clock_, std::move(journal)))
        .value();
  }

  backend::SystemClock clock_;
  LiveSettings settings_;
  std::unique_ptr<cdc::Bus> bus_;
  std::unique_ptr<backend::Store> store_;
  ServerContext context_;
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::vector<int> sockets_;
};

TEST_P(EventOrder, SetAndDelOfOneKeyAlternate) {
  const int listener = Connect(0);
  constexpr std::string_view kSubscribed =
      "*3\r\n$9\r\nsubscribe\r\n$16\r\n__keyspace@0__:k\r\n:1\r\n";
  Send(listener, "SUBSCRIBE __keyspace@0__:k\r\n");
  ASSERT_EQ(ReceiveTo(listener, kSubscribed), kSubscribed);

  std::atomic<bool> writing{true};
  if (GetParam() == AppendFsync::kAlways) journal_->Hold();
  std::thread disk([&] {
    while (writing) {
      if (GetParam() == AppendFsync::kAlways) journal_->ReleaseUpTo(journal_->last());
      std::this_thread::sleep_for(100us);
    }
    journal_->Release();
  });
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    const int socket = Connect(static_cast<size_t>(i) % kThreads);
    const std::string_view command = i % 2 == 0 ? "SET k v NX\r\n" : "DEL k\r\n";
    writers.emplace_back([=] {
      char reply[64];
      for (int round = 0; round < kRounds; ++round) {
        Send(socket, command);
        ASSERT_GT(recv(socket, reply, sizeof reply, 0), 0);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const int last = Connect(1);
  Send(last, "SET k v\r\nAPPEND k x\r\n");
  ReceiveTo(last, ":2\r\n");
  writing = false;
  disk.join();

  const std::string heard = ReceiveTo(listener, "append\r\n");
  std::string_view before = "del";
  int events = 0;
  int repeated = 0;
  for (size_t at = heard.find("__:k\r\n$3\r\n"); at != std::string::npos;
       at = heard.find("__:k\r\n$3\r\n", at + 1)) {
    const std::string_view event = std::string_view(heard).substr(at + 10, 3);
    repeated += event == before ? 1 : 0;
    before = event;
    ++events;
  }
  EXPECT_GT(events, kRounds / 10);
  // The last SET may follow another.
  EXPECT_LE(repeated, 1) << "of " << events;
}

INSTANTIATE_TEST_SUITE_P(Net, EventOrder,
                         testing::Values(AppendFsync::kEverySec, AppendFsync::kAlways));

}  // namespace
}  // namespace tideway::resp
