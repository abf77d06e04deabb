#include "ltlab/analysis/run_context.h"

#include "ltlab/base/error.h"
#include "ltlab/store/run_store.h"

namespace ltlab {
namespace {

std::optional<RunRecord> read_run_of(const std::filesystem::path& folder) {
  const RunStore store(folder);
  return store.has_run() && !store.holds_collection() ? std::optional(store.read_run()) : std::nullopt;
}

// Returns the weights from which a level of this run starts; empty where its run.h5 lacks them.
const std::vector<Tensor>& start_of(const RunRecord& run, const LevelRecord& level) {
  return level.first_step > 0 ? run.rewind_weights : run.init_weights;
}

}  // namespace

RunContext::RunContext(const std::filesystem::path& folder) : folder_(folder), run_(read_run_of(folder)) {
  if (run_ && run_->branch != "ticket")
    ticket_ = read_run_of(std::filesystem::weakly_canonical(folder).parent_path());
}

const std::vector<Tensor>& RunContext::initial_weights(const LevelRecord& level) const {
  static const std::vector<Tensor> none;
  if (!level.initial_weights.empty()) return level.initial_weights;
  if (run_ && !start_of(*run_, level).empty()) return start_of(*run_, level);
  return ticket_ ? start_of(*ticket_, level) : none;
}

std::optional<Wiring> RunContext::wiring(const LevelRecord& level) const {
  const std::string& model = run_ ? run_->model : level.model;
  if (model.empty() || model == "imported") return std::nullopt;
  const RunStore store(folder_);
  return as_stored((run_ ? store.run_path() : store.level_path(level.level)).string(),
                   [&] { return model_wiring(model, level.masks); });
}

}  // namespace ltlab
