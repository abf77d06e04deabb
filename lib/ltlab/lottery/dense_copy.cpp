#include "ltlab/lottery/dense_copy.h"

#include "ltlab/base/utc.h"
#include "ltlab/config/config_text.h"
#include "ltlab/config/settings.h"

namespace ltlab {
namespace {

// Returns whether two config texts have the same dense network, in weights and in what is kept of them.
bool same_dense(const std::string& from, const SearchConfig& config) {
  const std::string to = config_text(config);
  for (const std::string& name : differing_settings(from, to)) {
    const Setting* setting = find_setting(name);
    const bool of_pruning = setting && setting->of_pruning;
    const bool never_rewinds = name == "rewind" && config.rewind_step.none();
    if (!of_pruning && !never_rewinds) return false;
  }
  return !config.pretrains();
}

}  // namespace

bool copy_dense(const RunStore& from, RunStore to, const SearchConfig& config) {
  if (to.has_run() || !from.has_level(0)) return false;
  RunRecord run = from.read_run();
  if (!same_dense(run.config, config)) return false;
  run.config = config_text(config);
  run.extent = extent_text(config);
  run.started_utc = utc_now();
  run.totals.reset();
  if (config.rewind_step.none()) {
    run.rewind_step = 0;
    run.rewind_weights = run.init_weights;
    run.rewind_optimizer.clear();
  }
  to.write_run(run);
  to.write_level(from.read_level(0));
  return true;
}

}  // namespace ltlab
