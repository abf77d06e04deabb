#include "ltlab/lottery/pruning_round.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "ltlab/base/join.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/network_scores.h"
#include "ltlab/nn/models.h"
#include "ltlab/prune/scores.h"

namespace ltlab {
namespace {

const Tensor& weights_of(const Mask& mask, const std::vector<Tensor>& weights) {
  const Tensor* found = find_named(weights, mask.name);
  if (found && found->shape == mask.shape) return *found;
  throw StoreError("there are no weights for mask '" + mask.name + "'");
}

std::size_t survivors_of(const std::vector<Mask>& masks, const std::vector<std::size_t>& layers) {
  std::size_t survivors = 0;
  for (const std::size_t layer : layers) survivors += masks[layer].survivors();
  return survivors;
}

std::size_t differing_weights(const Mask& a, const Mask& b) {
  return std::transform_reduce(a.keep.begin(), a.keep.end(), b.keep.begin(), std::size_t{0}, std::plus<>(),
                               [](std::uint8_t x, std::uint8_t y) { return x == y ? 0u : 1u; });
}

// Returns a line for each layer whose mask differs.
std::vector<std::string> differing_masks(const std::vector<Mask>& expected, const LevelRecord& level,
                                         const std::string& origin) {
  std::vector<std::string> faults;
  for (const Mask& mask : expected) {
    const Mask* found = find_named(level.masks, mask.name);
    const std::string name = "mask/" + mask.name;
    if (!found || found->shape != mask.shape) {
      faults.push_back(name + ": level " + std::to_string(level.level) + " has none of its shape");
    } else if (const std::size_t differing = differing_weights(mask, *found); differing > 0) {
      faults.push_back(name + ": " + std::to_string(differing) + " weights are not as pruning " + origin +
                       " gives them");
    }
  }
  return faults;
}

std::vector<Mask> full_masks(const std::vector<Mask>& masks) {
  std::vector<Mask> full;
  full.reserve(masks.size());
  for (const Mask& mask : masks) full.push_back(full_mask(mask.name, mask.shape));
  return full;
}

// Returns a line for each group of layers that keeps another number of weights than the plan.
std::vector<std::string> differing_counts(const std::vector<PruningGroup>& plan, const LevelRecord& level) {
  std::vector<std::string> faults;
  for (const PruningGroup& group : plan) {
    const std::size_t survivors = survivors_of(level.masks, group.layers);
    if (survivors == group.survivors) continue;
    const std::string layers =
        join(group.layers, ", ", [&](std::size_t layer) { return "mask/" + level.masks[layer].name; });
    faults.push_back(layers + ": " + std::to_string(survivors) + " weights survive, where pruning leaves " +
                     std::to_string(group.survivors));
  }
  return faults;
}

bool prunes_rewind_step(const SearchConfig& config) {
  return config.pruned_weights() == PrunedWeights::of_rewind_step;
}

// Returns whether the weights that a level pruned are recorded, and decide its masks.
bool is_recomputable(const SearchConfig& config, const LevelRecord* before, const LevelRecord& level) {
  const bool has_weights = config.pruned_level(level.level) ? before != nullptr : prunes_rewind_step(config);
  return level.level > 0 && has_weights && !row_of(kScores, config.score).asks_network();
}

RuleFindings recompute_pruning(const RunRecord& run, const SearchConfig& config, const LevelRecord* before,
                               const LevelRecord& level) {
  const bool untrained = prunes_rewind_step(config);
  const std::vector<Mask> masks = untrained ? full_masks(level.masks) : before->masks;
  const std::vector<Tensor>& weights = untrained ? run.rewind_weights : before->weights;
  const std::vector<Mask> expected =
      prune_to_plan({masks, run.init_weights, weights, config.seeds_of(run.seed).mask},
                    plan_level(config, masks, level.level), config);
  const std::string origin =
      untrained ? "the weights of the rewind step" : "the weights of level " + std::to_string(before->level);
  return {"pruning recomputed", differing_masks(expected, level, origin)};
}

// Returns where run.h5 contradicts its config.
std::vector<std::string> disagreements(const RunRecord& run) {
  std::vector<std::string> found;
  const auto compare = [&](const std::string& attribute, const std::string& says, const char* option) {
    const std::string config = setting(run.config, option).value_or(says);
    if (config != says)
      found.push_back("attribute '" + attribute + "' says '" + says + "', but the config '" + config + "'");
  };
  compare("model", run.model, "model");
  compare("dataset", run.dataset, "data");
  const StepCount rewind = StepCount::parse(setting(run.config, "rewind").value_or("0"));
  if (rewind.resolved() && !rewind.none()) compare("rewind_step", std::to_string(run.rewind_step), "rewind");
  return found;
}

RuleFindings check_pruning(const RunRecord& run, const LevelRecord* before, const LevelRecord& level) {
  const SearchConfig config = pruning_settings(run.config + run.extent);
  if (!config.from.empty()) return {};
  if (level.first_step > 0 && level.initial_weights.empty() && run.rewind_weights.empty())
    return {"", {"run.h5 holds no weights of the rewind step, from which this level started"}};
  if (is_recomputable(config, before, level)) return recompute_pruning(run, config, before, level);
  const auto kind = config.granularity.kind;
  if (kind != Granularity::Kind::weight && kind != Granularity::Kind::pattern) return {};
  return {"survivors counted", differing_counts(plan_level(config, level.masks, level.level), level)};
}

// The network that a score asks, with its images.
template <class T>
class AskedNetwork {
 public:
  AskedNetwork(const PruningInput& input, const SearchConfig& config)
      : score_(row_of(kScores, config.score)),
        network_(make_network<T>(
            config.model, input.dataset->train.shape, input.dataset->classes,
            score_.sees_images() ? std::min<std::size_t>(config.training.batch, config.score_images) : 1)) {
    apply(input.masks);
    network_.assign(input.weights);
    if (score_.sees_images())
      images_ = draw_score_images<T>(*input.dataset, config.score_images, network_.batch(), network_.input(),
                                     input.seed);
  }

