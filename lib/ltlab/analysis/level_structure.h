#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "ltlab/analysis/mask_structure.h"
#include "ltlab/analysis/run_context.h"
#include "ltlab/store/run_store.h"

namespace ltlab {

/// One layer of a level: its mask, its survivors' weights, and how pruning chose them.
struct LayerReport {
  LayerStructure structure;
  std::optional<WeightStatistics> before,
      after;                          ///< training; none where no weight survives or no file has them
  std::optional<double> signs_kept;   ///< fraction of survivors whose sign training left as it was
  std::optional<std::size_t> pruned;  ///< survivors of the level before, now pruned; none if not known
  /// The magnitude below which they were pruned: pruning_threshold(); none where magnitude did not decide.
  std::optional<double> threshold;
};

/// One level.
struct LevelReport {
  LevelSummary summary;
  std::vector<LayerReport> layers;

  /// Over all layers and all prunable weights; none where the wiring is not known.
  std::optional<std::size_t> dead_neurons() const;
  std::optional<double> effective_density() const;
};

/// Reports `level`, which came after `before` (null: not known) in the run that `context` describes.
/// StoreError where arrays do not fit each other.
LevelReport report_level(const LevelRecord& level, const LevelRecord* before, const RunContext& context);

/// Reports levels of a run one after the other; holds only the previous one.
class LevelReporter {
 public:
  explicit LevelReporter(const RunStore& store);

  /// Reports the level in one of the run's files. StoreError, IoError as from the store.
  LevelReport report(const std::filesystem::path& file);
  /// Returns the level that was reported last.
  const LevelRecord& record() const { return *record_; }

 private:
  RunStore store_;
  RunContext context_;
  bool nests_;  // levels are pruned from the one before, not drawn
  std::optional<LevelRecord> record_;
};

}  // namespace ltlab
