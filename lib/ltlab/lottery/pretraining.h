#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ltlab/lottery/replicate.h"

namespace ltlab {

/// Where the weights that pretraining left are stored, seen from the run that starts with them.
inline constexpr auto kPretrainedWeights = "pretraining/level-000.h5";
/// In place of a level, names the order in which pretraining sees its images.
inline constexpr std::uint64_t kPretrainingOrder = std::uint64_t{1} << 32;

/// The folder of a replicate's pretraining: "pretraining" within the replicate's.
std::filesystem::path pretraining_folder(const std::filesystem::path& replicate);

/// Throws ConfigError unless there is a dataset for pretraining where the config wants one, whose images have
/// the extents of the search's: else the layers would not fit.
void check_pretraining(const SearchConfig& config, const Dataset& dataset, const Dataset* pretraining);

/// The description of the model that is pretrained to tell `classes` apart: that of the search; one that says
/// its widths, with another last one.
std::string pretraining_model(const std::string& model, std::size_t classes);

/// The weights that the lottery starts from: the pretrained ones, and in place of an output layer for another
/// number of classes the one in `drawn`.
std::vector<Tensor> adapted(const std::vector<Tensor>& pretrained, std::vector<Tensor> drawn);

/// The run of a replicate's pretraining, and its one level as it begins.
struct Pretraining {
  RunRecord run;
  LevelStart start;
};
Pretraining plan_pretraining(const Replicate& replicate, const TrainingData& data);

}  // namespace ltlab
