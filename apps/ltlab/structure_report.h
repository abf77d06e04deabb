#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "ltlab/analysis/level_structure.h"

namespace ltlab::app {

/// Prints a row per level: densities, dead neurons, accuracy, and what each layer has left and has lost.
void print_levels(std::ostream& out, const std::vector<LevelReport>& levels);

/// Prints one level in detail: its layers' masks and weights, with histograms. `record` is that level.
void print_level(std::ostream& out, const LevelReport& report, const LevelRecord& record);

/// Returns whether no path leads from an input to an output: an effective density of 0.
bool is_cut(const LevelReport& level);
/// Returns what cut the network in two (layer collapse, Tanaka et al. 2020): a sentence to follow a colon.
std::string collapse_text(const LevelReport& level);

/// Returns all of it as a JSON array of levels; unknown values are null.
nlohmann::ordered_json levels_json(const std::vector<LevelReport>& levels);

/// Prints one row per layer of a level, with a header; unknown values are empty.
void print_csv(std::ostream& out, const std::vector<LevelReport>& levels);

}  // namespace ltlab::app
