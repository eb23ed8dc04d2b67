#include "backend/tidb/sql_connection.h"

#include <errmsg.h>
#include <mysql.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tideway::backend {
namespace {

// Our own, beside the client library's codes: nothing came back in time.
constexpr unsigned kTimedOut = CR_SERVER_LOST;

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

MYSQL_RES* AsResult(void* result) { return static_cast<MYSQL_RES*>(result); }

}  // namespace

bool SqlError::connection_lost() const { return code >= CR_MIN_ERROR && code <= CR_MAX_ERROR; }

SqlRows::SqlRows(void* result) : result_(result) {}

void SqlRows::Free::operator()(void* result) const { mysql_free_result(AsResult(result)); }

size_t SqlRows::size() const {
  return result_ == nullptr ? 0 : static_cast<size_t>(mysql_num_rows(AsResult(result_.get())));
}

size_t SqlRows::columns() const {
  return result_ == nullptr ? 0 : mysql_num_fields(AsResult(result_.get()));
}

void SqlRows::ForEach(const std::function<void(std::span<const Value>)>& fn) const {
  if (result_ == nullptr) return;
  MYSQL_RES* const result = AsResult(result_.get());
  mysql_data_seek(result, 0);
  std::vector<Value> values(mysql_num_fields(result));
  while (MYSQL_ROW row = mysql_fetch_row(result)) {
    const unsigned long* const lengths = mysql_fetch_lengths(result);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = row[i] == nullptr ? Value() : Value(std::string_view(row[i], lengths[i]));
    }
    fn(values);
  }
}

