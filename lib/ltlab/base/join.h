#pragma once

#include <string>

namespace ltlab {

/// What `to_text` makes of each item, with `separator` between them.
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

/// The same of words.
template <class Words>
std::string join(const Words& words, const std::string& separator) {
  return join(words, separator, [](const std::string& word) { return word; });
}

}  // namespace ltlab
