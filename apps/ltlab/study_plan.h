#pragma once

#include <ostream>
#include <string>

#include "comparison_file.h"

namespace ltlab::app {

/// What it takes to complete a study.
struct StudyPlan {
  /// The trainings of all its searches and trials; dense networks that they share count once a search.
  std::size_t trainings = 0;
  std::size_t recorded = 0;  ///< of those, by now
  double seconds = 0;  ///< that the missing ones take at most, if all were dense; 0 where none is missing
  double bytes = 0;    ///< that they take on disk, at most
};

/// Plans the searches and trials of all specifications in `out`, as many trainings side by side. Where some
/// are missing, loads the data and times steps of the dense network for half a second. ConfigError for a
/// claim about a density that no level will have; errors as of load_dataset(), and of plan_search() where a
/// search does not fit its data.
StudyPlan plan_study(const ComparisonFile& file, const std::string& out, unsigned workers);

void print_plan(std::ostream& out, const StudyPlan& plan, unsigned workers);

/// Returns how many trainings are recorded of a study's searches and trials.
std::size_t recorded_trainings(const ComparisonFile& file, const std::string& out);

}  // namespace ltlab::app
