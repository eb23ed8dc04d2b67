// How the outcome of a lost COMMIT is found out, and not guessed.
//
// Each transaction that writes also writes its connection's row in tw_markers, with a number that
// grows. When the answer to a COMMIT is lost, another connection writes the same row: if it finds
// the number there, the transaction was applied. If it does not, its own commit makes sure that the
// lost one, should it still be on its way, meets a conflict.
#pragma once

#include <cstdint>
#include <string>

#include "backend/clock.h"
#include "backend/tidb/sql_connection.h"
#include "backend/tidb/sql_text.h"

namespace tideway::backend {

/// Who commits: a number of the connection that no other ever had, and of its transaction.
struct Marker {
  uint64_t connection = 0;
  uint64_t number = 0;
};

/// The statement of a transaction that says it was applied.
void AppendMarker(SqlText& sql, const Marker& marker);
/// The same for a transaction of one packet. It fails, and with it the transaction, when the
/// connection was fenced (kRefusedByRow): the packet may have been on its way all that time, and
/// its BEGIN then comes after the fence and meets no conflict. A connection that was fenced is
/// never used again.
void AppendMarkerUnlessFenced(SqlText& sql, const Marker& marker);

/// The error of statements that look at a row and refuse: NULL in a column that has none.
inline constexpr unsigned kRefusedByRow = 1048;

/// The packet that decides.
void AppendFence(SqlText& sql, const Marker& marker);

struct FenceAnswer {
  enum class Fate : uint8_t {
    kApplied,
    kNever,    // and never will be
    kUnknown,  // send the fence again
  };
  Fate fate = Fate::kUnknown;
  CommitTs start_ts = 0;  // of the applied transaction; 0 when later ones have overwritten it
};
FenceAnswer JudgeFence(const SqlReply& reply, const Marker& marker);

}  // namespace tideway::backend