  void apply(const std::vector<Mask>& masks) { network_.apply(masks); }
  NetworkScores scores() { return score_network<T>(score_.value, network_, images_); }

 private:
  const ScoreKind& score_;
  Network<T> network_;
  std::vector<LabelledBatch<T>> images_;
};

std::vector<PruningCandidate> candidates(const std::vector<Mask>& masks,
                                         std::vector<std::vector<double>> scores) {
  std::vector<PruningCandidate> candidates;
  for (std::size_t i = 0; i < masks.size(); ++i) candidates.push_back({masks[i], std::move(scores[i])});
  return candidates;
}

using LayerScores = std::vector<std::vector<double>>;

// Tanaka et al. 2020, algorithm 1: after round k of n, (wanted / survivors)^(k / n) of the survivors are
// left. The score is asked of one network, round after round; each round prunes the lowest of what
// `ranked(scores)` makes of it.
template <class T, class Ranked>
std::vector<Mask> prune_in_rounds(const PruningInput& input, const std::vector<Quota>& quotas,
                                  const SearchConfig& config, const Ranked& ranked) {
  const unsigned rounds = row_of(kScores, config.score).rounds;
  AskedNetwork<T> network(input, config);
  std::vector<Mask> masks = input.masks;
  for (unsigned round = 1; round <= rounds; ++round) {
    std::vector<Quota> now = quotas;
    for (Quota& quota : now) {
      const auto survivors = static_cast<double>(survivors_of(input.masks, quota.candidates));
      const double share = std::min(1.0, static_cast<double>(quota.survivors) / survivors);
      const double left = survivors * std::pow(share, static_cast<double>(round) / rounds);
      if (survivors > 0) quota.survivors = static_cast<std::size_t>(std::llround(left));
    }
    masks = prune_by_score(candidates(masks, ranked(network.scores())), now, config.granularity);
    network.apply(masks);
  }
  return masks;
}

// Does the same in the score's precision.
template <class Ranked>
std::vector<Mask> prune_in_rounds(const PruningInput& input, const std::vector<Quota>& quotas,
                                  const SearchConfig& config, const Ranked& ranked) {
  return row_of(kScores, config.score).in_double ? prune_in_rounds<double>(input, quotas, config, ranked)
                                                 : prune_in_rounds<float>(input, quotas, config, ranked);
}

}  // namespace

std::vector<PruningGroup> plan_level(const SearchConfig& config, const std::vector<Mask>& masks,
                                     unsigned level) {
  return plan_level(config, prunable_layers(config.model, masks), level);
}

std::vector<std::vector<double>> pruning_scores(const PruningInput& input, const SearchConfig& config) {
  const ScoreKind& score = row_of(kScores, config.score);
  if (score.asks_network())
    return score.in_double ? AskedNetwork<double>(input, config).scores()
                           : AskedNetwork<float>(input, config).scores();
  std::vector<std::vector<double>> scores;
  for (const Mask& mask : input.masks) {
    if (config.score == Score::random) {
      scores.push_back(score_at_random(mask, config.granularity, input.seed));
      continue;
    }
    const ScoredWeights weights{mask, weights_of(mask, input.initial), weights_of(mask, input.weights)};
    scores.push_back(score_weights(config.score, weights, config.wrong_sign));
    if (score.keeps_one_sign() && config.wrong_sign == WrongSign::zero)
      order_zeros_at_random(mask, config.granularity, input.seed, scores.back());
  }
  return scores;
}

std::vector<Mask> prune_to_plan(const PruningInput& input, const std::vector<PruningGroup>& plan,
                                const SearchConfig& config) {
  std::vector<Quota> quotas;
  for (const PruningGroup& group : plan) {
    if (group.rate > 0) quotas.push_back({group.layers, group.survivors, group.least});
  }
  if (prunes_in_rounds(config))
    return prune_in_rounds(input, quotas, config, [](LayerScores scores) { return scores; });
  return prune_by_score(candidates(input.masks, pruning_scores(input, config)), quotas, config.granularity);
}

bool prunes_in_rounds(const SearchConfig& config) {
  return row_of(kScores, config.score).rounds > 1 && config.granularity.kind != Granularity::Kind::pattern;
}

std::vector<Mask> prune_highest_in_rounds(const PruningInput& input, const std::vector<Mask>& ticket,
                                          const SearchConfig& config) {
  std::vector<Quota> quotas;
  quotas.reserve(ticket.size());
  for (std::size_t layer = 0; layer < ticket.size(); ++layer)
    quotas.push_back({{layer}, ticket[layer].survivors()});
  return prune_in_rounds(input, quotas, config, [&](LayerScores scores) {
    for (std::size_t layer = 0; layer < scores.size(); ++layer) {
      for (double& score : scores[layer]) score = -score;
      order_zeros_at_random(input.masks[layer], config.granularity, input.seed, scores[layer]);
    }
    return scores;
  });
}

std::vector<Mask> draw_sparse_masks(const std::vector<Mask>& layers, const std::vector<PruningGroup>& plan,
                                    std::uint64_t seed, unsigned level) {
  std::vector<Mask> masks;
  for (const PruningGroup& group : plan) {
    const Mask& layer = layers.at(group.layers.at(0));
    masks.push_back(draw_mask(layer.name, layer.shape, group.survivors,
                              RandomStream({seed, "sparse/" + layer.name, level, 0})));
  }
  return masks;
}

double scoring_flops(const std::vector<Mask>& masks, const SearchConfig& config, const Dataset& dataset) {
  const ScoreKind& score = row_of(kScores, config.score);
  if (!score.asks_network()) return 0;
  Network<float> network = make_network<float>(config.model, dataset.train.shape, dataset.classes, 1);
  network.apply(masks);
  const std::size_t images = score.sees_images() ? std::min(config.score_images, dataset.training.size()) : 1;
  return network.flops().survivors * static_cast<double>(images) * score.passes * score.rounds;
}

LevelRules pruning_rules() {
  return {disagreements,
          [](const RunRecord& run, unsigned level) {
            return pruning_settings(run.config + run.extent).level_before(level);
          },
          check_pruning};
}

}  // namespace ltlab
