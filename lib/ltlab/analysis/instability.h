#pragma once

#include <filesystem>
#include <stop_token>
#include <vector>

#include "ltlab/analysis/landscape_file.h"
#include "ltlab/analysis/statistics.h"
#include "ltlab/base/names.h"
#include "ltlab/config/search_config.h"
#include "ltlab/store/run_store.h"
#include "ltlab/train/trainer.h"

namespace ltlab {

/// The instability of a level to SGD noise: the barriers of the test error between its copies (Frankle et al.
/// 2020, arXiv 1912.05671, section 2), over all pairs of copies of each run.
struct Instability {
  unsigned level = 0;
  double density = 1;
  std::vector<double> pairs;  ///< the barrier of each pair, in the order of the lines; fractions
  /// Statistics of the means of the runs over their pairs. The pairs of one run share copies, and are no
  /// sample: only several runs give an interval.
  SampleStatistics barrier;
  /// The noise floor: the standard deviation of the test errors of a run's copies (n - 1), pooled over the
  /// runs. If error changed evenly from one end of a line to the other, so that there was no barrier, that
  /// would count as half the ends' difference: 0.56 of it in the mean.
  double noise = 0;
};

/// Returns the instability of each level, ascending, of lines between copies.
std::vector<Instability> instability(const std::vector<MeasuredLine>& lines);

/// Whether a network is stable to SGD noise: kStableBarrier.
enum class Stability {
  stable,    ///< the interval of its barrier, or the barrier of a single run, lies below
  unstable,  ///< it does not reach below
  undecided  ///< the interval contains it
};

/// stable | unstable | undecided
const NameTable<Stability>& stability_names();

Stability stability(const Instability& level);

/// Returns the folder of a run's copy, which is a run of its own within it: "copy-0", "copy-1", ...
std::filesystem::path copy_folder(const std::filesystem::path& run, unsigned copy);

/// Trains copy `copy` of a run's level (a ticket's or control's), for instability analysis (Frankle et al.
/// 2020, arXiv 1912.05671, section 2). It starts with the level's masks, weights and optimizer state (level
/// 0's as at the rewind step), but its order of images (and augmentation, and dropout) is its own, named by
/// the run's seed, the level and the copy. Recorded in copy_folder() as level `level`: a recorded copy is not
/// trained again, and an interrupted one goes on from its checkpoint, to the same bits.
///
/// `config` and `data` are the run's. ConfigError where retraining did not rewind weights: such a level has
/// no start apart from the level before; StoreError where the run does not hold the level, or was made with
/// other data; else as run_search().
LevelSummary train_copy(const RunStore& run, unsigned level, unsigned copy, const SearchConfig& config,
                        const TrainingData& data, const std::stop_token& stop);

}  // namespace ltlab
