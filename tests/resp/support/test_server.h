// A whole server in the test's own thread: settings, the embedded store, workers, sessions; but no
// socket, no disk and no clock of its own.
//
//   TestServer server;
//   TestClient& client = server.Connect();
//   EXPECT_EQ(client.Run({"HSET", "k", "f", "v"}), ":1\r\n");
//
//   TestServer server({.settings = Always()});         // `appendfsync always`
//   server.journal().Hold();                            // nothing becomes durable
//   EXPECT_EQ(client.Run({"SET", "k", "v"}), "");       // no reply yet
//   server.journal().Release();
//   EXPECT_EQ(client.TakeAll(), "+OK\r\n");
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/clock.h"
#include "backend/store.h"
#include "resp/bus_receiver.h"
#include "resp/config/live_settings.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"
#include "tests/resp/support/fake_transport.h"
#include "tests/support/faulty_journal.h"
#include "tests/support/manual_port.h"
#include "tests/support/recording_bus.h"

namespace tideway::test {

/// Settings for tests: in memory, DEBUG allowed, everything else as shipped.
resp::Settings TestSettings();
/// The same with `appendfsync always`.
resp::Settings Always();

/// Time that stands still unless the test moves it, or lets each look at it take a while.
class TestClock final : public backend::Clock {
 public:
  int64_t WallUs() const override { return manual_.WallUs(); }
  int64_t MonotonicUs() const override { return manual_.MonotonicUs() + (looks_us_ += look_us_); }
  void AdvanceMs(int64_t ms) { manual_.AdvanceMs(ms); }
  /// A command is measured by two looks: it takes so long from now on.
  void set_look_us(int64_t us) { look_us_ = us; }

 private:
  backend::ManualClock manual_;
  std::atomic<int64_t> look_us_{0};
  mutable std::atomic<int64_t> looks_us_{0};
};

class TestServer;

/// One connected client. Owned by its server; stays readable after it was closed.
class TestClient {
 public:
  TestClient(TestServer& server, resp::Worker& worker, uint64_t id);

  /// Sends one command, lets the server work until nothing moves, and returns what arrived: RESP.
  std::string Run(Words command) { return RunAll({std::move(command)}); }
  /// The same with a pipeline, which the server gets at once.
  std::string RunAll(std::vector<Words> pipeline);
  /// Sends without letting the server work.
  void Send(Words command) { transport_.input.push_back(std::move(command)); }
  /// Lets the server work, and returns what arrived since the last call.
  std::string TakeAll();
  /// The client goes away.
  void Close() { transport_.Close(); }
  /// The server closed the connection.
  bool closed() const { return session_ == nullptr; }

  resp::Session& session() { return *session_; }
  FakeTransport& transport() { return transport_; }

 private:
  friend class TestServer;
  bool Process();
  bool EndTurn();

  TestServer& server_;
  resp::Worker& worker_;
  FakeTransport transport_;
  std::unique_ptr<resp::Session> session_;  // null once closed
};

class TestServer {
 public:
  struct Options {
    resp::Settings settings = TestSettings();
    size_t threads = 1;
    std::string config_file = {};
  };
  explicit TestServer(Options options);
  TestServer() : TestServer(Options{}) {}
  ~TestServer();

  TestClient& Connect(size_t thread = 0);
  /// A client that has said HELLO 3.
  TestClient& Connect3(size_t thread = 0);

  /// Runs input, posted jobs and flushes of all threads until nothing moves.
  void Settle();
  /// The store's turn on thread 0, as its timer would give it.
  int64_t Tick();
  /// Every worker's periodic work.
  void Cron();
  /// Changes settings as CONFIG SET does.
  void Set(const std::function<void(resp::Settings&)>& change);

  TestClock& clock() { return clock_; }
  FaultyJournal& journal() { return *journal_; }
  backend::Store& store() { return *store_; }
  resp::ServerContext& context() { return context_; }
  resp::Worker& worker(size_t thread = 0) { return *workers_[thread]; }
  /// What SHUTDOWN asked for, in order.
  const std::vector<resp::ShutdownRequest>& shutdowns() const { return shutdowns_; }
  RecordingBus& bus() { return bus_; }
  /// Runs what was posted to a thread; false when there was nothing.
  bool RunJobs(size_t thread);

 private:
  std::unique_ptr<backend::Store> OpenStore(const resp::Settings& settings);

  TestClock clock_;
  resp::LiveSettings settings_;
  RecordingBus bus_;
  FaultyJournal* journal_ = nullptr;  // the store's
  std::unique_ptr<backend::Store> store_;
  resp::ServerContext context_;
  std::vector<std::unique_ptr<ManualPort>> ports_;
  std::vector<std::unique_ptr<resp::Worker>> workers_;
  std::vector<std::unique_ptr<TestClient>> clients_;
  std::vector<resp::ShutdownRequest> shutdowns_;
  std::unique_ptr<resp::BusReceiver> receiver_;
};

}  // namespace tideway::test
