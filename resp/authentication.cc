#include "resp/authentication.h"

#include "resp/session.h"

namespace tideway::resp {
namespace {

bool EqualInConstantTime(std::string_view secret, std::string_view guess) {
  unsigned difference = secret.size() == guess.size() ? 0 : 1;
  for (size_t i = 0; i < guess.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned char>(expected ^ guess[i]);
  }
  return difference == 0;
}

}  // namespace

bool CheckPassword(const Settings& settings, std::string_view user, std::string_view password) {
  if (user != "default") return false;
  return settings.requirepass.empty() || EqualInConstantTime(settings.requirepass, password);
}

bool Allows(Allowed setting, const Session& session) {
  if (setting != Allowed::kLocal) return setting == Allowed::kYes;
  const std::string& peer = session.transport.peer_address();
  return session.unix_socket || peer.starts_with("127.") || peer.starts_with("[::1]");
}

}  // namespace tideway::resp
