#include "ltlab/analysis/neuron_matching.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "ltlab/analysis/assignment.h"
#include "ltlab/analysis/network_comparison.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"
#include "ltlab/prune/pruning.h"

using namespace ltlab;

namespace {

std::vector<double> formula_matrix(std::size_t size) {
  std::vector<double> values;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      values.push_back(static_cast<double>((i * 7919 + j * 104729 + i * j * 31 * (i + j)) % 1009) / 8 - 60);
    }
  }
  return values;
}

double value_of(const std::vector<double>& values, const std::vector<std::uint32_t>& assignment) {
  double sum = 0;
  for (std::size_t i = 0; i < assignment.size(); ++i) sum += values[i * assignment.size() + assignment[i]];
  return sum;
}

bool is_permutation(std::vector<std::uint32_t> values) {
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != i) return false;
  }
  return true;
}

Tensor random_tensor(const std::string& name, const Shape& shape, std::uint64_t seed) {
  Tensor tensor{name, shape, AlignedVector<float>(element_count(shape))};
  RandomStream random({seed, name});
  for (float& value : tensor.values) value = static_cast<float>(random.normal());
  return tensor;
}

const Wiring kChain = chain_wiring(4);

// Two residual blocks, the second of which widens the stream of 6 units to 10, and a layer of classes.
const Wiring kResidual = {{{}, true},      {{0}, false}, {{1}, false},
                          {{2, 0}, false}, {{3}, false}, {{4, 2, 0}, false}};

std::vector<Tensor> random_residual(std::uint64_t seed) {
  return {random_tensor("fc1.weight", {6, 4}, seed),  random_tensor("fc2.weight", {7, 6}, seed),
          random_tensor("fc3.weight", {6, 7}, seed),  random_tensor("fc4.weight", {8, 6}, seed),
          random_tensor("fc5.weight", {10, 8}, seed), random_tensor("fc6.weight", {3, 10}, seed)};
}

// Some order in which random_residual() computes the same.
NeuronMatching stream_matching(std::uint64_t seed) {
  RandomStream random({seed, "matching"});
  std::vector<std::uint32_t> stream = random.permutation(6);
  const std::vector<std::uint32_t> first = stream;
  for (const std::uint32_t unit : random.permutation(4)) stream.push_back(6 + unit);
  return {first, random.permutation(7), first, random.permutation(8), stream, {0, 1, 2}};
}

std::vector<double> product(const Tensor& layer, const std::vector<double>& x) {
  std::vector<double> y(layer.shape[0], 0);
  for (std::size_t o = 0; o < y.size(); ++o) {
    for (std::size_t i = 0; i < x.size(); ++i) y[o] += layer.values[o * x.size() + i] * x[i];
  }
  return y;
}

std::vector<double> rectified(std::vector<double> x) {
  for (double& value : x) value = std::max(0.0, value);
  return x;
}

std::vector<double> residual_outputs(const std::vector<Tensor>& w) {
  const auto add = [](std::vector<double> wide, const std::vector<double>& narrow) {
    for (std::size_t i = 0; i < narrow.size(); ++i) wide[i] += narrow[i];
    return rectified(wide);
  };
  std::vector<double> x = rectified(product(w[0], {0.3, -1.2, 0.7, 0.1}));
  x = add(product(w[2], rectified(product(w[1], x))), x);
  x = add(product(w[4], rectified(product(w[3], x))), x);
  return product(w[5], x);
}

std::vector<Tensor> random_convnet(std::uint64_t seed) {
  return {random_tensor("conv1.weight", {6, 2, 3, 3}, seed),
          random_tensor("conv2.weight", {8, 6, 3, 3}, seed), random_tensor("fc1.weight", {7, 32}, seed),
          random_tensor("fc2.weight", {4, 7}, seed)};
}

NeuronMatching random_matching(const std::vector<Tensor>& tensors, std::uint64_t seed) {
  NeuronMatching matching;
  for (const Tensor& tensor : tensors) {
    RandomStream random({seed, "matching", 0, matching.size()});
    matching.push_back(random.permutation(static_cast<std::uint32_t>(tensor.shape[0])));
  }
  std::iota(matching.back().begin(), matching.back().end(), 0U);
  return matching;
}

double inner_product(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double sum = 0;
  for (std::size_t l = 0; l < a.size(); ++l)
    sum += std::inner_product(a[l].values.begin(), a[l].values.end(), b[l].values.begin(), 0.0);
  return sum;
}

