#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ltlab/config/search_config.h"

namespace ltlab::app {

/// The searches that a comparison file names, the base first: what each is called, and what it is.
using NamedSearches = std::vector<std::pair<std::string, SearchConfig>>;

/// Reads lines `option = value`, the base's settings as in --config of a search, and `variant.NAME.option =
/// value`, in what a variant differs from the base: a variant has the base's lines, `preset` among them, with
/// its own in place of the same. Seeds are for all alike, so that replicates pair.
/// `data_directory` as of parse_settings(). ConfigError, which names the file and the variant; also where
/// searches would differ in data, model or budget and `allow_different` does not hold.
NamedSearches read_comparison_file(const std::string& path, const std::string& data_directory,
                                   bool allow_different);

}  // namespace ltlab::app
