#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "ltlab/analysis/level_structure.h"

namespace ltlab::app {

/// A row a level: densities, dead neurons, accuracy, and of each layer what is left and what was pruned.
void print_levels(std::ostream& out, const std::vector<LevelReport>& levels);

/// One level in detail: its layers' masks and weights, with histograms. `record` is the level reported.
void print_level(std::ostream& out, const LevelReport& report, const LevelRecord& record);

/// Whether no path leads from an input to an output: an effective density of 0.
bool is_cut(const LevelReport& level);
/// Names of the layers without a survivor.
std::vector<std::string> empty_layers(const LevelReport& level);
/// What cut the network in two (layer collapse, Tanaka et al. 2020): a sentence that follows a colon.
std::string collapse_text(const LevelReport& level);

/// All of it for machines: an array of levels; what is not known is null.
nlohmann::ordered_json levels_json(const std::vector<LevelReport>& levels);

/// A row a layer of a level, with a header; what is not known is empty.
void print_csv(std::ostream& out, const std::vector<LevelReport>& levels);

}  // namespace ltlab::app