MaskedNetwork masked(const std::vector<Tensor>& tensors, std::uint64_t seed) {
  MaskedNetwork network{{}, {}, chain_wiring(tensors.size())};
  for (const Tensor& tensor : tensors) {
    Mask mask = full_mask(tensor.name, tensor.shape);
    for (std::size_t i = 0; i < mask.size(); ++i) mask.keep[i] = i % 3 == 0;
    mask = random_masks({mask}, seed, 0, 0).front();
    Tensor weights = tensor;
    for (std::size_t i = 0; i < mask.size(); ++i) weights.values[i] *= mask.keep[i];
    network.masks.push_back(std::move(mask));
    network.weights.push_back(std::move(weights));
  }
  return network;
}

}  // namespace

TEST_CASE("The best assignment is worth what scipy's is", "[analysis]") {
  // scipy.optimize.linear_sum_assignment(matrix, maximize=True)
  for (const auto& [size, value] : {std::pair<std::size_t, double>{7, 285.75}, {60, 3749.375}}) {
    const std::vector<double> values = formula_matrix(size);
    const std::vector<std::uint32_t> assignment = best_assignment(values, size);
    CHECK(is_permutation(assignment));
    CHECK(value_of(values, assignment) == Approx(value).epsilon(1e-12));
  }
}

TEST_CASE("The best assignment is that of a search through all", "[analysis]") {
  RandomStream random({3, "assignment"});
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<double> values(36);
    for (double& value : values) value = random.normal() * (trial % 2 == 0 ? 1e-9 : 1e9);
    std::vector<std::uint32_t> order(6);
    std::iota(order.begin(), order.end(), 0U);
    double best = value_of(values, order);
    while (std::next_permutation(order.begin(), order.end())) best = std::max(best, value_of(values, order));
    REQUIRE(value_of(values, best_assignment(values, 6)) == Approx(best).epsilon(1e-9));
  }
  CHECK(best_assignment(std::vector<double>(1, -5.0), 1) == std::vector<std::uint32_t>{0});
  CHECK(is_permutation(best_assignment(std::vector<double>(16, 0.0), 4)));
  CHECK_THROWS_AS(best_assignment(std::vector<double>(3, 0.0), 2), ConfigError);
}

TEST_CASE("Matching finds the neurons of a network whose neurons were put in another order", "[analysis]") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const std::vector<Tensor> network = random_convnet(seed);
    const std::vector<Tensor> other = reordered(network, random_matching(network, seed), kChain);
    CHECK(inner_product(network, other) < 0.9 * inner_product(network, network));
    const std::vector<Tensor> found = reordered(other, match_neurons(network, other, kChain), kChain);
    for (std::size_t l = 0; l < network.size(); ++l) CHECK(found[l].values == network[l].values);
  }
}

TEST_CASE("A network in another order computes the same", "[analysis]") {
  const std::vector<Tensor> network = {random_tensor("fc1.weight", {5, 3}, 1),
                                       random_tensor("fc2.weight", {2, 5}, 1)};
  const std::vector<Tensor> other = reordered(network, random_matching(network, 1), chain_wiring(2));
  const auto compute = [](const std::vector<Tensor>& layers) {
    std::vector<double> x = {0.3, -1.2, 0.7};
    for (const Tensor& layer : layers) x = rectified(product(layer, x));
    return x;
  };
  const std::vector<double> expected = compute(network), found = compute(other);
  for (std::size_t o = 0; o < expected.size(); ++o) CHECK(found[o] == Approx(expected[o]));
}

TEST_CASE("Matching never loses, and networks of other shapes are refused", "[analysis]") {
  const std::vector<Tensor> a = random_convnet(1), b = random_convnet(2);
  CHECK(inner_product(a, reordered(b, match_neurons(a, b, kChain), kChain)) > inner_product(a, b));
  CHECK_THROWS_AS(match_neurons(a, {b[0], b[1], b[2]}, kChain), StoreError);
  CHECK_THROWS_WITH(match_neurons(a, b, {{{}, true}, {{0}, false}, {{0}, false}, {{2}, false}}),
                    Catch::Contains("fc1.weight"));
}

TEST_CASE("Shuffles keep the values of a layer, or of each of its columns", "[analysis]") {
  const std::vector<Tensor> network = random_convnet(1);
  const auto sorted_column = [](const Tensor& tensor, std::size_t first, std::size_t stride) {
    std::vector<float> values;
    for (std::size_t i = first; i < tensor.values.size(); i += stride) values.push_back(tensor.values[i]);
    std::sort(values.begin(), values.end());
    return values;
  };
  const Tensor any = shuffled(network, MaskChance::density, 1, 0)[2];
  CHECK(any.values != network[2].values);
  CHECK(sorted_column(any, 0, 1) == sorted_column(network[2], 0, 1));
  CHECK(sorted_column(any, 0, 32) != sorted_column(network[2], 0, 32));
  const Tensor in_columns = shuffled(network, MaskChance::inputs, 1, 0)[2];
  CHECK(in_columns.values != network[2].values);
  for (std::size_t c = 0; c < 32; ++c)
    CHECK(sorted_column(in_columns, c, 32) == sorted_column(network[2], c, 32));
  CHECK(shuffled(network, MaskChance::density, 1, 1)[2].values != any.values);
}

