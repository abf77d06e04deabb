#pragma once

#include <boost/program_options.hpp>

#include "ltlab/analysis/matching_levels.h"

namespace ltlab::app {

/// Adds --criterion and --margin, which say when a level matches the dense network.
void add_matching_options(boost::program_options::options_description& options);

/// Returns what they say. ConfigError.
MatchingOptions read_matching_options(const boost::program_options::variables_map& values);

}  // namespace ltlab::app
