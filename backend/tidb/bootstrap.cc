#include "backend/tidb/bootstrap.h"

#include <mysql.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "backend/log.h"
#include "backend/tidb/schema.h"
#include "backend/tidb/session_settings.h"

namespace tideway::backend {
namespace {

// Errors that waiting does not mend.
constexpr unsigned kAccessDenied = 1045;
constexpr unsigned kDatabaseDenied = 1044;
constexpr unsigned kCommandDenied = 1142;
constexpr unsigned kUnknownDatabase = 1049;
constexpr unsigned kNoSuchTable = 1146;
// Steps that change nothing before it is called an error of the database.
constexpr int kStepsMax = 100;
constexpr auto kPause = std::chrono::milliseconds(200);

struct Close {
  void operator()(MYSQL* mysql) const { mysql_close(mysql); }
};
using Handle = std::unique_ptr<MYSQL, Close>;

bool IsFinal(unsigned code) {
  return code == kAccessDenied || code == kDatabaseDenied || code == kCommandDenied;
}

Error ErrorOf(MYSQL* mysql) {
  const unsigned code = mysql_errno(mysql);
  return {IsFinal(code) ? Errc::kInvalidArgument : Errc::kUnavailable, mysql_error(mysql)};
}

Status Execute(MYSQL* mysql, const std::string& sql) {
  if (mysql_real_query(mysql, sql.data(), sql.size()) != 0) return ErrorOf(mysql);
  if (MYSQL_RES* const rows = mysql_store_result(mysql)) mysql_free_result(rows);
  return Ok();
}

Result<Handle> Connect(const TidbAddress& address, const TidbHost& host) {
  Handle mysql(mysql_init(nullptr));
  const auto seconds =
      static_cast<unsigned>(std::max<int64_t>(1, (address.connect_timeout.count() + 999) / 1000));
  mysql_options(mysql.get(), MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  const unsigned tcp = MYSQL_PROTOCOL_TCP;  // also to "localhost", which is a socket file else
  mysql_options(mysql.get(), MYSQL_OPT_PROTOCOL, &tcp);
  if (address.tls != TidbTls::kOff) {
    const my_bool on = 1;
    const my_bool verify = address.tls == TidbTls::kVerify ? 1 : 0;
    mysql_options(mysql.get(), MYSQL_OPT_SSL_ENFORCE, &on);
    mysql_options(mysql.get(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    if (!address.ca_file.empty()) {
      mysql_options(mysql.get(), MYSQL_OPT_SSL_CA, address.ca_file.c_str());
    }
  }
  if (mysql_real_connect(mysql.get(), host.host.c_str(), address.user.c_str(),
                         address.password.c_str(), nullptr, host.port, nullptr, 0) == nullptr) {
    return ErrorOf(mysql.get());
  }
  if (Status version = CheckServerVersion(mysql_get_server_info(mysql.get())); !version.ok()) {
    return version.error();
  }
  if (mysql_select_db(mysql.get(), address.database.c_str()) == 0) return mysql;
  if (mysql_errno(mysql.get()) != kUnknownDatabase) return ErrorOf(mysql.get());
  if (Status made = Execute(mysql.get(), CreateDatabaseSql(address.database)); !made.ok()) {
    return made.error();
  }
  if (mysql_select_db(mysql.get(), address.database.c_str()) != 0) return ErrorOf(mysql.get());
  return mysql;
}

Result<std::optional<uint32_t>> ReadVersion(MYSQL* mysql) {
  const std::string sql(SchemaVersionSql());
  if (mysql_real_query(mysql, sql.data(), sql.size()) != 0) {
    if (mysql_errno(mysql) == kNoSuchTable) return std::optional<uint32_t>();
    return ErrorOf(mysql);
  }
  const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> rows(mysql_store_result(mysql),
                                                              mysql_free_result);
  const MYSQL_ROW row = rows == nullptr ? nullptr : mysql_fetch_row(rows.get());
  if (row == nullptr || row[0] == nullptr) return std::optional<uint32_t>();
  const std::string_view text(row[0]);
  uint32_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return std::optional<uint32_t>(version);
}

Status Migrate(MYSQL* mysql) {
  for (int i = 0; i < kStepsMax; ++i) {
    const Result<std::optional<uint32_t>> found = ReadVersion(mysql);
    if (!found.ok()) return found.error();
    const SchemaStep step = NextSchemaStep(found.value());
    if (step.action == SchemaStep::Action::kDone) return Ok();
    if (step.action == SchemaStep::Action::kRefuse) {
      return Error{Errc::kUnsupported, step.refusal};
    }
    for (const std::string& statement : step.statements) {
      const Status executed = Execute(mysql, statement);
      if (executed.ok()) continue;
      if (executed.error().code == Errc::kInvalidArgument) return executed;
      break;  // another node may have been faster: read the version again
    }
  }
  return Error{Errc::kUnavailable, "the tables cannot be created"};
}

Status ReadShared(MYSQL* mysql, std::map<std::string, std::string>* shared) {
  if (shared == nullptr) return Ok();
  if (mysql_query(mysql, "SELECT name,value FROM tw_settings") != 0) return ErrorOf(mysql);
  const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> rows(mysql_store_result(mysql),
                                                              mysql_free_result);
  if (rows == nullptr) return ErrorOf(mysql);
  while (const MYSQL_ROW row = mysql_fetch_row(rows.get())) {
    const unsigned long* const bytes = mysql_fetch_lengths(rows.get());
    (*shared)[std::string(row[0], bytes[0])] = std::string(row[1], bytes[1]);
  }
  return Ok();
}

}  // namespace

Status BootstrapTidb(const TidbAddress& address, const std::function<bool()>& keep_waiting,
                     std::map<std::string, std::string>* shared) {
  std::string told;
  std::map<std::string, std::string> told_of;  // by host: what the log has said
  for (size_t attempt = 0; keep_waiting(); ++attempt) {
    const TidbHost& host = address.hosts[attempt % address.hosts.size()];
    Result<Handle> connected = Connect(address, host);
    Status done = connected.ok() ? Migrate(connected.value().get()) : Status(connected.error());
    if (done.ok()) done = ReadShared(connected.value().get(), shared);
    if (done.ok()) {
      log::Notice("TiDB at {}:{} is ready: {}", host.host, host.port, address.Redacted());
      return done;
    }
    if (done.error().code != Errc::kUnavailable) {
      return Error{done.error().code, "backend " + address.Redacted() + ": " + done.error().detail};
    }
    told = done.error().detail;
    if (std::exchange(told_of[host.host + ":" + std::to_string(host.port)], told) != told) {
      log::Notice("Waiting for TiDB at {}:{}: {}", host.host, host.port, told);
    }
    std::this_thread::sleep_for(kPause);
  }
  return Error{Errc::kUnavailable, "stopped while waiting for TiDB: " + told};
}

}  // namespace tideway::backend
