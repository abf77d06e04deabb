#include "ltlab/analysis/interpolation.h"

#include <catch2/catch.hpp>
#include <limits>
#include <numeric>

#include "ltlab/base/error.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

const std::string kModel = "linear 12 relu; batch-norm; linear classes";
constexpr std::size_t kBatch = 20;

const TrainingData& small_data() {
  static const TrainingData data = [] {
    DatasetOptions options;
    options.embedded_train = 300;
    options.embedded_test = 100;
    options.validation = 100;
    return TrainingData(load_dataset(options), input_layout(kModel, {1, 28, 28}, 10, kBatch));
  }();
  return data;
}

const LandscapeData& landscape() {
  static const LandscapeData data(small_data(), kModel, kBatch, 150);
  return data;
}

// A network's arrays, small at random but for the pruned weights, which are zero, and the variances.
WeightPoint random_point(double density, std::uint64_t seed) {
  WeightPoint point;
  Network<float> network = landscape().network<float>({});
  for (const Parameter<float>* array : network.arrays()) {
    const ParameterInfo& info = array->info();
    Tensor tensor = random_tensor(info.name, info.shape, seed + point.values.size());
    for (float& value : tensor.values) value = info.start + 0.05f * value;
    if (info.prunable) {
      point.masks.push_back(random_mask(info.name, info.shape, density, seed + point.values.size()));
      for (std::size_t i = 0; i < tensor.values.size(); ++i)
        tensor.values[i] *= static_cast<float>(point.masks.back().keep[i]);
    }
    point.values.push_back(std::move(tensor));
  }
  return point;
}

// Evaluated by a dense network, without masks.
Evaluation evaluated(const std::vector<Tensor>& values, const EvaluationSet& set) {
  Network<float> network = landscape().network<float>({});
  network.assign(values);
  return evaluate(network, set);
}

LinePoint at(double alpha, double loss, double accuracy) {
  return {alpha, {2 * loss, accuracy}, {loss, accuracy / 2}};
}

}  // namespace

TEST_CASE("Points of a line are those of dense networks between its ends", "[landscape]") {
  const WeightPoint a = random_point(0.4, 1), b = random_point(0.3, 50);
  CHECK_FALSE(nested(b.masks, a.masks));
  const std::vector<LinePoint> line = interpolate(landscape(), a, b, 5, LineStatistics::interpolated);
  REQUIRE(line.size() == 5);
  for (std::size_t p = 0; p < line.size(); ++p) {
    const float alpha = static_cast<float>(p) / 4;
    CHECK(line[p].alpha == alpha);
    std::vector<Tensor> values = a.values;
    for (std::size_t t = 0; t < values.size(); ++t) {
      for (std::size_t i = 0; i < values[t].values.size(); ++i)
        values[t].values[i] = (1 - alpha) * a.values[t].values[i] + alpha * b.values[t].values[i];
    }
    CHECK(line[p].train.loss == Approx(evaluated(values, landscape().train()).loss).epsilon(1e-5));
    CHECK(line[p].test.loss == Approx(evaluated(values, landscape().test()).loss).epsilon(1e-5));
    CHECK(line[p].test.accuracy == Approx(evaluated(values, landscape().test()).accuracy).margin(0.02));
  }
}

