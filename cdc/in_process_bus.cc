#include "cdc/bus.h"

namespace tideway::cdc {
namespace {

class InProcessBus final : public Bus {
 public:
  void SetReceiver(Receiver) override {}
  bool alone() const override { return true; }
  void Publish(Topic, std::string_view, std::string_view) override {}
  void InterestBegan(Topic, std::string_view) override {}
  void InterestEnded(Topic, std::string_view) override {}
};

}  // namespace

std::unique_ptr<Bus> MakeInProcessBus() { return std::make_unique<InProcessBus>(); }

}  // namespace tideway::cdc
