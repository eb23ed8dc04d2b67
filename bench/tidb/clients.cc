#include "bench/tidb/clients.h"

#include <hiredis/hiredis.h>
#include <mysql.h>

#include <stdexcept>

namespace tideway::bench {
namespace {

constexpr const char* kHost = "127.0.0.1";
const std::string kValue(64, 'v');

class RedisClient final : public Client {
 public:
  RedisClient(uint16_t port, size_t pipeline)
      : context_(redisConnect(kHost, port)), pipeline_(pipeline) {
    if (context_ == nullptr || context_->err != 0) throw std::runtime_error("no tideway there");
  }
  ~RedisClient() override { redisFree(context_); }

  void Get(uint64_t key) override { Append("GET b:%llu", key); }
  void Set(uint64_t key) override { Append("SET b:%llu %s", key, kValue.c_str()); }
  void Incr(uint64_t key) override { Append("INCR n:%llu", key); }
  void HSet(uint64_t key) override { Append("HSET h:%llu field %s", key, kValue.c_str()); }
  void LockedGet(uint64_t key) override {
    Append("SET lock-%llu 1 EX 3 NX", key);
    Append("GET b:%llu", key);
    Append("DEL lock-%llu", key);
  }
  void Flush() override {
    for (; waiting_ > 0; --waiting_) {
      void* answer = nullptr;
      if (redisGetReply(context_, &answer) != REDIS_OK) throw std::runtime_error("connection lost");
      auto* const reply = static_cast<redisReply*>(answer);
      const bool error = reply->type == REDIS_REPLY_ERROR;
      const std::string text = error ? reply->str : "";
      freeReplyObject(reply);
      if (error) throw std::runtime_error(text);
    }
  }

 private:
  template <class... Rest>
  void Append(const char* format, uint64_t key, Rest... rest) {
    redisAppendCommand(context_, format, static_cast<unsigned long long>(key), rest...);
    if (++waiting_ >= pipeline_) Flush();
  }

  redisContext* context_;
  const size_t pipeline_;
  size_t waiting_ = 0;
};

// One statement a command, on tables that hold just the value.
class SqlClient : public Client {
 public:
  SqlClient(uint16_t port, const std::string& database) : mysql_(mysql_init(nullptr)) {
    if (mysql_real_connect(mysql_, kHost, "root", "", nullptr, port, nullptr, 0) == nullptr) {
      throw std::runtime_error(mysql_error(mysql_));
    }
    Run("CREATE DATABASE IF NOT EXISTS " + database);
    Run("USE " + database);
    Run("CREATE TABLE IF NOT EXISTS s (k VARBINARY(64) PRIMARY KEY CLUSTERED, v BLOB)");
    Run("CREATE TABLE IF NOT EXISTS n (k VARBINARY(64) PRIMARY KEY CLUSTERED, n BIGINT)");
    Run("CREATE TABLE IF NOT EXISTS h (k VARBINARY(64), f VARBINARY(64), v BLOB, "
        "PRIMARY KEY (k, f) CLUSTERED)");
    Run("CREATE TABLE IF NOT EXISTS l (k VARBINARY(64) PRIMARY KEY CLUSTERED, until_ms BIGINT)");
  }
  ~SqlClient() override { mysql_close(mysql_); }

  void Get(uint64_t key) override { Run("SELECT v FROM s WHERE k='" + std::to_string(key) + "'"); }
  void Set(uint64_t key) override {
    Run("REPLACE INTO s VALUES ('" + std::to_string(key) + "','" + kValue + "')");
  }
  void Incr(uint64_t key) override {
    Run("INSERT INTO n VALUES ('" + std::to_string(key) + "',1) ON DUPLICATE KEY UPDATE n=n+1");
  }
  void HSet(uint64_t key) override {
    Run("REPLACE INTO h VALUES ('" + std::to_string(key) + "','field','" + kValue + "')");
  }
  void LockedGet(uint64_t key) override {
    const std::string name = std::to_string(key);
    Run("INSERT IGNORE INTO l VALUES ('" + name + "',UNIX_TIMESTAMP()+3)");
    Get(key);
    Run("DELETE FROM l WHERE k='" + name + "'");
  }