// The client library's calls come in pairs, `_start` and `_cont`: each says what it waits for, or 0
// when it is done. Step() runs such pairs one after another until one has to wait.
class SqlConnection::Machine {
 public:
  Machine(ThreadPort& port, SqlEndpoint endpoint) : port_(port), endpoint_(std::move(endpoint)) {
    mysql_init(&mysql_);
    mysql_options(&mysql_, MYSQL_OPT_NONBLOCK, nullptr);
    const auto seconds =
        static_cast<unsigned>(std::max<int64_t>(1, (endpoint_.connect_timeout_ms + 999) / 1000));
    mysql_options(&mysql_, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    const unsigned tcp = MYSQL_PROTOCOL_TCP;  // also to "localhost", which is a socket file else
    mysql_options(&mysql_, MYSQL_OPT_PROTOCOL, &tcp);
    mysql_options(&mysql_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (endpoint_.tls) {
      const my_bool on = 1;
      const my_bool verify = endpoint_.tls_verify ? 1 : 0;
      mysql_options(&mysql_, MYSQL_OPT_SSL_ENFORCE, &on);
      mysql_options(&mysql_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
      if (!endpoint_.tls_ca.empty()) {
        mysql_options(&mysql_, MYSQL_OPT_SSL_CA, endpoint_.tls_ca.c_str());
      }
    }
  }
  ~Machine() {
    lookup_.reset();
    waiter_.reset();
    // Without a goodbye when something is under way: it would wait for the server.
    if (operation_ != Operation::kNone || broken_) shutdown_socket();
    Abandon();
    mysql_close(&mysql_);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void Connect(std::function<void(SqlError)> done) {
    connected_ = std::move(done);
    deadline_ms_ = NowMs() + endpoint_.connect_timeout_ms;
    addresses_ = {endpoint_.host};
    if (endpoint_.name == nullptr) return Drive(ConnectNext());
    waiter_ = port_.MakeWaiter(-1);
    waiter_->Wait(0, endpoint_.connect_timeout_ms, [this](short) {
      lookup_.reset();
      Fail({kTimedOut, "no address of host '" + endpoint_.host + "' in time"});
    });
    const auto found = [this](const std::vector<std::string>& addresses, const std::string& error) {
      if (addresses.empty()) return Fail({CR_UNKNOWN_HOST, error});
      waiter_.reset();
      // A certificate is of a name, which the library then looks up once more: a moment after that
      // went well it is quick.
      if (!endpoint_.tls_verify) addresses_ = addresses;
      Drive(ConnectNext());
    };
    lookup_ = endpoint_.name->Find(port_, found);
  }

  void Run(std::string_view sql, int64_t timeout_ms, std::function<void(SqlReply)> done) {
    sql_.assign(sql);
    replied_ = std::move(done);
    reply_ = {};
    deadline_ms_ = timeout_ms < 0 ? INT64_MAX : NowMs() + timeout_ms;
    operation_ = Operation::kQuery;
    Drive(mysql_real_query_start(&int_result_, &mysql_, sql_.data(), sql_.size()));
  }

  uint64_t server_id() { return connected_ok_ ? mysql_thread_id(&mysql_) : 0; }
  const SqlEndpoint& endpoint() const { return endpoint_; }

 private:
  enum class Operation : uint8_t { kNone, kConnect, kQuery, kStore, kNext };

  void shutdown_socket() {
    const my_socket fd = mysql_get_socket(&mysql_);
    if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
  }

  /// Lets the library give up what it is at: it frees what it holds only then. A connect may have
  /// several addresses to give up.
  void Abandon() {
    constexpr int kStepsMax = 256;
    if (operation_ == Operation::kNone) return;
    int_result_ = 1;
    rows_ = nullptr;
    for (int i = 0; i < kStepsMax && Continue(MYSQL_WAIT_TIMEOUT) != 0; ++i) {
    }
    if (operation_ == Operation::kStore && rows_ != nullptr) mysql_free_result(rows_);
    operation_ = Operation::kNone;
  }

  /// `status`: what the running operation waits for.
  void Drive(int status) {
    while (status == 0) {
      if (operation_ == Operation::kNone) return;
      status = Advance();
      if (operation_ == Operation::kNone) {
        Tell();
        return;
      }
    }
    WaitFor(status);
  }

  void WaitFor(int status) {
    const my_socket fd = mysql_get_socket(&mysql_);
    if (waiter_ == nullptr || fd != watched_) {
      waiter_ = port_.MakeWaiter(fd);
      watched_ = fd;
    }
    short events = 0;
    if ((status & MYSQL_WAIT_READ) != 0) events |= POLLIN;
    if ((status & MYSQL_WAIT_WRITE) != 0) events |= POLLOUT;
    const bool connects = operation_ == Operation::kConnect;
    const int64_t until_ms = connects ? address_until_ms_ : deadline_ms_;
    const int64_t left_ms = until_ms == INT64_MAX ? -1 : std::max<int64_t>(0, until_ms - NowMs());
    waiter_->Wait(events, left_ms, [this](short ready) { OnReady(ready); });
  }

  void OnReady(short ready) {
    if (ready == 0 && operation_ == Operation::kConnect && next_address_ < addresses_.size()) {
      waiter_.reset();
      watched_ = -1;
      Abandon();
      Drive(ConnectNext());
      return;
    }
    if (ready == 0) {
      // The library's own timeouts are seconds; ours has passed.
      broken_ = true;
      Fail({kTimedOut, "no answer from " + endpoint_.host + " in time"});
      return;
    }
    int status = 0;
    if ((ready & POLLIN) != 0) status |= MYSQL_WAIT_READ;
    if ((ready & POLLOUT) != 0) status |= MYSQL_WAIT_WRITE;
    Drive(Continue(status));
  }

  /// The next address; they are tried one after another.
  int ConnectNext() {
    operation_ = Operation::kConnect;
    const auto left = static_cast<int64_t>(addresses_.size() - next_address_);
    address_until_ms_ = NowMs() + std::max<int64_t>(1, (deadline_ms_ - NowMs()) / left);
    const std::string& host = addresses_[next_address_++];
    return mysql_real_connect_start(
        &connect_result_, &mysql_, host.c_str(), endpoint_.user.c_str(), endpoint_.password.c_str(),
        endpoint_.database.empty() ? nullptr : endpoint_.database.c_str(), endpoint_.port, nullptr,
        CLIENT_MULTI_STATEMENTS | CLIENT_REMEMBER_OPTIONS);
  }

  int Continue(int status) {
    switch (operation_) {
      case Operation::kConnect:
        // The library may close the descriptor and open another one of the same number.
        waiter_.reset();
        watched_ = -1;
        return mysql_real_connect_cont(&connect_result_, &mysql_, status);
      case Operation::kQuery:
        return mysql_real_query_cont(&int_result_, &mysql_, status);
      case Operation::kStore:
        return mysql_store_result_cont(&rows_, &mysql_, status);
      case Operation::kNext:
        return mysql_next_result_cont(&int_result_, &mysql_, status);
      case Operation::kNone:
        break;
    }
    return 0;
  }

  /// The running operation is done: begins the next one. kNone: all is done.
  int Advance() {
    switch (operation_) {
      case Operation::kConnect:
        connected_ok_ = connect_result_ != nullptr;
        if (connected_ok_) break;
        if (next_address_ < addresses_.size() && NowMs() < deadline_ms_) return ConnectNext();
        error_ = ErrorNow();
        break;
      case Operation::kQuery:
        if (int_result_ == 0) return Store();
        error_ = ErrorNow();
        break;
      case Operation::kStore:
        if (rows_ == nullptr && mysql_field_count(&mysql_) > 0) {
          error_ = ErrorNow();
          break;
        }
        reply_.results.emplace_back(rows_);
        if (!mysql_more_results(&mysql_)) break;
        operation_ = Operation::kNext;
        return mysql_next_result_start(&int_result_, &mysql_);
      case Operation::kNext:
        if (int_result_ == 0) return Store();
        if (int_result_ > 0) error_ = ErrorNow();
        break;
      case Operation::kNone:
        break;
    }
    operation_ = Operation::kNone;
    return 0;
  }

  int Store() {
    operation_ = Operation::kStore;
    return mysql_store_result_start(&rows_, &mysql_);
  }

  SqlError ErrorNow() {
    SqlError error{mysql_errno(&mysql_), mysql_error(&mysql_)};
    if (error.code == 0) error = {CR_UNKNOWN_ERROR, "unknown error"};
    if (error.connection_lost()) broken_ = true;
    return error;
  }

  void Fail(SqlError error) {
    error_ = std::move(error);
    waiter_.reset();  // before the library closes the descriptor
    watched_ = -1;
    Abandon();
    Tell();
  }

  void Tell() {
    SqlError error = std::exchange(error_, {});
    if (connected_) {
      const auto done = std::exchange(connected_, nullptr);
      port_.Post(Guarded([done, error = std::move(error)] { done(error); }));
      return;
    }
    const auto done = std::exchange(replied_, nullptr);
    auto reply = std::make_shared<SqlReply>(std::move(reply_));
    reply->error = std::move(error);
    port_.Post(Guarded([done, reply] { done(std::move(*reply)); }));
  }

  /// A job that does nothing once this connection is gone.
  std::function<void()> Guarded(std::function<void()> job) {
    return [alive = std::weak_ptr<bool>(alive_), job = std::move(job)] {
      if (!alive.expired()) job();
    };
  }

  ThreadPort& port_;
  const SqlEndpoint endpoint_;
  MYSQL mysql_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::shared_ptr<void> lookup_;        // of the host's name
  std::vector<std::string> addresses_;  // the library looks at them while it connects
  size_t next_address_ = 0;
  int64_t address_until_ms_ = 0;  // then the next one gets its turn
  std::unique_ptr<Waiter> waiter_;
  my_socket watched_ = -1;
  Operation operation_ = Operation::kNone;
  int64_t deadline_ms_ = INT64_MAX;
  bool connected_ok_ = false;
  bool broken_ = false;
  MYSQL* connect_result_ = nullptr;
  MYSQL_RES* rows_ = nullptr;
  int int_result_ = 0;
  std::string sql_;
  SqlReply reply_;
  SqlError error_;
  std::function<void(SqlError)> connected_;
  std::function<void(SqlReply)> replied_;
};

SqlConnection::SqlConnection(ThreadPort& port, SqlEndpoint endpoint)
    : machine_(std::make_unique<Machine>(port, std::move(endpoint))) {}
SqlConnection::~SqlConnection() = default;

void SqlConnection::Connect(std::function<void(SqlError)> done) {
  machine_->Connect(std::move(done));
}

void SqlConnection::Run(std::string_view sql, int64_t timeout_ms,
                        std::function<void(SqlReply)> done) {
  machine_->Run(sql, timeout_ms, std::move(done));
}

uint64_t SqlConnection::server_id() const { return machine_->server_id(); }
const SqlEndpoint& SqlConnection::endpoint() const { return machine_->endpoint(); }

}  // namespace tideway::backend
