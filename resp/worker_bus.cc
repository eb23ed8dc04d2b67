// A worker's side of the bus: replies that wait for it, and questions to other nodes.
#include <utility>

#include "resp/protocol/byte_buffer.h"
#include "resp/worker.h"

namespace tideway::resp {

void Worker::HoldReply(Session& session) {
  const cdc::Ticket ticket = std::exchange(session.awaited_ticket, 0);
  if (ticket <= server_.bus.registered()) return;
  session.transport.output().HoldBehind(ticket);
  if (!std::exchange(session.awaits_bus, true)) awaiting_bus_.push_back(&session);
  awaits_bus_ = true;
  // It may have been registered before anybody could see that we wait.
  if (ticket <= server_.bus.registered()) port_.Post([this] { ReleaseReplies(); });
}

void Worker::ReleaseReplies() {
  const cdc::Ticket registered = server_.bus.registered();
  std::erase_if(awaiting_bus_, [registered](Session* session) {
    session->transport.output().ReleaseUpTo(registered);
    session->transport.RequestFlush();
    session->awaits_bus = session->transport.output().holding();
    return !session->awaits_bus;
  });
  awaits_bus_ = !awaiting_bus_.empty();
}

void Worker::AskNodes(
    Session& session, cdc::NodeQuestion question,
    std::function<void(const cdc::Bus::Answers& answers, ReplyWriter& reply)> reply) {
  session.suspension = Suspension::kAsking;
  server_.bus.Ask(std::move(question),
                  [this, id = session.id, reply = std::move(reply)](cdc::Bus::Answers answers) {
                    port_.Post([this, id, reply, answers = std::move(answers)] {
                      Session* const waiting = FindSession(id);
                      if (waiting == nullptr || waiting->suspension != Suspension::kAsking) return;
                      ByteBuffer buffer;
                      ReplyWriter writer(&buffer, waiting->resp_version());
                      reply(answers, writer);
                      waiting->suspension = Suspension::kNone;
                      waiting->transport.Send(buffer.view());
                      waiting->transport.Resume();
                    });
                  });
}

}  // namespace tideway::resp
