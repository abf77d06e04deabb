#pragma once

#include <cstdio>
#include <string>

namespace ltlab::app {

/// std::snprintf into a string; what goes past 255 bytes is cut.
template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, pattern, arguments...);
  return buffer;
}

}  // namespace ltlab::app
