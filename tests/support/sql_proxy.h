// Stands between a store and TiDB, and loses what it is told to lose.
//
//   SqlProxy proxy(server->port());
//   proxy.LoseNext("COMMIT", SqlProxy::Lose::kAnswer);
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tideway::testing_support {

/// Runs a thread of its own. All calls from any thread.
class SqlProxy {
 public:
  /// Listens on a free loopback port.
  explicit SqlProxy(uint16_t server_port);
  ~SqlProxy();
  SqlProxy(const SqlProxy&) = delete;
  SqlProxy& operator=(const SqlProxy&) = delete;

  uint16_t port() const { return port_; }

  enum class Lose : uint8_t {
    kRequest,  // the server never gets it: both connections are closed
    kAnswer,   // the server answers, nobody hears it: both connections are closed
    kContact,  // the client's connection is closed; the server gets the request at DeliverLate()
  };
  /// Of the next requests that hold `text`. Several calls: one request after the other.
  void LoseNext(const std::string& text, Lose what, int times = 1);
  /// Sends what kContact kept back; waits until the server has answered it.
  void DeliverLate();
  /// How many requests were lost so far.
  int lost() const;
  /// Nothing more is to be lost.
  void Relent();

  /// Closes every connection, and each new one at once.
  void GoAway();
  void ComeBack();

 private:
  struct Plan {
    std::string text;
    Lose what;
  };
  struct Pair {
    int client = -1;
    int server = -1;
    std::string request;  // bytes of a packet that has not come whole
    bool loses_answer = false;
    std::chrono::steady_clock::time_point heard;  // from the server, last
    std::string late;
  };

  void Loop();
  void Accept();
  /// False when the pair is over.
  bool FromClient(Pair& pair);
  bool FromServer(Pair& pair);
  bool Forward(Pair& pair, const std::string& packet);
  static void Close(Pair& pair);

  const uint16_t server_port_;
  uint16_t port_ = 0;
  int listener_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Plan> plans_;
  int lost_ = 0;
  bool away_ = false;
  bool stopping_ = false;
  bool deliver_ = false;
  std::vector<std::unique_ptr<Pair>> pairs_;  // of the thread
  std::thread thread_;
};

}  // namespace tideway::testing_support
