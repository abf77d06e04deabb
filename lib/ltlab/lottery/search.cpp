#include "ltlab/lottery/search.h"

#include <memory>

#include "ltlab/lottery/replicate_search.h"
#include "ltlab/store/run_totals.h"

namespace ltlab {

void run_search(const PlannedSearch& plan, const TrainingData& data, const std::filesystem::path& folder,
                unsigned workers, SearchObserver& observer, const std::stop_source& stop,
                const TrainingData* pretraining_data) {
  const SearchConfig& config = plan.config;
  observer.on_plan(plan.densities);
  WorkQueue queue;
  SearchSession session{queue, observer, stop.get_token()};
  std::vector<std::unique_ptr<ReplicateSearch>> replicates;
  for (unsigned r = 0; r < config.replicates; ++r) {
    replicates.push_back(std::make_unique<ReplicateSearch>(config, data, pretraining_data,
                                                           replicate_folder(folder, config.replicates, r), r,
                                                           plan.last_level(), session));
  }
  require_all_asked(config, folder, plan.last_level());
  // Each found its folder fit to go on with; now the search may change what is there.
  const RunStore store(folder);
  if (config.replicates > 1) open_collection(config, store);
  if (store.has_run() && !is_complete(config, folder, plan.last_level())) forget_totals(store);
  for (const auto& replicate : replicates) replicate->start();
  queue.run(workers, stop);
  record_totals(store);
}

}  // namespace ltlab
