#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "ltlab/analysis/wiring.h"
#include "ltlab/base/tensor.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// What the files around a level tell of it: run.h5 of its folder and, of a control, that of its ticket.
class RunContext {
 public:
  /// A folder without run.h5 tells nothing. StoreError, IoError as from the store.
  explicit RunContext(const std::filesystem::path& folder);

  const std::optional<RunRecord>& run() const { return run_; }
  /// Of a run inside another (a control, a copy): the one around it.
  const std::optional<RunRecord>& ticket() const { return ticket_; }
  /// The weights that a level's training began with, not yet masked; empty where no file tells them.
  const std::vector<Tensor>& initial_weights(const LevelRecord& level) const;
  /// How the level's layers are connected; none where no file tells a model that ltlab knows (imports).
  /// StoreError where the masks are not the model's, or it makes no sense.
  std::optional<Wiring> wiring(const LevelRecord& level) const;

 private:
  std::filesystem::path folder_;
  std::optional<RunRecord> run_, ticket_;
};

}  // namespace ltlab
