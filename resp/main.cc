// tideway: a server for Redis clients.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "backend/log.h"
#include "backend/version.h"
#include "resp/command/command_markdown.h"
#include "resp/command/command_table.h"
#include "resp/config/commandline.h"
#include "resp/net/server.h"
#include "resp/net/supervisor.h"
#include "resp/process/background.h"

namespace {

/// `daemonize`, unless a process manager watches the process that it started.
tideway::Result<tideway::resp::Background> MaybeGoToBackground(
    const tideway::resp::Settings& settings) {
  using namespace tideway::resp;
  if (!settings.daemonize || DetectSupervisor(settings.supervised) != Supervised::kNo) {
    return Background();
  }
  return Background::Start();
}

int Serve(const tideway::resp::StartOptions& options) {
  using namespace tideway;
  const resp::Settings& settings = options.settings;
  // As Redis: the end of a terminal, or of whoever read the log, is not the end of the server.
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  auto background = MaybeGoToBackground(settings);
  if (!background.ok()) {
    std::fprintf(stderr, "%s\n", background.error().detail.c_str());
    return 1;
  }
  const Status configured =
      log::Configure({settings.loglevel, settings.log_format, settings.logfile});
  if (!configured.ok()) {
    std::fprintf(stderr, "%s\n", configured.error().detail.c_str());
    return 1;
  }
  log::Warning("tideway {} is starting (speaks Redis {})", Version(), kRedisVersion);
  for (const std::string& notice : options.notices) log::Notice("{}", notice);
  auto server = resp::Server::Create(options);
  if (!server.ok()) {
    log::Warning("{}", server.error().detail);
    return 1;
  }
  return server.value()->Run([&] { background.value().Ready(); });
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tideway::resp;
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  const auto options = ParseCommandLine({argv + 1, argv + argc}, std::cin, environment);
  if (!options.ok()) {
    std::fputs(options.error().detail.c_str(), stderr);
    return 1;
  }
  switch (options.value().action) {
    case StartAction::kHelp:
      std::fputs(HelpText().c_str(), stdout);
      return 0;
    case StartAction::kVersion:
      std::fputs(VersionText().c_str(), stdout);
      return 0;
    case StartAction::kPrintCommands:
      std::fputs(CommandsMarkdown(CommandTable::Get()).c_str(), stdout);
      return 0;
    case StartAction::kCheckConfig:
      std::puts("Configuration OK");
      return 0;
    case StartAction::kServe:
      break;
  }
  return Serve(options.value());
}
