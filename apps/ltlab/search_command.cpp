#include <filesystem>
#include <iostream>
#include <optional>

#include "commands.h"
#include "format.h"
#include "kernel_report.h"
#include "ltlab/base/error.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/search.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/session_lock.h"
#include "search_options.h"
#include "search_progress.h"
#include "search_report.h"
#include "stop_signals.h"

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

// Whether the search may use its folder; deletes nothing.
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

// A search that is asked for more levels than there are weights to prune.
void tell_early_end(const SearchConfig& config, const std::vector<double>& densities) {
  const std::size_t last = densities.size() - 1;
  if (densities.back() <= config.target_density || (config.levels && last >= *config.levels)) return;
  std::cerr << "ltlab: the search will end at level " << last << ", "
            << format("%.3g", 100 * densities.back())
            << " % density: too few weights are left there for --rate to prune any\n";
}

Dataset load(const DatasetOptions& options) {
  std::cerr << "ltlab: loading data '" << options.source << "'\n";
  return load_dataset(options);
}

TrainingData gathered(Dataset dataset, const std::string& model, std::size_t batch) {
  const ActivationShape layout = input_layout(model, dataset.train.shape, dataset.classes, batch);
  return {std::move(dataset), layout};
}

// None where pretraining uses the search's own.
std::optional<TrainingData> load_pretraining_data(const SearchConfig& config) {
  const PretrainingConfig& pretraining = config.pretraining;
  if (pretraining.source.empty() && !pretraining.random_labels) return std::nullopt;
  Dataset dataset = load(pretraining_data(config));
  const std::string model = pretraining_model(config.model, dataset.classes);
  return gathered(std::move(dataset), model, config.training.batch);
}

void search(const SearchRequest& request, const std::stop_source& stop, SearchProgress& progress) {
  const SearchConfig& config = request.config;
  const TrainingData data = gathered(load(config.data), config.model, config.training.batch);
  const std::optional<TrainingData> other = load_pretraining_data(config);
  const TrainingData& pretraining = other ? *other : data;
  // Whatever is wrong with the request is known by now, so that --force does not delete a run for a typing
  // error.
  in_steps(config, data.dataset.training.size(), pretraining.dataset.training.size());
  check_pretraining(config, data.dataset, &pretraining.dataset);
  tell_early_end(config, planned_densities(config, data.dataset.train.shape, data.dataset.classes));
  if (request.force) RunStore(request.out).remove();
  std::cerr << "ltlab: searching for winning tickets of " << config.model << " with " << request.workers
            << (request.workers == 1 ? " worker" : " workers") << ", in " << request.out << '\n';
  run_search(config, data, request.out, request.workers, progress, stop, &pretraining);
}

void show(const SearchRequest& request, const SearchResults& results) {
  const RunStore first(replicate_folder(request.out, request.config.replicates, 0));
  if (!request.json) {
    print_report(std::cout, results);
    if (request.explain_kernels) print_kernels(std::cout, first);
    return;
  }
  nlohmann::ordered_json report = report_json(results);
  report["run"] = request.out;
  report["config"] = config_text(request.config) + extent_text(request.config);
  if (request.explain_kernels) report["kernels"] = kernels_json(first);
  std::cout << report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace

int search_command(const Arguments& arguments) {
  const SearchRequest request = parse_search(arguments);
  if (request.help) {
    std::cout << request.help_text;
    return 0;
  }
  const SessionLock lock(request.out);
  check_folder(request);
  const StopSignals signals;
  SearchProgress progress(request.config, request.workers);
  try {
    search(request, signals.source(), progress);
  } catch (const Interrupted&) {
    progress.finish();
    std::cerr << "ltlab: interrupted; what was done is saved, go on with: ltlab search --resume --out "
              << request.out << '\n';
    return static_cast<int>(ExitStatus::interrupted);
  } catch (...) {
    progress.finish();
    throw;
  }
  progress.finish();
  show(request, progress.results());
  return 0;
}

}  // namespace ltlab::app
