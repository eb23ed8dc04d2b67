#include "cdc/bus.h"

namespace tideway::cdc {
namespace {

class InProcessBus final : public Bus {
 public:
  void Start(BusListener&) override {}
  void Stop() override {}
  bool alone() const override { return true; }
  bool carries_events() const override { return false; }
  std::string Refusal(Topic, std::string_view, size_t) const override { return {}; }
  void Publish(Topic, std::string_view, std::string_view) override {}
  void Publish(ChangeEvent) override {}
  void EndTurn() override {}
  Ticket InterestBegan(Topic, std::string_view) override { return 0; }
  void InterestEnded(Topic, std::string_view) override {}
  Ticket registered() const override { return 0; }
  void Ask(NodeQuestion, std::function<void(Answers)> done) override { done({}); }
};

}  // namespace

std::unique_ptr<Bus> MakeInProcessBus() { return std::make_unique<InProcessBus>(); }

}  // namespace tideway::cdc