TEST_CASE("Independent masks match no better than chance does, reordered ones do", "[analysis]") {
  const std::vector<Tensor> network = random_convnet(1);
  const MaskedNetwork a = masked(network, 1), independent = masked(random_convnet(2), 2);
  for (const MatchBy by : {MatchBy::masks, MatchBy::weights}) {
    std::vector<NetworkOverlap> found = compare_networks(a, matched_to(a, independent, by));
    REQUIRE(found.size() == 5);
    const std::size_t unmatched = compare_networks(a, independent).back().masks.common;
    if (by == MatchBy::masks) CHECK(found.back().masks.common > unmatched);
    judge_matched(a, independent, by, 40, found);
    CHECK(std::abs(found.back().masks.z_score(found.back().masks.by_density)) < 3);
    CHECK(std::abs(found.back().masks.z_score(found.back().masks.by_inputs)) < 3);
    CHECK(found.back().masks.by_density.p_value > 1.5 / 41);

    const NeuronMatching order = random_matching(network, 3);
    const MaskedNetwork other = {reordered(a.masks, order, kChain), reordered(a.weights, order, kChain),
                                 a.wiring};
    found = compare_networks(a, matched_to(a, other, by));
    judge_matched(a, other, by, 40, found);
    CHECK(found.back().masks.jaccard() == 1);
    CHECK(found.back().signs == 1.0);
    CHECK(found.back().masks.by_density.p_value == Approx(1.0 / 41));
    CHECK(found.back().masks.z_score(found.back().masks.by_density) > 3);
  }
}

TEST_CASE("Channels of a residual stream move together, and its new ones among themselves", "[analysis]") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const std::vector<Tensor> network = random_residual(seed);
    const NeuronMatching order = stream_matching(seed);
    const std::vector<Tensor> other = reordered(network, order, kResidual);
    CHECK(inner_product(network, other) < 0.9 * inner_product(network, network));
    const NeuronMatching back = match_neurons(network, other, kResidual);
    CHECK(std::equal(back[0].begin(), back[0].end(), back[2].begin()));
    CHECK(std::equal(back[0].begin(), back[0].end(), back[4].begin()));
    const std::vector<Tensor> found = reordered(other, back, kResidual);
    for (std::size_t l = 0; l < network.size(); ++l) CHECK(found[l].values == network[l].values);
  }
}

TEST_CASE("A residual network in another order computes the same", "[analysis]") {
  const std::vector<Tensor> network = random_residual(1);
  const std::vector<Tensor> other = reordered(network, stream_matching(1), kResidual);
  const std::vector<double> expected = residual_outputs(network), found = residual_outputs(other);
  for (std::size_t o = 0; o < expected.size(); ++o) CHECK(found[o] == Approx(expected[o]));
}

TEST_CASE("Matching residual networks never loses, and what is added to images stays", "[analysis]") {
  const std::vector<Tensor> a = random_residual(1), b = random_residual(2);
  Wiring wiring = kResidual;
  CHECK(inner_product(a, reordered(b, match_neurons(a, b, wiring), wiring)) > inner_product(a, b));
  wiring[1].images = wiring[3].images = wiring[5].images = true;
  const NeuronMatching matching = match_neurons(a, b, wiring);
  for (const std::size_t l : {0, 2, 4, 5}) {
    CHECK(std::is_sorted(matching[l].begin(), matching[l].end()));
  }
  CHECK_FALSE(std::is_sorted(matching[1].begin(), matching[1].end()));
}

TEST_CASE("A layer that takes the stream to which it adds does not keep matching from its end",
          "[analysis]") {
  const auto draw = [](std::uint64_t seed) {
    return std::vector<Tensor>{random_tensor("fc1.weight", {9, 5}, seed),
                               random_tensor("fc2.weight", {9, 9}, seed),
                               random_tensor("fc3.weight", {3, 9}, seed)};
  };
  const Wiring wiring = {{{}, true}, {{0}, false}, {{1, 0}, false}};
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const std::vector<Tensor> a = draw(seed), b = draw(seed + 100);
    const NeuronMatching matching = match_neurons(a, b, wiring);
    CHECK(matching[0] == matching[1]);
    CHECK(inner_product(a, reordered(b, matching, wiring)) >= inner_product(a, b));
  }
}

TEST_CASE("Neurons are not matched where the wiring is not known", "[analysis]") {
  MaskedNetwork network = masked(random_convnet(1), 1);
  network.wiring.reset();
  CHECK_THROWS_AS(matched_to(network, network, MatchBy::masks), StoreError);
}
