#include "ltlab/analysis/wiring.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

namespace {

Mask random_mask(const std::string& name, const Shape& shape, double density, std::uint64_t seed) {
  Mask mask = full_mask(name, shape);
  RandomStream random({seed, name});
  for (auto& keep : mask.keep) keep = random.uniform() < density;
  return mask;
}

// Whether a path of survivors leads from output `unit` of layer `l` to an output of the network.
bool leads_out(const std::vector<Mask>& masks, std::size_t l, std::size_t unit) {
  if (l + 1 == masks.size()) return true;
  const auto [outputs, inputs, kernel] = layer_extents(masks[l + 1]);
  const std::size_t pixels = inputs / masks[l].shape[0];
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t k = unit * pixels * kernel; k < (unit + 1) * pixels * kernel; ++k) {
      if (masks[l + 1].keep[o * inputs * kernel + k] && leads_out(masks, l + 1, o)) return true;
    }
  }
  return false;
}

// Whether a path of survivors leads from an input of the network to input `input` of layer `l`.
bool leads_in(const std::vector<Mask>& masks, std::size_t l, std::size_t input) {
  if (l == 0) return true;
  const std::size_t unit = input / (masks[l].shape[1] / masks[l - 1].shape[0]);
  const auto [outputs, inputs, kernel] = layer_extents(masks[l - 1]);
  for (std::size_t k = 0; k < inputs * kernel; ++k) {
    if (masks[l - 1].keep[unit * inputs * kernel + k] && leads_in(masks, l - 1, k / kernel)) return true;
  }
  return false;
}

void check_against_paths(const std::vector<Mask>& masks) {
  const std::vector<Mask> effective = effective_masks(masks, chain_wiring(masks.size()));
  for (std::size_t l = 0; l < masks.size(); ++l) {
    const auto [outputs, inputs, kernel] = layer_extents(masks[l]);
    for (std::size_t i = 0; i < masks[l].size(); ++i) {
      const bool on_path = masks[l].keep[i] && leads_in(masks, l, i / kernel % inputs) &&
                           leads_out(masks, l, i / (inputs * kernel));
      INFO(masks[l].name << " at " << i);
      REQUIRE(effective[l].keep[i] == on_path);
    }
  }
}

}  // namespace

TEST_CASE("Effective weights are those that a search for paths finds", "[analysis]") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    check_against_paths({random_mask("fc1.weight", {6, 8}, 0.15, seed),
                         random_mask("fc2.weight", {5, 6}, 0.25, seed),
                         random_mask("fc3.weight", {3, 5}, 0.3, seed)});
    check_against_paths({random_mask("conv1.weight", {4, 2, 3, 3}, 0.05, seed),
                         random_mask("conv2.weight", {5, 4, 3, 3}, 0.05, seed),
                         random_mask("fc1.weight", {4, 20}, 0.1, seed),
                         random_mask("fc2.weight", {2, 4}, 0.4, seed)});
  }
}

TEST_CASE("A layer that two layers take, and takes two, is on the paths through each", "[analysis]") {
  // Layer 2 takes layers 0 and 1 added up, as behind a shortcut around layer 1.
  const Mask first{"a", {2, 1}, {1, 1}}, inner{"b", {2, 2}, {0, 0, 0, 0}}, last{"c", {1, 2}, {1, 0}};
  const std::vector<Mask> around = effective_masks({first, inner, last}, {{{}, true}, {{0}}, {{0, 1}}});
  CHECK(around[0].keep == std::vector<std::uint8_t>{1, 0});
  CHECK(around[2].keep == std::vector<std::uint8_t>{1, 0});
  const std::vector<Mask> through = effective_masks({first, inner, last}, chain_wiring(3));
  CHECK(through[0].survivors() + through[1].survivors() + through[2].survivors() == 0);
}

TEST_CASE("A shortcut padded with zeros leads to the first units of the sum", "[analysis]") {
  // Layer 1 widens 1 unit to 2; the sum's second unit has no path but through layer 1, which is pruned.
  const std::vector<Mask> masks = {{"a", {1, 1}, {1}}, {"b", {2, 1}, {0, 0}}, {"c", {1, 2}, {1, 1}}};
  const std::vector<Mask> effective = effective_masks(masks, {{{}, true}, {{0}}, {{0, 1}}});
  CHECK(effective[0].keep == std::vector<std::uint8_t>{1});
  CHECK(effective[2].keep == std::vector<std::uint8_t>{1, 0});
  // Images too may pass by, and have one channel here, as the first layer says that takes them alone.
  const std::vector<Mask> past = effective_masks(masks, {{{}, true}, {{0}}, {{1}, true}});
  CHECK(past[2].keep == std::vector<std::uint8_t>{1, 0});
}

TEST_CASE("Models' wirings are what their text says", "[analysis]") {
  const auto linear = [](const std::string& name, std::size_t outputs, std::size_t inputs) {
    return full_mask(name + ".weight", {outputs, inputs});
  };
  const auto conv = [](const std::string& name, std::size_t outputs, std::size_t inputs) {
    return full_mask(name + ".weight", {outputs, inputs, 3, 3});
  };
  CHECK(model_wiring("mlp:6-4-3-2", {linear("fc1", 4, 6), linear("fc2", 3, 4), linear("fc3", 2, 3)}) ==
        chain_wiring(3));
  const std::string residual =
      "conv 4; batch-norm relu; residual; conv 4 relu; conv 4; end relu; residual; conv 8 stride 2; end "
      "relu; "
      "global-average-pool; linear classes";
  const std::vector<Mask> masks = {conv("conv1", 4, 1), conv("conv2", 4, 4), conv("conv3", 4, 4),
                                   conv("conv4", 8, 4), linear("fc1", 10, 8)};
  const Wiring wiring = model_wiring(residual, masks);
  CHECK(wiring == Wiring{{{}, true}, {{0}}, {{1}}, {{2, 0}}, {{3, 2, 0}}});

  std::vector<Mask> without_blocks = masks;
  for (const std::size_t l : {1, 2, 3})
    std::fill(without_blocks[l].keep.begin(), without_blocks[l].keep.end(), std::uint8_t{0});
  const std::vector<Mask> effective = effective_masks(without_blocks, wiring);
  CHECK(effective[0].survivors() == 36);
  CHECK(effective[4].survivors() == 40);  // of the 8 channels, the first 4 by the shortcuts
  CHECK_THROWS_AS(model_wiring(residual, {masks[0]}), StoreError);
}

TEST_CASE("Layers that are no chain are refused", "[analysis]") {
  CHECK_THROWS_AS(effective_masks({full_mask("a", {4, 3}), full_mask("b", {2, 6})}, chain_wiring(2)),
                  StoreError);
  CHECK_THROWS_AS(layer_extents(full_mask("a", {4})), StoreError);
}
