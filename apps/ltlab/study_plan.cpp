#include "study_plan.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>

#include "format.h"
#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/config/check.h"
#include "ltlab/config/values.h"
#include "ltlab/lottery/level_training.h"
#include "ltlab/lottery/planned_search.h"
#include "ltlab/nn/initialization.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/run_store.h"
#include "search_session.h"
#include "terminal.h"

namespace ltlab::app {
namespace {

namespace fs = std::filesystem;

std::size_t recorded_in(const RunStore& store) {
  std::size_t levels = store.levels().size();
  for (const std::string& member : store.members()) {
    if (!member.starts_with(RunStore::kCopy)) levels += recorded_in(RunStore(store.folder() / member));
  }
  return levels;
}

// Returns the seconds that a step of the dense network takes on one core, by some steps of half a second.
double time_step(const SearchConfig& config, const TrainingData& data) {
  const Dataset& dataset = data.dataset;
  Network<float> network =
      make_network<float>(config.model, dataset.train.shape, dataset.classes, config.training.batch);
  std::vector<Tensor> weights;
  for (const Parameter<float>* array : network.arrays())
    weights.push_back(draw_initial(array->info(), config.initialization, config.seed, "init", 0, 0));
  network.assign(weights);
  network.apply(full_masks(network));
  network.choose_kernels(KernelPolicy::dense);
  TrainingConfig training = config.training;
  training.validate_every = training.steps;
  Trainer trainer(network, data, training, config.seed, 0, 0);
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  while (seconds() < 0.5 && trainer.step() + 1 < training.steps) trainer.update();
  return seconds() / static_cast<double>(std::max<std::uint64_t>(1, trainer.step()));
}

// Returns a config with all epochs converted to steps.
SearchConfig in_steps_of(const SearchConfig& config, const SearchData& data) {
  return in_steps(config, data.own().dataset.training.size(), data.pretraining().dataset.training.size());
}

// Counts a search's trainings, its steps and its bytes, as if all its networks were dense.
class SearchEstimate {
 public:
  SearchEstimate(const SearchConfig& config, const SearchData& data, double step_seconds)
      : step_seconds_(step_seconds) {
    const Dataset& dataset = data.own().dataset;
    const PlannedSearch plan = plan_search(config, dataset, &data.pretraining().dataset);
    std::size_t networks = 1;
    for (const Control control : plan.config.controls) networks += plan.config.trials_of(control);
    densities_ = plan.densities;
    trainings_ = config.replicates * (1 + plan.last_level() * networks);
    for (unsigned level = 0; level <= plan.last_level(); ++level)
      steps_ +=
          static_cast<double>(config.replicates * (level == 0 ? 1 : networks) * plan.config.steps_of(level));
    const Network<float> network = make_network<float>(config.model, dataset.train.shape, dataset.classes, 1);
    std::size_t weights = 0;
    for (const Parameter<float>* array : network.arrays()) weights += array->dense_size();
    constexpr double kBytesOfWeight = 4, kBytesOfPrediction = 5;
    bytes_ =
        static_cast<double>(trainings_) *
        (kBytesOfWeight * static_cast<double>(weights) +
         kBytesOfPrediction * static_cast<double>(dataset.test.labels.size() + dataset.validation.size()));
  }

  std::size_t trainings() const { return trainings_; }
  const std::vector<double>& densities() const { return densities_; }
  double seconds() const { return steps_ * step_seconds_; }
  double bytes() const { return bytes_; }

 private:
  std::vector<double> densities_;
  std::size_t trainings_ = 0;
  double steps_ = 0, bytes_ = 0, step_seconds_ = 0;
};

// Throws where a side of a claim is about a density that none of its search's levels will have.
void check_densities(const Claim& claim, const Subject& side,
                     const std::map<std::string, std::vector<double>>& planned) {
  const std::vector<double>& densities = planned.at(side.variant.substr(0, side.variant.find('/')));
  const bool course = claim.effect == Effect::trend || claim.effect == Effect::exponent;
  for (const double density : side.densities) {
    const bool there = std::ranges::any_of(
        densities, [&](double one) { return density_distance(one, density) <= kDensityTolerance; });
    if (there || course) continue;
    throw ConfigError("claim '" + claim.name + "': '" + side.variant + "' will have no networks of density " +
                      to_text(density) + ", but of " +
                      join(densities, ", ", [](double one) { return to_text(std::round(one * 1e4) / 1e4); }));
  }
}

}  // namespace

std::size_t recorded_trainings(const ComparisonFile& file, const std::string& out) {
  std::size_t recorded = 0;
  for (const fs::path& folder : recorded_folders(file, out)) recorded += recorded_in(RunStore(folder));
  return recorded;
}

StudyPlan plan_study(const ComparisonFile& file, const std::string& out, unsigned workers) {
  StudyPlan plan;
  plan.recorded = recorded_trainings(file, out);
  SharedData data;
  std::map<std::string, std::vector<double>> densities;
  const SearchData* timed = nullptr;
  double step_seconds = 0;
  const auto add = [&](const SearchConfig& config) {
    const SearchData& read = data.of(config);
    if (&read != timed) step_seconds = time_step(in_steps_of(config, read), read.own());
    timed = &read;
    const SearchEstimate search(config, read, step_seconds);
    plan.trainings += search.trainings();
    plan.seconds += search.seconds();
    plan.bytes += search.bytes();
    return search.densities();
  };
  for (const Specification& specification : file.specifications) {
    for (const auto& [name, config] : specification.searches) densities[name] = add(config);
    for (const auto& [name, tuning] : specification.tunings) {
      for (const auto& [trial, config] : tuning.trials) add(config);
    }
  }
  for (const Claim& claim : file.study.claims) {
    check_densities(claim, claim.of, densities);
    if (claim.to) check_densities(claim, *claim.to, densities);
  }
  const double missing =
      plan.recorded < plan.trainings
          ? static_cast<double>(plan.trainings - plan.recorded) / static_cast<double>(plan.trainings)
          : 0;
  plan.seconds *= missing / workers;
  plan.bytes *= missing;
  return plan;
}

void print_plan(std::ostream& out, const StudyPlan& plan, unsigned workers) {
  std::string text = format("Plan: %zu trainings, of which %zu are recorded.", plan.trainings, plan.recorded);
  if (plan.seconds > 0)
    text += format(
        " The others take at most %s with %u side by side, if sparse networks were as slow as dense ones, "
        "and at most %.1f GB.",
        duration(plan.seconds).c_str(), workers, plan.bytes / 1e9);
  print_line(out, text);
}

}  // namespace ltlab::app
