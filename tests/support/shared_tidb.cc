#include "tests/support/shared_tidb.h"

#include <atomic>

namespace tideway::testing_support {

TidbServer* SharedTidb(std::string* why) {
  static std::string reason;
  static const std::unique_ptr<TidbServer> server = TidbServer::Start(&reason);
  *why = reason;
  return server.get();
}

std::string FreshDatabase() {
  static std::atomic<int> number{0};
  return "test_" + std::to_string(++number);
}

}  // namespace tideway::testing_support
