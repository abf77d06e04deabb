#pragma once

namespace ltlab::app {

/// The parts of the page, as they lie beside this file: the build embeds them.
extern const char* const kPageHtml;
extern const char* const kPageCss;
extern const char* const kPageJs;

}  // namespace ltlab::app