 protected:
  void Run(const std::string& sql) {
    // A plain client runs a statement again when another was faster.
    for (int attempt = 0; mysql_real_query(mysql_, sql.data(), sql.size()) != 0; ++attempt) {
      if (attempt == 100) throw std::runtime_error(mysql_error(mysql_));
    }
    if (MYSQL_RES* const rows = mysql_store_result(mysql_)) mysql_free_result(rows);
  }

 private:
  MYSQL* mysql_;
};

// One statement a command, and each leaves what Redis's does: a type, an expiry that an index
// finds, the events that others are to hear of. HSET keeps its table: no statement changes a packed
// hash.
class SqlRowsClient final : public SqlClient {
 public:
  SqlRowsClient(uint16_t port, const std::string& database) : SqlClient(port, database) {
    Run("CREATE TABLE IF NOT EXISTS r (db SMALLINT UNSIGNED NOT NULL, k VARBINARY(3070) NOT NULL, "
        "type TINYINT UNSIGNED NOT NULL, expire_at BIGINT, v MEDIUMBLOB, "
        "events VARBINARY(16384) NOT NULL, shard TINYINT UNSIGNED NOT NULL, "
        "PRIMARY KEY (db, k) CLUSTERED, KEY due (shard, expire_at))");
  }

  void Get(uint64_t key) override {
    Run("SELECT type,expire_at,v FROM r WHERE db=0 AND k='" + std::to_string(key) + "'");
  }
  void Set(uint64_t key) override {
    Insert(key, std::string("1,NULL,'") + kValue + "','set'",
           "events=IF(expire_at<" + kNow + ",'expired,set','set'),type=1,expire_at=NULL," +
               "v=VALUES(v),shard=VALUES(shard)");
  }
  void Incr(uint64_t key) override {
    Insert(key + kCounters, "1,NULL,1,'incrby'",
           "v=IF(type=0 OR expire_at<" + kNow + ",1,v+1),type=1,events='incrby'");
  }
  void LockedGet(uint64_t key) override {
    const std::string taken = "IF(type=0 OR expire_at<" + kNow + ",VALUES(";
    Insert(key + kLocks, "1," + kNow + "+3000,'1','set,expire'",
           "events=" + taken + "events),events),v=" + taken +
               "v),v),shard=VALUES(shard),expire_at=" + taken + "expire_at),expire_at),type=1");
    Get(key);
    Run("UPDATE r SET type=0,v=NULL,events='del',expire_at=" + kNow + "+600000 WHERE db=0 AND k='" +
        std::to_string(key + kLocks) + "' AND type<>0");
  }

 private:
  static constexpr uint64_t kLocks = 1'000'000;  // keys from here on
  static constexpr uint64_t kCounters = 2'000'000;
  const std::string kNow = "(UNIX_TIMESTAMP(NOW(3))*1000)";

  void Insert(uint64_t key, const std::string& columns, const std::string& update) {
    Run("INSERT INTO r (db,k,type,expire_at,v,events,shard) VALUES (0,'" + std::to_string(key) +
        "'," + columns + "," + std::to_string(key % 16) + ") ON DUPLICATE KEY UPDATE " + update);
  }
};

}  // namespace

std::unique_ptr<Client> ConnectRedis(uint16_t port, size_t pipeline) {
  return std::make_unique<RedisClient>(port, pipeline);
}

std::unique_ptr<Client> ConnectSql(uint16_t port, const std::string& database) {
  return std::make_unique<SqlClient>(port, database);
}

std::unique_ptr<Client> ConnectSqlRows(uint16_t port, const std::string& database) {
  return std::make_unique<SqlRowsClient>(port, database);
}

uint64_t BackendFigure(uint16_t port, const std::string& name) {
  redisContext* const context = redisConnect(kHost, port);
  auto* const reply = static_cast<redisReply*>(redisCommand(context, "INFO backend"));
  const std::string text = reply == nullptr ? "" : std::string(reply->str, reply->len);
  freeReplyObject(reply);
  redisFree(context);
  const size_t at = text.find(name + ":");
  if (at == std::string::npos) throw std::runtime_error("INFO backend has no " + name);
  return std::stoull(text.substr(at + name.size() + 1));
}

}  // namespace tideway::bench
