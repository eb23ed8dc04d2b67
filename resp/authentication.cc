#include "resp/authentication.h"

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

}  // namespace tideway::resp
