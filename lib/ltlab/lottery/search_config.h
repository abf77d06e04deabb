#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/data/dataset.h"
#include "ltlab/nn/initialization.h"
#include "ltlab/nn/kernel_policies.h"
#include "ltlab/prune/pruning.h"
#include "ltlab/train/trainer.h"

namespace ltlab {

/// What a ticket is compared with (Frankle & Carbin 2019, sections 2 and 4).
enum class Control {
  random_reinit,  ///< the ticket's mask, weights drawn anew; trained from step 0
  random_mask  ///< the ticket's weights before training under a random mask of the same density in each layer
};

/// random-reinit | random-mask
const NameTable<Control>& control_names();

/// A search for winning tickets: everything that decides its results.
struct SearchConfig {
  DatasetOptions data;
  std::string model = "lenet-300-100";
  Initialization initialization = Initialization::glorot_normal_truncated;
  TrainingConfig training;

  double rate = 0.2;                  ///< fraction of a layer's survivors pruned a round
  std::optional<double> output_rate;  ///< of the output layer; default rate / 2
  PruningScope scope = PruningScope::layerwise;
  std::uint64_t rewind_step = 0;        ///< survivors return to their weights at this step
  std::optional<unsigned> levels = 10;  ///< pruned levels, after the dense level 0; none: no limit
  double target_density = 0;            ///< stop at the first level at or below it, if that comes sooner

  std::vector<Control> controls;
  unsigned trials = 1;  ///< of each control, at each level
  unsigned replicates = 1;
  std::uint64_t seed = 0;  ///< replicate r has seed + r
  KernelPolicies kernel = KernelPolicy::automatic;

  double rate_of_output_layer() const { return output_rate.value_or(rate / 2); }
};

/// Throws ConfigError for values that make no sense, naming the option of the command line.
void check(const SearchConfig& config);

/// What decides the results, and how far the search goes (levels, target density, controls, trials,
/// replicates): canonical text, a line `option = value` each, in the format of --config, as run.h5 keeps it.
std::string config_text(const SearchConfig& config);
std::string extent_text(const SearchConfig& config);

/// Model, rates and scope of a run's config text, all else as by default. ConfigError where one is missing or
/// malformed.
SearchConfig pruning_settings(const std::string& config_text);

/// Where two config texts differ: "steps: 1000 before, 2000 now". A search may go on only where this is
/// empty.
std::vector<std::string> differences(const std::string& before, const std::string& now);

}  // namespace ltlab
