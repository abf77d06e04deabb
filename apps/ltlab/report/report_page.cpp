#include "report/report_page.h"

#include "json_output.h"
#include "text_table.h"

namespace ltlab::app {
namespace {

// Replaces every occurrence of the place.
void fill_in(std::string& page, const std::string& place, const std::string& text) {
  for (std::size_t at = page.find(place); at != std::string::npos; at = page.find(place, at + text.size()))
    page.replace(at, place.size(), text);
}

// A path need not be UTF-8, but a page must be.
std::string as_utf8(const std::string& text) {
  return nlohmann::ordered_json::parse(json_text(text)).get<std::string>();
}

}  // namespace

std::string report_page(const std::string& title, const nlohmann::ordered_json& data) {
  std::string page = kPageHtml;
  fill_in(page, "{{title}}", escaped(as_utf8(title), {{'<', "&lt;"}, {'&', "&amp;"}}));
  fill_in(page, "{{style}}", kPageCss);
  fill_in(page, "{{script}}", kPageJs);
  // '<' must begin neither a tag nor "</script>"; JSON has it only in strings, where this is equivalent.
  fill_in(page, "{{data}}", escaped(json_text(data), {{'<', "\\u003c"}}));
  return page;
}

}  // namespace ltlab::app
