#include "backend/tidb/housekeeper.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "backend/tidb/schema.h"
#include "backend/tidb/sql_numbers.h"
#include "backend/tidb/sql_text.h"
#include "backend/tidb/tombstone.h"

namespace tideway::backend {
namespace {

using Value = SqlRows::Value;

constexpr int64_t kPacketTimeoutMs = 5'000;
// A packet is begun only when the lease stands so much longer.
constexpr int64_t kLeaseRestMs = 500;
constexpr int64_t kDueLookMs = 200;
// Counting takes at most a hundredth of the time.
constexpr int64_t kCountLookMs = 5'000;
constexpr int64_t kCountPause = 100;
constexpr int64_t kCountRetryMs = 10 * 60 * 1'000;
constexpr int64_t kFlushedLookMs = 5'000;
constexpr int64_t kOrphansLookMs = 10'000;
constexpr int64_t kOldLookMs = 60'000;
constexpr int64_t kSettingsLookMs = 500;
// Keys in one transaction, and what conflicts with busy clients can bring it down to.
constexpr size_t kKeysMax = 1'000;
constexpr size_t kKeysMin = 16;
// Markers and cursors that nobody has used for so long are forgotten.
constexpr int64_t kForgetMs = 60 * 60 * 1'000;

std::string OwnerName(uint64_t seed) {
  std::array<char, 256> host = {};
  gethostname(host.data(), host.size() - 1);
  return std::string(host.data()).substr(0, 200) + ":" + std::to_string(getpid()) + ":" +
         std::to_string(seed);
}

void AppendFlushTimes(SqlText& sql) {
  sql.Sql(";SELECT ").Sql(kKeyColumnsWithoutValue).Sql(" FROM tw_keys WHERE db=");
  sql.Number(kFlushRowsDb).Sql(";SELECT @@tidb_current_ts");
}

}  // namespace

Housekeeper::Housekeeper(const std::vector<SqlEndpoint>& endpoints, uint32_t databases,
                         const Clock& clock, TsoClock& time, TidbCounters& counters,
                         DatabaseSizes& sizes, ThreadPort& port, SharedSettings& settings,
                         uint64_t seed, std::function<void(std::vector<ExpiredKey>)> on_expired,
                         std::function<void(const std::string&, const std::string&)> on_setting)
    : databases_(databases),
      clock_(clock),
      time_(time),
      counters_(counters),
      sizes_(sizes),
      settings_(settings),
      on_expired_(std::move(on_expired)),
      on_setting_(std::move(on_setting)),
      flushes_(databases),
      lease_("housekeeping", OwnerName(seed)),
      slot_(port, endpoints, seed, seed, 0, [] {}),
      keys_a_step_(kKeysMax),
      walked_(databases, 0) {}

void Housekeeper::Look() {
  if (busy_ || !slot_.idle()) return;
  const int64_t now_ms = NowMs();
  if (!lost_.empty()) {
    LookForLost();
  } else if (now_ms >= settings_due_ms_ || settings_.pending()) {
    settings_due_ms_ = now_ms + kSettingsLookMs;
    Send(settings_.NextSql(), &Housekeeper::OnSettings);
  } else if (now_ms >= lease_due_ms_ && expires_) {
    lease_due_ms_ = now_ms + Lease::kLookMs;
    Send(lease_.LookSql(), &Housekeeper::OnLeaseLooked);
  } else if (now_ms >= count_due_ms_) {
    count_due_ms_ = now_ms + kCountLookMs;
    CountKeys();
  } else if (!lease_.held(now_ms, kLeaseRestMs)) {
    return;
  } else if (expires_ && now_ms >= due_due_ms_) {
    due_due_ms_ = now_ms + kDueLookMs;
    LookForDue();
  } else if (now_ms >= flushed_due_ms_) {
    flushed_due_ms_ = now_ms + kFlushedLookMs;
    LookForFlushed();
  } else if (now_ms >= orphans_due_ms_) {
    orphans_due_ms_ = now_ms + kOrphansLookMs;
    LookForOrphans();
  } else if (now_ms >= old_due_ms_) {
    old_due_ms_ = now_ms + kOldLookMs;
    const uint64_t before = static_cast<uint64_t>(std::max<int64_t>(0, time_.NowMs() - kForgetMs))
                            << kCommitTsLogicalBits;
    std::string text;
    SqlText sql(text);
    sql.Sql("BEGIN OPTIMISTIC;DELETE FROM tw_markers WHERE start_ts<").Number(before);
    sql.Sql(" AND fenced<").Number(before).Sql(" LIMIT 1000;");
    const auto old_cursors = [&](std::string_view what) {
      sql.Sql(what).Sql(" FROM tw_cursors WHERE touched_at<UNIX_TIMESTAMP()-");
      sql.Number(kForgetMs / 1000);
    };
    old_cursors("DELETE");
    sql.Sql(" LIMIT 1000;COMMIT;");
    old_cursors("SELECT 1");
    sql.Sql(" LIMIT 1");
    Send(text, &Housekeeper::OnOldForgotten);
  }
}

void Housekeeper::Send(const std::string& sql, Handler handler) {
  if (!std::exchange(busy_, true)) slot_.Reserve();
  sent_ms_ = NowMs();
  TidbCounters::Add(counters_.packets);
  slot_.connection().Run(sql, kPacketTimeoutMs,
                         [this, handler](SqlReply reply) { (this->*handler)(std::move(reply)); });
}

void Housekeeper::Done(const SqlReply& reply, bool more) {
  busy_ = false;
  slot_.Release(reply.error.ok()                ? ConnectionSlot::After::kClean
                : reply.error.connection_lost() ? ConnectionSlot::After::kBroken
                                                : ConnectionSlot::After::kOpen);
  if (more) Look();
}

// --- the lease

void Housekeeper::OnLeaseLooked(SqlReply reply) {
  if (!reply.error.ok()) {
    Done(reply);
    return;
  }
  const int64_t looked_at_ms = sent_ms_;
  const int64_t now_ms = NowMs();
  const std::string take = lease_.TakeSql(reply);
  time_.Learn(lease_.looked_ts(), looked_at_ms, now_ms);
  Send(take, &Housekeeper::OnLeaseTaken);
  sent_ms_ = looked_at_ms;  // from which the lease counts
}

void Housekeeper::OnLeaseTaken(SqlReply reply) {
  lease_.Taken(reply, sent_ms_);
  Done(reply, true);
}

// --- due keys and old tombstones: one index has both

void Housekeeper::LookForDue() {
  std::string text;
  SqlText sql(text);
  sql.Sql("BEGIN OPTIMISTIC;SELECT ").Sql(kKeyColumnsWithoutValue);
  sql.Sql(" FROM tw_keys FORCE INDEX(due) WHERE shard IN (");
  for (uint32_t shard = 0; shard < kExpiryShards; ++shard) {
    if (shard > 0) sql.Sql(",");
    sql.Number(shard);
  }
  sql.Sql(") AND expire_at<(@@tidb_current_ts>>18) AND db<").Number(databases_);
  sql.Sql(" LIMIT ").Number(uint64_t{keys_a_step_});
  AppendFlushTimes(sql);
  Send(text, &Housekeeper::OnDue);
}

void Housekeeper::OnDue(SqlReply reply) {
  if (!reply.error.ok() || reply.results.size() < 4) {
    Done(reply);
    return;
  }
  flushes_.LearnAll(reply.results[2]);
  reply.results[3].ForEach(
      [&](std::span<const Value> row) { expiring_ts_ = NumberOf<uint64_t>(row[0], 0); });
  expiring_.clear();
  std::vector<SqlKey> expire;
  std::vector<SqlKey> remove;
  reply.results[1].ForEach([&](std::span<const Value> row) {
    const auto key = ReadKeyRow(row, databases_);
    if (!key) return;
    if (!key->live(flushes_)) {
      remove.push_back({key->db, key->key});
      return;
    }
    expire.push_back({key->db, key->key});
    expiring_.push_back({key->db, std::string(key->key)});
  });
  more_due_ = reply.results[1].size() >= keys_a_step_;
  if (expire.empty() && remove.empty()) {
    Send("ROLLBACK", &Housekeeper::OnEnded);
    return;
  }
  std::string text;
  SqlText sql(text);
  if (!expire.empty()) {
    sql.Sql("UPDATE tw_keys SET type=0,v=NULL,incarnation=NULL,events='expired',");
    sql.Sql("rev=@@tidb_current_ts,expire_at=(@@tidb_current_ts>>18)+").Number(kTombstoneMs);
    sql.Sql(" WHERE");
    AppendKeyIn(sql, expire);
    sql.Sql(";");
  }
  AppendDeleteKeys(sql, remove);
  sql.Sql("COMMIT");
  Send(text, &Housekeeper::OnExpired);
}

void Housekeeper::OnExpired(SqlReply reply) {
  if (reply.error.ok()) {
    keys_a_step_ = std::min(kKeysMax, keys_a_step_ * 2);
    TidbCounters::Add(counters_.expired_keys, expiring_.size());
    if (!expiring_.empty()) on_expired_(std::exchange(expiring_, {}));
  } else {
    // Somebody wrote one of them: fewer at once, and again.
    keys_a_step_ = std::max(kKeysMin, keys_a_step_ / 2);
    more_due_ = !reply.error.connection_lost();
    if (reply.error.connection_lost()) lost_ = std::exchange(expiring_, {});
  }
  if (more_due_) due_due_ms_ = 0;
  Done(reply, more_due_);
}

// Expired keys whose COMMIT was not answered: those whose rows are of that transaction are told.
void Housekeeper::LookForLost() {
  std::vector<SqlKey> keys;
  for (const ExpiredKey& key : lost_) keys.push_back({key.db, key.key});
  std::string text;
  SqlText sql(text);
  sql.Sql("SELECT db,k FROM tw_keys WHERE rev=").Number(expiring_ts_).Sql(" AND type=0 AND");
  AppendKeyIn(sql, keys);
  Send(text, &Housekeeper::OnLost);
}

void Housekeeper::OnLost(SqlReply reply) {
  if (reply.error.ok()) {
    lost_.clear();
    reply.results[0].ForEach([&](std::span<const Value> row) {
      if (row[1]) lost_.push_back({NumberOf<uint32_t>(row[0], 0), std::string(*row[1])});
    });
    TidbCounters::Add(counters_.expired_keys, lost_.size());
    if (!lost_.empty()) on_expired_(std::exchange(lost_, {}));
  }
  Done(reply);
}

// --- how many keys there are

void Housekeeper::CountKeys() {
  std::string text;
  SqlText sql(text);
  // Everything else waits for it.
  sql.Sql("SELECT /*+ MAX_EXECUTION_TIME(300) */ k.db,COUNT(*),COUNT(k.expire_at),");
  sql.Sql("AVG(k.expire_at) FROM tw_keys k LEFT JOIN (SELECT k,rev FROM tw_keys WHERE db=");
  sql.Number(kFlushRowsDb).Sql(") d ON d.k=CAST(k.db AS CHAR) WHERE k.db<").Number(kFlushRowsDb);
  sql.Sql(" AND k.type<>0 AND IFNULL(k.rev,~0)>=IFNULL(d.rev,0) GROUP BY k.db");
  Send(text, &Housekeeper::OnCounted);
}

void Housekeeper::OnCounted(SqlReply reply) {
  if (reply.error.ok() && !reply.results.empty()) {
    std::vector<DatabaseStats> sizes(databases_);
    reply.results[0].ForEach([&](std::span<const Value> row) {
      const auto db = NumberOf<uint32_t>(row[0], databases_);
      if (db >= databases_) return;
      sizes[db] = {NumberOf<uint64_t>(row[1], 0), NumberOf<uint64_t>(row[2], 0),
                   NumberOf<int64_t>(row[3], 0)};
    });
    sizes_.Set(std::move(sizes));
    const int64_t now_ms = NowMs();
    count_due_ms_ = std::max(count_due_ms_, now_ms + (now_ms - sent_ms_) * kCountPause);
  } else {
    count_due_ms_ = NowMs() + kCountRetryMs;  // too many to count in passing
  }
  Done(reply);
}

void Housekeeper::OnOldForgotten(SqlReply reply) {
  // Each step of a SCAN leaves one.
  if (reply.error.ok() && reply.results.back().size() > 0) old_due_ms_ = 0;
  Done(reply);
}

void Housekeeper::OnSettings(SqlReply reply) {
  for (const auto& [name, value] : settings_.Take(reply)) on_setting_(name, value);
  Done(reply);
}

void Housekeeper::OnEnded(SqlReply reply) { Done(reply); }

}  // namespace tideway::backend
