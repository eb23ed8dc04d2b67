// Names as NATS subjects: any bytes become tokens, reversibly.
//
//   room:1/x        →  room:.1/.x          a token ends behind ':' or '/', which stay in it
//   a b             →  a%20b               bytes that a subject must not have, as two hex digits
//   room:           →  room:.%             the last token is what follows the last separator; %
//   alone
//                                          is the empty one
//   __keyspace@0__:k → __key.space@0__:.k  a leading __key is a token of its own, so that patterns
//                                          such as __key*__:x need not hear every channel
//
// After 16 tokens the rest is one token, separators and all. A name of more than kNameBytesMax
// encoded bytes takes the hash form instead: its first whole tokens (at most kHeadTokensMax, in at
// most kHeadBytesMax), then %h and the 32 hex digits of its hash; the name itself then travels
// beside the subject. So distinct names have distinct subjects, and all names that begin with the
// same whole tokens have subjects that begin with the same tokens, as far as HeadTokens() goes.
//
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tideway::cdc {

/// Tokens of a name before the rest becomes one.
inline constexpr size_t kNameTokensMax = 16;
/// Encoded bytes beyond which a name takes the hash form: with prefix, database and event it stays
/// far below NATS's control line of 4,096 bytes.
inline constexpr size_t kNameBytesMax = 960;
/// What of a name the hash form keeps, and what interest in many names may therefore rely on.
inline constexpr size_t kHeadTokensMax = 8;
inline constexpr size_t kHeadBytesMax = 512;

/// Appends the tokens of `name` to `subject`, each behind a '.'. True when it took the hash form.
bool AppendName(std::string_view name, std::string& subject);

/// Appends the whole tokens that every name which begins with `head` begins with, each behind a
/// '.', within kHeadTokensMax and kHeadBytesMax.
void AppendHead(std::string_view head, std::string& subject);

/// The name whose tokens these are ("room:.1"); nullopt for a hash form, and for text that
/// AppendName never makes.
std::optional<std::string> NameOf(std::string_view tokens);

/// True when the last token is a hash: the name travels beside the subject.
bool IsHashForm(std::string_view tokens);

/// True when the subscription `pattern`, which may have '*' and '>' tokens, hears `subject`. As
/// NATS servers decide it.
bool SubjectMatches(std::string_view pattern, std::string_view subject);

}  // namespace tideway::cdc
