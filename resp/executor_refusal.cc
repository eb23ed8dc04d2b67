// The part of Executor that answers for the store when it refused a batch.
#include <iterator>

#include "resp/batch_run.h"
#include "resp/executor.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {
// Redis's word for: all of it, later.
constexpr std::string_view kTryAgain = "TRYAGAIN";
}  // namespace

// What the store refuses is one command's fault, as a key that is too long: in halves, and these in
// halves, the others go through. Only a database that does not answer refuses all. Whether it came
// to that.
bool Executor::Split(BatchRun& run, Session& session) {
  const auto& commands = run.plan.commands();
  if (commands.size() < 2 || ErrorCode(run.batch->detail) == kTryAgain) return false;
  run.counted = run.counted || run.attempts > 0;
  PrepareAttempt(run, session);
  const size_t half = commands.size() / 2;
  BatchRun::Words first;
  BatchRun::Words second;
  for (size_t i = 0; i < commands.size(); ++i) {
    (i < half ? first : second).emplace_back(commands[i].args.begin(), commands[i].args.end());
  }
  run.rest.push_front(std::move(second));
  run.rest.push_front(std::move(first));
  return true;
}

void Executor::RunNext(BatchRun& run) {
  Session& session = *run.session;
  BatchRun::Words words = std::move(run.rest.front());
  run.rest.pop_front();
  std::vector<std::vector<std::string_view>> views;
  for (const auto& command : words) views.emplace_back(command.begin(), command.end());
  const std::vector<Args> requests(views.begin(), views.end());
  run.plan.Forget();
  run.buffer.Clear();
  run.batch->Reset();
  run.plan.Make(session, worker_, requests, *run.batch, BatchPlan::Start::kAgain);
  const auto taken = static_cast<ptrdiff_t>(run.plan.commands().size());
  if (taken < std::ssize(words)) {
    run.rest.emplace_front(words.begin() + taken, words.end());
  }
  run.start_us = worker_.server().clock.MonotonicUs();
  LoadAndRun(run, session);
}

// A database that does not answer does not answer what is still to run of a batch either.
void Executor::Refuse(BatchRun& run, Session& session) {
  PrepareAttempt(run, session);
  run.reply.set_version(session.resp_version());
  size_t commands = run.plan.commands().size();
  if (ErrorCode(run.batch->detail) == kTryAgain) {
    for (const BatchRun::Words& words : run.rest) commands += words.size();
    run.rest.clear();
  }
  for (size_t i = 0; i < commands; ++i) {
    if (!IsSilent(session)) {
      run.reply.StartReply();
      run.reply.Error(run.batch->detail);
    }
    worker_.CountError(ErrorCode(run.batch->detail));
    if (session.reply_mode == ReplyMode::kSkipping) session.reply_mode = ReplyMode::kOn;
  }
  // EXEC that was not applied has ended its transaction all the same.
  if (run.plan.ends_with_exec()) session.DropTransaction();
  session.transport.Send(run.buffer.view());
}

}  // namespace tideway::resp
