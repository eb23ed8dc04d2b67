#include <cstdio>
#include <string>

#include "backend/version.h"

int main() {
  std::puts(("tideway " + std::string(tideway::Version())).c_str());
  return 0;
}
