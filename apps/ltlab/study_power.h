#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "comparison_file.h"

namespace ltlab::app {

/// What power is asked for.
struct PowerRequest {
  double power = 0.8;             ///< between 0 and 1
  std::optional<unsigned> seeds;  ///< planned; those of the study's last look where left out
};

/// Prints, for each claim, what the networks recorded in a study's folder tell, as a pilot: the spread over
/// seeds, the power of the planned seeds, the seeds that it takes, and what the planned seeds can show.
void print_power(std::ostream& out, const ComparisonFile& file, const std::string& pilot,
                 const PowerRequest& request);

}  // namespace ltlab::app
