// What comes by the bus, handed to the I/O threads that have listeners for it.
//
// The bus's threads only copy into the threads' inboxes; a client that does not read holds up
// nobody but itself.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "cdc/bus.h"
#include "resp/bus_inbox.h"
#include "resp/config/live_settings.h"
#include "resp/server_context.h"

namespace tideway::resp {

/// Made once the workers are there, who stay until the bus has stopped.
class BusReceiver final : public cdc::BusListener {
 public:
  explicit BusReceiver(ServerContext& server);

  void OnMessage(cdc::Via via, cdc::Topic topic, std::string_view channel,
                 std::string_view payload) override;
  /// Becomes the messages that `notify-keyspace-events` of this node asks for.
  void OnEvent(cdc::Via via, const cdc::ChangeEvent& event) override;
  void OnRegistered(cdc::Ticket ticket) override;
  cdc::NodeAnswer OnQuestion(const cdc::NodeQuestion& question) override;

 private:
  struct Lane {
    BusInbox inbox;
    std::atomic<bool> registered_posted{false};
  };
  void Hand(const BusMessage& message);
  void Drain(size_t thread);

  ServerContext& server_;
  SettingsReader settings_;  // of the bus's thread that delivers
  std::vector<std::unique_ptr<Lane>> lanes_;
};

/// What this node says to the question: PUBSUB's own answer, without other nodes.
cdc::NodeAnswer AnswerHere(const ServerContext& server, const cdc::NodeQuestion& question);

}  // namespace tideway::resp
