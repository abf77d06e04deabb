#pragma once

#include <set>
#include <string>

#include "ltlab/lottery/search_config.h"

namespace ltlab::app {

/// The names of the options that the user set, by where.
struct GivenOptions {
  std::set<std::string> command_line, config_file;
};

/// Throws ConfigError for a given option that the search would silently ignore: --momentum with adam. What
/// only a preset or a resumed run sets is not the user's, and an option of the --config file may lose its
/// meaning by a choice on the command line.
void refuse_ignored_options(const GivenOptions& given, const SearchConfig& config);

}  // namespace ltlab::app
