#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "ltlab/analysis/wiring.h"
#include "ltlab/base/tensor.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// What the files around a level say about it: run.h5 of its folder and, for a control, its ticket's.
class RunContext {
 public:
  /// A folder without run.h5 gives no context. StoreError, IoError as from the store.
  explicit RunContext(const std::filesystem::path& folder);

  const std::optional<RunRecord>& run() const { return run_; }
  /// Returns the run around this one; empty unless it lies inside another (a control, a copy).
  const std::optional<RunRecord>& ticket() const { return ticket_; }
  /// Returns the weights before a level's training, not yet masked; empty where no file has them.
  const std::vector<Tensor>& initial_weights(const LevelRecord& level) const;
  /// Returns how the level's layers are connected; none where no file names a model that ltlab knows
  /// (imports). StoreError where the masks are not the model's, or the model makes no sense.
  std::optional<Wiring> wiring(const LevelRecord& level) const;

 private:
  std::filesystem::path folder_;
  std::optional<RunRecord> run_, ticket_;
};

}  // namespace ltlab
