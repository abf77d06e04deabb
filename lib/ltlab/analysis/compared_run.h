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
  std::filesystem::path file = {};  ///< of its level; empty of trainings that were not read from files
};

/// The record of a search, finished or not, as a comparison needs it.
struct RecordedRun {
  std::string name;    ///< in the comparison
  std::string config;  ///< as in RunRecord
  std::string model, dataset, dataset_fingerprint;
  std::vector<RecordedTraining> trainings;
  std::vector<RecordedRun> trials = {};  ///< by which its settings were chosen
};

/// Reads the run in `folder`, of one replicate or a collection, without masks and weights, as far as it has
/// gone: replicates that have trained their dense networks. An imported run's levels are tickets. ConfigError
/// where there is no run or only a control, or where an import has no accuracy; DataError where no replicate
/// has trained its dense network; StoreError.
RecordedRun read_recorded_run(const std::filesystem::path& folder, const std::string& name);

/// One network of a variant, trained at a level with one seed; means where a control has several trials.
struct VariantNetwork {
  double density = 1;
  double test_accuracy = 0, test_loss = 0;              ///< after training
  double validation_accuracy = 0, validation_loss = 0;  ///< after training; NaN of imports that lack it
  double early_stop_step = 0, early_stop_test_accuracy = 0, early_stop_test_loss = 0;
  /// The share of its trials that were still improving: their least validation loss was their last.
  double still_improving = 0;
  double never_improved = 0;  ///< the share whose least validation loss was that before the first step
  /// FLOPs of all trainings that it takes to obtain this network, its own and earlier ones; see
  /// variants_of(). They count its surviving weights, whatever its kernels did.
  double flops = 0;
  double dense_flops = 0;  ///< FLOPs of training its dense network alone; 0 where they are not known
  /// All of its FLOPs relative to the dense network's training; 0 where that is unknown, as for imports.
  double relative_flops = 0;
  std::filesystem::path file;  ///< RecordedTraining's, of the first trial
  std::string order;  ///< LevelSummary::order_sha256, of all its trials; empty where that is not known
};

/// The networks of one variant at one level, by seed.
using Networks = std::map<std::uint64_t, VariantNetwork>;

/// One way to obtain sparse networks: a search's tickets, or one of its controls.
struct Variant {
  std::string name;  ///< "imp" for a run of that name, "imp/random-reinit" for its control
  /// By level. Level 0, the dense network, is the ticket's for controls too.
  std::map<unsigned, Networks> levels;
};

/// Densities that differ by no more than this part of the greater count as equal, unless a user says
/// otherwise.
inline constexpr double kDensityTolerance = 0.02;

/// Returns by which part of the greater two densities differ.
double density_distance(double a, double b);

/// Returns the run's tickets, then its controls, named by their branches alone, without what they cost.
std::vector<Variant> branches_of(const std::vector<RecordedTraining>& trainings);

/// Returns the run's tickets, then its controls. A network's cost follows from when it is pruned, as the
/// run's config says: after training, it takes all levels before (so does a control with the ticket's mask,
/// but the last one is its own); in one shot, the dense level 0; otherwise its own training alone, and the
/// dense one's steps up to where it was rewound. The last kind includes random masks, and masks that another
/// run saved (--from), whatever it took to find them. Each cost includes its seed's pretraining, and what the
/// trials of a run that was tuned took as far as the same level.
std::vector<Variant> variants_of(const RecordedRun& run);

}  // namespace ltlab
