#include "ltlab/lottery/search.h"

#include <memory>

#include "ltlab/base/error.h"
#include "ltlab/config/check.h"
#include "ltlab/lottery/last_batches.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/replicate_search.h"
#include "ltlab/store/run_totals.h"

namespace ltlab {

void run_search(const SearchConfig& config, const TrainingData& data, const std::filesystem::path& folder,
                unsigned workers, SearchObserver& observer, const std::stop_source& stop,
                const TrainingData* pretraining_data) {
  const Dataset* const pretraining = pretraining_data ? &pretraining_data->dataset : nullptr;
  const SearchConfig without_epochs =
      in_steps(config, data.dataset.training.size(), pretraining ? pretraining->training.size() : 0);
  check_pretraining(config, data.dataset, pretraining);
  check_augmentation(config.training.augmentation, data.dataset.train.shape);
  check_last_batches(without_epochs, data.dataset, pretraining);
  const std::vector<double> densities =
      planned_densities(config, data.dataset.train.shape, data.dataset.classes);
  observer.on_plan(densities);
  WorkQueue queue;
  SearchSession session{queue, observer, stop.get_token()};
  std::vector<std::unique_ptr<ReplicateSearch>> replicates;
  for (unsigned r = 0; r < config.replicates; ++r) {
    replicates.push_back(std::make_unique<ReplicateSearch>(
        without_epochs, data, pretraining_data, replicate_folder(folder, config.replicates, r), r,
        static_cast<unsigned>(densities.size() - 1), session));
  }
  require_all_asked(config, folder, densities.size() - 1);
  // Each found its folder fit to go on with; now the search may change what is there.
  const RunStore store(folder);
  if (config.replicates > 1) open_collection(config, store);
  if (store.has_run() && !is_complete(config, folder, densities.size() - 1)) forget_totals(store);
  for (const auto& replicate : replicates) replicate->start();
  queue.run(workers, stop);
  record_totals(store);
}

}  // namespace ltlab
