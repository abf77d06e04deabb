#pragma once

#include <string>

namespace ltlab {

/// Returns the texts that `to_text` makes of the items, with `separator` between them.
template <class Items, class ToText>
std::string join(const Items& items, const std::string& separator, const ToText& to_text) {
  std::string text;
  bool first = true;
  for (const auto& item : items) {
    if (!first) text += separator;
    text += to_text(item);
    first = false;
  }
  return text;
}

/// Returns the words with `separator` between them.
template <class Words>
std::string join(const Words& words, const std::string& separator) {
  return join(words, separator, [](const std::string& word) { return word; });
}

}  // namespace ltlab
