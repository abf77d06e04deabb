#pragma once

#include <string>
#include <vector>

#include "command_line.h"
#include "ltlab/lottery/search_config.h"

namespace ltlab::app {

/// What `ltlab search` is asked to do.
struct SearchRequest {
  SearchConfig config;
  std::string out;  ///< folder of the run
  unsigned workers = 1;
  bool resume = false, force = false, json = false, help = false;
  std::string help_text;
};

/// Reads the command line, then --config, then --preset: what comes first wins. With --resume and a run in
/// `out`, what none of them sets comes from the run itself. Throws ConfigError.
SearchRequest parse_search(const Arguments& arguments);

}  // namespace ltlab::app
