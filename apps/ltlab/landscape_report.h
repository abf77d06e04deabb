#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "ltlab/analysis/landscape_file.h"

namespace ltlab::app {

/// For each kind of line a table, a row a level: the means over the runs, with the test error along the line.
void print_lines(std::ostream& out, const std::vector<MeasuredLine>& lines);
/// A row a level: the means over the runs.
void print_sharpness(std::ostream& out, const std::vector<MeasuredSharpness>& all);

/// All of it for machines: an array, an entry a line or a level of a run.
nlohmann::ordered_json lines_json(const std::vector<MeasuredLine>& lines);
nlohmann::ordered_json sharpness_json(const std::vector<MeasuredSharpness>& all);

/// A row a point, or an eigenvalue, with a header.
void print_lines_csv(std::ostream& out, const std::vector<MeasuredLine>& lines);
void print_sharpness_csv(std::ostream& out, const std::vector<MeasuredSharpness>& all);

}  // namespace ltlab::app
