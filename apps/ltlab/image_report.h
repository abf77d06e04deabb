#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "ltlab/analysis/image_comparison.h"
#include "text_table.h"

namespace ltlab::app {

/// Returns tables of what networks say of the test images one by one: agreement with the base, calibration,
/// and accuracy by class.
std::vector<TextTable> image_tables(const std::vector<ImageResult>& results, const Comparison& comparison);

/// Returns all figures, a row for each variant and density.
nlohmann::ordered_json images_json(const std::vector<ImageResult>& results, const Comparison& comparison);

}  // namespace ltlab::app
