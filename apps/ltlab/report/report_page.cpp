#include "report/report_page.h"

namespace ltlab::app {
namespace {

// Replaces every occurrence of the place.
void fill_in(std::string& page, const std::string& place, const std::string& text) {
  for (std::size_t at = page.find(place); at != std::string::npos; at = page.find(place, at + text.size()))
    page.replace(at, place.size(), text);
}

// '<' must begin neither a tag nor "</script>"; JSON has it only in strings, where this is equivalent.
std::string without_tags(const std::string& json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

std::string escaped(const std::string& text) {
  std::string html;
  for (const char c : text) html += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return html;
}

// A path need not be UTF-8, but a page must be.
std::string as_utf8(const std::string& text) {
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  return nlohmann::json::parse(nlohmann::json(text).dump(-1, ' ', false, kReplace)).get<std::string>();
}

}  // namespace

std::string report_page(const std::string& title, const nlohmann::ordered_json& data) {
  std::string page = kPageHtml;
  fill_in(page, "{{title}}", escaped(as_utf8(title)));
  fill_in(page, "{{style}}", kPageCss);
  fill_in(page, "{{script}}", kPageJs);
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;  // a path need not be UTF-8
  fill_in(page, "{{data}}", without_tags(data.dump(-1, ' ', false, kReplace)));
  return page;
}

}  // namespace ltlab::app
