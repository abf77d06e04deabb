#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ltlab/config/search_config.h"

namespace ltlab::app {

/// The searches that a comparison file names, the base first: the name and the config of each.
using NamedSearches = std::vector<std::pair<std::string, SearchConfig>>;

/// Reads lines `option = value`, the base's settings as in --config of a search, and lines
/// `variant.NAME.option = value`, in which a variant differs from the base. A variant has the base's lines,
/// `preset` among them, with its own replacing those of the same name. All have the same seeds, so that
/// replicates pair, and all levels show the images in the dense network's order unless `retrain-order` says
/// otherwise. `data_directory` is as for parse_settings(). ConfigError, naming the file and the
/// variant; also where searches would differ in data, model or budget and `allow_different` does not hold.
NamedSearches read_comparison_file(const std::string& path, const std::string& data_directory,
                                   bool allow_different);

}  // namespace ltlab::app
