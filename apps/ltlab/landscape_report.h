#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "ltlab/analysis/landscape_file.h"

namespace ltlab::app {

/// Prints a table per kind of line, one row per level: means over the runs, and test error along it.
void print_lines(std::ostream& out, const std::vector<MeasuredLine>& lines);
/// Prints one row per level: the means over the runs.
void print_sharpness(std::ostream& out, const std::vector<MeasuredSharpness>& all);

/// All of it as a JSON array, with one entry per line or level of a run.
nlohmann::ordered_json lines_json(const std::vector<MeasuredLine>& lines);
/// The instability of each level, of lines between copies.
nlohmann::ordered_json instability_json(const std::vector<MeasuredLine>& copies);
nlohmann::ordered_json sharpness_json(const std::vector<MeasuredSharpness>& all);

/// Prints one row per point, or per eigenvalue, with a header.
void print_lines_csv(std::ostream& out, const std::vector<MeasuredLine>& lines);
void print_sharpness_csv(std::ostream& out, const std::vector<MeasuredSharpness>& all);

}  // namespace ltlab::app
