#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ltlab/store/records.h"

namespace ltlab {

/// One training that a search recorded.
struct RecordedTraining {
  std::uint64_t seed = 0;  ///< of its replicate
  std::string branch;      ///< as in RunRecord
  std::uint64_t trial = 0;
  LevelSummary summary;
};

/// What a search left, finished or not, as a comparison needs it.
struct RecordedRun {
  std::string name;    ///< in the comparison
  std::string config;  ///< as in RunRecord
  std::string model, dataset, dataset_fingerprint;
  std::vector<RecordedTraining> trainings;
};

/// Reads the run in `folder`, one replicate's or a collection's, without masks and weights, as far as it has
/// gone: replicates that have trained their dense networks. An imported run's levels are tickets. ConfigError
/// where there is none or but a control, or where an import tells no accuracy; DataError where no replicate
/// has trained its dense network; StoreError.
RecordedRun read_recorded_run(const std::filesystem::path& folder, const std::string& name);

/// One network of a variant: what a level trained with one seed. Of several trials of a control the means.
struct VariantNetwork {
  double density = 1;
  double test_accuracy = 0;
  double early_stop_step = 0, early_stop_test_accuracy = 0;
  /// FLOPs of all trainings that it takes to obtain this network, its own and those before; see
  /// variants_of().
  double flops = 0;
  /// The same over what training the dense network takes; 0 where that is not known, as of imports.
  double relative_flops = 0;
};

/// One way to obtain sparse networks: a search's tickets, or one of its controls.
struct Variant {
  std::string name;  ///< "imp" of a run of that name, its controls "imp/random-reinit"
  /// By level and seed. Level 0, the dense network, is the ticket's for controls too.
  std::map<unsigned, std::map<std::uint64_t, VariantNetwork>> levels;
};

/// The run's tickets, then its controls. What a network costs follows from when it is pruned, as the run's
/// config says: after training it takes all levels before (a control with the ticket's mask likewise, but for
/// the last, its own); in one shot the dense level 0; otherwise its own training alone, and of the dense one
/// the steps up to where it was rewound. Of the last kind are random masks, and masks that another run saved
/// (--from), whatever it took to find them. Each takes its seed's pretraining.
std::vector<Variant> variants_of(const RecordedRun& run);

}  // namespace ltlab