TEST_CASE("Statistics are the means over the whole batches of the batches' own", "[landscape]") {
  const WeightPoint point = random_point(1, 3);
  const auto& [masks, values] = point;
  const EvaluationSet& images = landscape().train();  // seven whole batches, and a half
  // Of each neuron, over the batches: the sums of means and of unbiased variances.
  std::vector<double> means(12), variances(12);
  for (std::size_t b = 0; b < 7; ++b) {
    for (std::size_t h = 0; h < 12; ++h) {
      std::vector<double> outputs;
      for (std::size_t i = 0; i < kBatch; ++i) {
        double output = static_cast<double>(find_named(values, "fc1.bias")->values[h]);
        for (std::size_t f = 0; f < 784; ++f) {
          output += static_cast<double>(values[0].values[h * 784 + f]) *
                    static_cast<double>(images.images(b).at(f, i));
        }
        outputs.push_back(std::max(0.0, output));
      }
      const double mean = std::accumulate(outputs.begin(), outputs.end(), 0.0) / kBatch;
      means[h] += mean / 7;
      for (const double output : outputs)
        variances[h] += (output - mean) * (output - mean) / (kBatch - 1) / 7;
    }
  }
  Network<float> network = landscape().network<float>(masks);
  network.assign(values);
  estimate_statistics(network, images);
  const std::vector<Tensor> after = network.tensors();
  for (const Tensor& before : values) {
    const Tensor& now = *find_named(after, before.name);
    const bool is_mean = before.name.ends_with("running_mean"),
               is_variance = before.name.ends_with("running_var");
    if (!is_mean && !is_variance) CHECK(now.values == before.values);
    for (std::size_t h = 0; h < 12 && (is_mean || is_variance); ++h)
      CHECK(now.values[h] == Approx(is_mean ? means[h] : variances[h]).epsilon(1e-4).margin(1e-6));
  }
}

TEST_CASE("Every point of a line has statistics of its own, and the line of a network to itself is flat",
          "[landscape]") {
  const WeightPoint a = random_point(0.4, 1), b = random_point(0.3, 50);
  const std::vector<LinePoint> line = interpolate(landscape(), a, b, 3, LineStatistics::estimated);
  Network<float> network = landscape().network<float>(united(a.masks, b.masks));
  for (const std::size_t end : {0, 2}) {
    network.assign(end == 0 ? a.values : b.values);
    estimate_statistics(network, landscape().train());
    CHECK(line[end].test.loss == evaluate(network, landscape().test()).loss);
  }
  CHECK(line[1].test.loss != interpolate(landscape(), a, b, 3, LineStatistics::interpolated)[1].test.loss);
  const Barrier none = barrier(interpolate(landscape(), a, a, 4, LineStatistics::estimated));
  CHECK(none.test_loss == 0);
  CHECK(none.test_error == 0);
}

TEST_CASE("Training images are drawn once for all, as many as there are at most", "[landscape]") {
  CHECK(landscape().train().size() == 150);
  const LandscapeData again(small_data(), kModel, kBatch, 150), all(small_data(), kModel, kBatch, 5000);
  CHECK(all.train().size() == 200);
  const std::vector<LabelledBatch<double>> batches = landscape().batches(), same = again.batches();
  REQUIRE(batches.size() == 8);
  CHECK(batches.back().labels.size() == 10);
  for (std::size_t b = 0; b < batches.size(); ++b) {
    CHECK(batches[b].labels == same[b].labels);
    CHECK(batches[b].images.at(400, 3) == landscape().train().images(b).at(400, 3));
  }
}

TEST_CASE("A barrier is the rise over the mean of the ends", "[landscape]") {
  const Barrier up = barrier({at(0, 1.0, 0.5), at(0.5, 4.0, 0.25), at(1, 2.0, 0.75)});
  CHECK(up.test_loss == 2.5);
  CHECK(up.train_loss == 5.0);
  CHECK(up.train_error == 0.375);
  CHECK(up.test_error == 0.1875);
  const Barrier none = barrier({at(0, 3.0, 0.5), at(0.5, 1.0, 0.9), at(1, 3.0, 0.5)});
  CHECK(none.test_loss == 0);
  CHECK(none.test_error == 0);
}

TEST_CASE("Lines need two networks of one model, with finite values", "[landscape]") {
  const WeightPoint a = random_point(0.4, 1);
  CHECK_THROWS_AS(interpolate(landscape(), a, a, 1, LineStatistics::estimated), ConfigError);
  WeightPoint other = a;
  other.values.front().name = "conv1.weight";
  CHECK_THROWS_AS(interpolate(landscape(), a, other, 3, LineStatistics::estimated), ConfigError);
  other = a;
  other.masks.pop_back();
  CHECK_THROWS_AS(interpolate(landscape(), a, other, 3, LineStatistics::estimated), ConfigError);
  other = a;
  other.values.back().values.front() = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(interpolate(landscape(), a, other, 3, LineStatistics::estimated), StoreError);
}
