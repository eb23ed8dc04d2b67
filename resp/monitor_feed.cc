#include "resp/monitor_feed.h"

#include <fmt/format.h>

#include <memory>

#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {
namespace {

// `"bytes"` as Redis's sdscatrepr writes them.
void AppendQuoted(std::string& line, std::string_view bytes) {
  line += '"';
  for (const char c : bytes) {
    switch (c) {
      case '\\':
      case '"':
        line += '\\', line += c;
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      case '\a':
        line += "\\a";
        break;
      case '\b':
        line += "\\b";
        break;
      default:
        if (c >= ' ' && c <= '~') {
          line += c;
        } else {
          line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  line += '"';
}

void Tell(Worker& worker, const std::string& line) {
  for (Session* session : worker.sessions()) {
    if (!session->monitoring || session->transport.closing()) continue;
    session->transport.output().Append(line);
    session->transport.RequestFlush();
  }
}

}  // namespace

std::string FormatMonitorLine(Args args, int64_t wall_us, uint32_t db, const std::string& client) {
  std::string line =
      fmt::format("+{}.{:06d} [{} {}]", wall_us / 1'000'000, wall_us % 1'000'000, db, client);
  for (const std::string_view arg : args) {
    line += ' ';
    AppendQuoted(line, arg);
  }
  return line + "\r\n";
}

void FeedMonitors(ServerContext& server, const Session& session, Args args) {
  const auto line = std::make_shared<const std::string>(FormatMonitorLine(
      args, server.clock.WallUs(), session.db,
      session.unix_socket ? "unix:" + session.transport.peer_address().substr(
                                          0, session.transport.peer_address().rfind(':'))
                          : session.transport.peer_address()));
  for (Worker* worker : server.workers) {
    if (worker == &session.worker) {
      Tell(*worker, *line);
    } else {
      worker->port().Post([worker, line] { Tell(*worker, *line); });
    }
  }
}

}  // namespace tideway::resp
