#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ltlab/lottery/replicate.h"

namespace ltlab {

/// The place of the weights after pretraining, relative to the run that starts with them.
inline constexpr auto kPretrainedWeights = "pretraining/level-000.h5";
/// Stands for a level in naming the order in which pretraining sees its images.
inline constexpr std::uint64_t kPretrainingOrder = std::uint64_t{1} << 32;

/// Returns the folder of a replicate's pretraining: "pretraining" within the replicate's.
std::filesystem::path pretraining_folder(const std::filesystem::path& replicate);

/// Throws ConfigError where the config wants pretraining and there is no dataset for it, or its images differ
/// in extents from the search's: the layers would not fit.
void check_pretraining(const SearchConfig& config, const Dataset& dataset, const Dataset* pretraining);

/// Returns the description of the model that is pretrained to tell `classes` apart: the search's; where it
/// states its widths, the last one is changed.
std::string pretraining_model(const std::string& model, std::size_t classes);

/// Returns the weights that the lottery starts from: the pretrained ones, but the output layer in `drawn`
/// where the pretrained one is for another number of classes.
std::vector<Tensor> adapted(const std::vector<Tensor>& pretrained, std::vector<Tensor> drawn);

/// The run of a replicate's pretraining, and its one level as it begins.
struct Pretraining {
  RunRecord run;
  LevelStart start;
};
Pretraining plan_pretraining(const Replicate& replicate, const TrainingData& data);

}  // namespace ltlab
