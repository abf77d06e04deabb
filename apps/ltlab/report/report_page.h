#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace ltlab::app {

/// The parts of the page, as they lie beside this file: the build embeds them.
extern const char* const kPageHtml;
extern const char* const kPageCss;
extern const char* const kPageJs;

/// The whole page, which shows `data`, a document of report_data(), under `title`.
std::string report_page(const std::string& title, const nlohmann::ordered_json& data);

}  // namespace ltlab::app
