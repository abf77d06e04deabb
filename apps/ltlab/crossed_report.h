#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "comparison_file.h"
#include "ltlab/analysis/variance_components.h"
#include "text_table.h"

namespace ltlab::app {

/// How much of a variant's spread of test accuracy at one density each seed of a crossed design makes.
struct CrossedResult {
  std::string variant;
  double density = 1, mean = 0;
  std::vector<VarianceComponent> components;
};

/// Throws ConfigError unless every option that the file varies is a seed, at least two are, and each
/// combination of them has one replicate.
void require_crossed_seeds(const ComparisonFile& file);

/// Returns the variance components of every variant at every density, of searches that have run in `out`.
/// Errors as of read_recorded_run().
std::vector<CrossedResult> crossed_results(const ComparisonFile& file, const std::string& out);

TextTable crossed_table(const ComparisonFile& file, const std::vector<CrossedResult>& results);
nlohmann::ordered_json crossed_json(const ComparisonFile& file, const std::vector<CrossedResult>& results);

}  // namespace ltlab::app
