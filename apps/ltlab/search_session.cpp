#include "search_session.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>

#include "format.h"
#include "ltlab/base/error.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/search.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/run_totals.h"
#include "warnings.h"

namespace ltlab::app {
namespace {

void refuse_other_settings(const SearchRequest& request, const CollectionRecord& stored, bool collection) {
  std::string differing;
  for (const std::string& line : differences(stored.config, config_text(request.config)))
    differing += "\n  " + line;
  if (!differing.empty()) {
    throw ConfigError("cannot resume '" + request.out + "' with other settings:" + differing +
                      "\nleave them out, or give another --out");
  }
  if (collection != (request.config.replicates > 1)) {
    throw ConfigError("cannot resume '" + request.out + "' with --replicates " +
                      std::to_string(request.config.replicates) +
                      ": one replicate and several are stored differently; give another --out");
  }
}

bool reads_same(const SearchConfig& a, const SearchConfig& b) {
  return a.data == b.data && pretraining_data(a) == pretraining_data(b) && a.model == b.model &&
         a.training.batch == b.training.batch;
}

// Reports a search with more levels than there are weights to prune.
void tell_early_end(const SearchConfig& config, const std::vector<double>& densities) {
  const std::size_t last = densities.size() - 1;
  const bool pattern = config.granularity.kind == Granularity::Kind::pattern;
  if (!config.densities.empty() || !config.from.empty() || pattern) return;
  if (config.levels ? last >= *config.levels : densities.back() <= config.target_density) return;
  const bool reached = densities.back() <= config.target_density;
  std::cerr << "ltlab: the search will end at level " << last << ", "
            << format("%.3g", 100 * densities.back()) << " % density: "
            << (reached ? "that reaches --target-density; give a lower one for more levels\n"
                : config.min_survivors > 0 ? "--rate and --min-survivors leave nothing there to prune\n"
                                           : "too few weights are left there for --rate to prune any\n");
}

Dataset load(const DatasetOptions& options) {
  std::cerr << "ltlab: loading data '" << options.source << "'\n";
  Dataset dataset = load_dataset(options);
  warn_of_empty_classes(dataset);
  return dataset;
}

TrainingData gathered(Dataset dataset, const std::string& model, std::size_t batch) {
  const ActivationShape layout = input_layout(model, dataset.train.shape, dataset.classes, batch);
  return {std::move(dataset), layout};
}

// Empty where pretraining uses the search's own data.
std::optional<TrainingData> load_pretraining_data(const SearchConfig& config) {
  const PretrainingConfig& pretraining = config.pretraining;
  if (pretraining.source.empty() && !pretraining.random_labels) return std::nullopt;
  Dataset dataset = load(pretraining_data(config));
  const std::string model = pretraining_model(config.model, dataset.classes);
  return gathered(std::move(dataset), model, config.training.batch);
}

// A search killed at its very end may lack the last link, which resuming it makes.
bool has_all_links(const RunStore& store) {
  if (read_links(store.run_path()) != store.expected_links()) return false;
  return std::ranges::all_of(store.members(), [&](const std::string& member) {
    return has_all_links(RunStore(store.folder() / member));
  });
}

// A failure meanwhile leaves a part of the old run, which nobody can resume.
void replace_run(const std::string& folder) {
  try {
    RunStore(folder).remove();
  } catch (const IoError& error) {
    throw Error(
        ExitStatus::io,
        std::string(error.what()) +
            ": the run there is not replaced; once its files can be deleted, give the same command again");
  }
}

}  // namespace

SearchData::SearchData(const SearchConfig& config)
    : own_(gathered(load(config.data), config.model, config.training.batch)),
      pretraining_(load_pretraining_data(config)) {}

const SearchData& SharedData::of(const SearchConfig& config) {
  if (!data_ || !reads_same(loaded_for_, config)) {
    data_.reset();
    data_ = std::make_unique<SearchData>(config);
    loaded_for_ = config;
  }
  return *data_;
}

void check_folder(const SearchRequest& request) {
  if (request.force) return;
  const RunStore store(request.out);
  const std::optional<CollectionRecord> stored = stored_settings(store);
  if (!stored) return;
  if (!request.resume) {
    throw ConfigError("'" + request.out +
                      "' holds a run already: --resume goes on with it, --force replaces it, "
                      "or give another --out");
  }
  refuse_other_settings(request, *stored, store.holds_collection());
}

bool is_finished(const SearchRequest& request) {
  const RunStore store(request.out);
  const std::optional<CollectionRecord> stored = stored_settings(store);
  return stored && stored->totals && stored->config == config_text(request.config) &&
         stored->extent == extent_text(request.config) && *stored->totals == sum_totals(store) &&
         has_all_links(store);
}

void run_session(const SearchRequest& request, const SearchData& data, const std::stop_source& stop,
                 SearchProgress& progress) {
  // All faults of the request are known by now, so that --force does not delete a run for a typing error.
  const Dataset& dataset = data.own().dataset;
  const PlannedSearch plan = plan_search(request.config, dataset, &data.pretraining().dataset);
  warn_of_settings(plan.config, dataset.training.size(), plan.last_level());
  tell_early_end(plan.config, plan.densities);
  if (request.force) replace_run(request.out);
  std::cerr << "ltlab: searching for winning tickets of " << plan.config.model << " with " << request.workers
            << (request.workers == 1 ? " worker" : " workers") << ", in " << request.out << '\n';
  run_search(plan, data.own(), request.out, request.workers, progress, stop, &data.pretraining());
}

}  // namespace ltlab::app
