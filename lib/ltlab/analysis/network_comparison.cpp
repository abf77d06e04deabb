#include "ltlab/analysis/network_comparison.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <thread>

#include "ltlab/analysis/mask_structure.h"
#include "ltlab/analysis/statistics.h"
#include "ltlab/base/error.h"
#include "ltlab/base/work_queue.h"

namespace ltlab {
namespace {

// Returns the arrays that are matched.
std::vector<Tensor> arrays_of(const MaskedNetwork& network, MatchBy by) {
  return by == MatchBy::masks ? as_tensors(network.masks) : network.weights;
}

// Returns the fraction of agreeing signs among the common survivors of all layers.
std::optional<double> all_signs(const std::vector<NetworkOverlap>& layers) {
  double common = 0, agreeing = 0;
  for (const NetworkOverlap& layer : layers) {
    common += static_cast<double>(layer.masks.common);
    agreeing += static_cast<double>(layer.masks.common) * layer.signs.value_or(0);
  }
  return common == 0 ? std::nullopt : std::optional(agreeing / common);
}

std::size_t common_survivors(const Mask& a, const Tensor& b) {
  std::size_t common = 0;
  for (std::size_t i = 0; i < a.size(); ++i) common += a.keep[i] && b.values[i] != 0;
  return common;
}

// Returns common survivors layer by layer, then in all, when a random network is matched the same way.
std::vector<double> matched_by_chance(const MaskedNetwork& a, const std::vector<Tensor>& random, MatchBy by) {
  const NeuronMatching matching = match_neurons(arrays_of(a, by), random, *a.wiring);
  const std::vector<Tensor> matched = reordered(random, matching, *a.wiring);
  std::vector<double> common;
  for (std::size_t l = 0; l < matched.size(); ++l)
    common.push_back(static_cast<double>(common_survivors(a.masks[l], matched[l])));
  common.push_back(std::accumulate(common.begin(), common.end(), 0.0));
  return common;
}

// Judges what was found in one layer, or in all, by the draws' common survivors there.
ChanceOverlap chance_of(std::span<const std::vector<double>> draws, std::size_t layer, std::size_t found) {
  std::vector<double> common;
  for (const std::vector<double>& draw : draws) common.push_back(draw[layer]);
  const SampleStatistics sample = describe(common);
  const auto as_many =
      std::ranges::count_if(common, [&](double count) { return count >= static_cast<double>(found); });
  return {sample.mean, sample.deviation,
          static_cast<double>(1 + as_many) / static_cast<double>(1 + common.size())};
}

}  // namespace

const NameTable<MatchBy>& match_by_names() {
  static const NameTable<MatchBy> table("way to match",
                                        {{MatchBy::masks, "masks"}, {MatchBy::weights, "weights"}});
  return table;
}

MaskedNetwork masked_network(const LevelRecord& level, const RunContext& context) {
  MaskedNetwork network{level.masks, {}, context.wiring(level)};
  for (const Mask& mask : level.masks) {
    const Tensor* weights = find_named(level.weights, mask.name);
    if (!weights || weights->shape != mask.shape)
      throw StoreError("the mask of '" + mask.name + "' has no weights of its shape");
    network.weights.push_back(*weights);
  }
  return network;
}

std::vector<NetworkOverlap> compare_networks(const MaskedNetwork& a, const MaskedNetwork& b) {
  const std::vector<MaskOverlap> masks = mask_overlap(a.masks, b.masks);
  std::vector<NetworkOverlap> result;
  for (std::size_t l = 0; l < masks.size(); ++l) {
    const Mask common = common_mask(a.masks[l], b.masks[l]);
    result.push_back({masks[l], sign_agreement(common, a.weights[l], b.weights[l])});
  }
  const std::optional<double> signs = all_signs(result);
  result.push_back({total_overlap(masks), signs});
  return result;
}

MaskedNetwork matched_to(const MaskedNetwork& a, const MaskedNetwork& b, MatchBy by) {
  if (!a.wiring) {
    throw StoreError(
        "neurons can be matched only where it is known how layers are connected, and these networks are of "
        "an "
        "unknown model: compare them without --match");
  }
  const NeuronMatching matching = match_neurons(arrays_of(a, by), arrays_of(b, by), *a.wiring);
  return {reordered(b.masks, matching, *a.wiring), reordered(b.weights, matching, *a.wiring), b.wiring};
}

void judge_matched(const MaskedNetwork& a, const MaskedNetwork& b, MatchBy by, unsigned draws,
                   std::vector<NetworkOverlap>& found, const std::function<void()>& on_draw) {
  const std::vector<Tensor> arrays = arrays_of(b, by);
  constexpr std::array kKept = {MaskChance::density, MaskChance::inputs};
  std::vector<std::vector<double>> common(kKept.size() * draws);  // of each draw
  WorkQueue queue;
  for (std::size_t d = 0; d < common.size(); ++d) {
    queue.push(0, [&, d] {
      common[d] = matched_by_chance(a, shuffled(arrays, kKept[d / draws], 0, d % draws), by);
      if (on_draw) on_draw();
    });
  }
  queue.run(std::max(1u, std::thread::hardware_concurrency()), {});
  for (std::size_t l = 0; l < found.size(); ++l) {
    MaskOverlap& masks = found[l].masks;
    masks.by_density = chance_of(std::span(common).first(draws), l, masks.common);
    masks.by_inputs = chance_of(std::span(common).last(draws), l, masks.common);
  }
}

}  // namespace ltlab
