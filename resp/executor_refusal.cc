// The part of Executor that answers for the store when it refused a batch.
#include "resp/batch_run.h"
#include "resp/executor.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {

// What the store refuses is one command's fault, as a key that is too long: one by one, the others
// go through. Only a database that does not answer refuses all. Whether it came to that.
bool Executor::Split(BatchRun& run, Session& session) {
  if (run.plan.commands().size() < 2 || ErrorCode(run.batch->detail) == "TRYAGAIN") return false;
  run.rest_attempts = run.attempts;
  PrepareAttempt(run, session);
  for (const Planned& planned : run.plan.commands()) {
    run.rest.emplace_back(planned.args.begin(), planned.args.end());
  }
  return true;
}

void Executor::RunNext(BatchRun& run) {
  Session& session = *run.session;
  const std::vector<std::string> words = std::move(run.rest.front());
  run.rest.pop_front();
  const std::vector<std::string_view> args(words.begin(), words.end());
  const Args request(args);
  run.plan.Forget();
  run.buffer.Clear();
  run.batch->Reset();
  run.plan.Make(session, worker_, {&request, 1}, *run.batch, BatchPlan::Start::kAgain);
  LoadAndRun(run, session, run.rest_attempts);
}

void Executor::Refuse(BatchRun& run, Session& session) {
  PrepareAttempt(run, session);
  run.reply.set_version(session.resp_version());
  for (size_t i = 0; !IsSilent(session) && i < run.plan.commands().size(); ++i) {
    run.reply.StartReply();
    run.reply.Error(run.batch->detail);
    worker_.CountError(ErrorCode(run.batch->detail));
  }
  // EXEC that was not applied has ended its transaction all the same.
  if (run.plan.ends_with_exec()) session.DropTransaction();
  session.transport.Send(run.buffer.view());
}

}  // namespace tideway::resp
