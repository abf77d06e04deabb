#include "ltlab/lottery/network_scores.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include "ltlab/nn/models.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

constexpr std::size_t kInputs = 6, kHidden = 5, kClasses = 4;

using Values = std::vector<double>;

// A network of one hidden ReLU layer, written out: weights and biases of fc1, then of fc2.
struct PlainNetwork {
  Values weights1, biases1, weights2, biases2;

  Values joined() const {
    Values all;
    for (const Values* part : {&weights1, &biases1, &weights2, &biases2})
      all.insert(all.end(), part->begin(), part->end());
    return all;
  }
};

PlainNetwork parted(const Values& all) {
  PlainNetwork network;
  auto from = all.begin();
  const auto take = [&](Values& to, std::size_t size) {
    to.assign(from, from + static_cast<std::ptrdiff_t>(size));
    from += static_cast<std::ptrdiff_t>(size);
  };
  take(network.weights1, kHidden * kInputs);
  take(network.biases1, kHidden);
  take(network.weights2, kClasses * kHidden);
  take(network.biases2, kClasses);
  return network;
}

// Adds the gradient of `share` times one image's cross-entropy at a softmax temperature.
void add_gradient(const PlainNetwork& n, const Values& x, std::size_t label, double temperature, double share,
                  PlainNetwork& gradient) {
  Values hidden(kHidden), exponentials(kClasses);
  for (std::size_t h = 0; h < kHidden; ++h) {
    hidden[h] = n.biases1[h];
    for (std::size_t i = 0; i < kInputs; ++i) hidden[h] += n.weights1[h * kInputs + i] * x[i];
    hidden[h] = std::max(0.0, hidden[h]);
  }
  double sum = 0;
  for (std::size_t c = 0; c < kClasses; ++c) {
    double logit = n.biases2[c];
    for (std::size_t h = 0; h < kHidden; ++h) logit += n.weights2[c * kHidden + h] * hidden[h];
    sum += exponentials[c] = std::exp(logit / temperature);
  }
  Values hidden_gradient(kHidden);
  for (std::size_t c = 0; c < kClasses; ++c) {
    const double g = share * (exponentials[c] / sum - (c == label ? 1 : 0)) / temperature;
    gradient.biases2[c] += g;
    for (std::size_t h = 0; h < kHidden; ++h) {
      gradient.weights2[c * kHidden + h] += g * hidden[h];
      hidden_gradient[h] += g * n.weights2[c * kHidden + h];
    }
  }
  for (std::size_t h = 0; h < kHidden; ++h) {
    if (hidden[h] == 0) continue;
    gradient.biases1[h] += hidden_gradient[h];
    for (std::size_t i = 0; i < kInputs; ++i) gradient.weights1[h * kInputs + i] += hidden_gradient[h] * x[i];
  }
}

// A small network with masks, images in two batches, and the same written out.
class Sample {
 public:
  Sample() : network_(make_network<double>("mlp:6-5-4", {kInputs, 1, 1}, kClasses, 8)) {
    network_.apply({random_mask("fc1.weight", {kHidden, kInputs}, 0.7, 1),
                    random_mask("fc2.weight", {kClasses, kHidden}, 0.7, 2)});
    std::vector<Tensor> tensors = network_.tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i)
      tensors[i] = random_tensor(tensors[i].name, tensors[i].shape, 10 + i);
    network_.assign(tensors);
    for (const std::size_t size : {8u, 5u}) {
      batches_.push_back({random_activations<double>(kInputs, size, network_.lanes(), size), {}});
      for (std::size_t i = 0; i < size; ++i)
        batches_.back().labels.push_back(static_cast<std::uint8_t>(i * 3 % kClasses));
    }
  }

  Network<double>& network() { return network_; }
  std::span<const LabelledBatch<double>> batches() const { return batches_; }

  // Of all parameters, dense, zero where pruned.
  Values weights() const {
    Values all;
    for (const Parameter<double>* parameter : network_.parameters()) {
      Values dense(parameter->dense_size());
      for (std::size_t k = 0; k < parameter->size(); ++k)
        dense[parameter->masked() ? parameter->survivors()[k] : k] = parameter->values[k];
      all.insert(all.end(), dense.begin(), dense.end());
    }
    return all;
  }

  // Of the mean loss over images [first, first + count) of a batch.
  Values gradient(const Values& at, std::size_t batch, std::size_t first, std::size_t count,
                  double temperature = 1) const {
    const PlainNetwork plain = parted(at);
    PlainNetwork gradient = parted(Values(at.size()));
    for (std::size_t image = first; image < first + count; ++image) {
      Values x;
      for (std::size_t i = 0; i < kInputs; ++i) x.push_back(batches_[batch].images.at(i, image));
      add_gradient(plain, x, batches_[batch].labels[image], temperature, 1.0 / static_cast<double>(count),
                   gradient);
    }
    return gradient.joined();
  }

  // Of the mean loss over all 13 images.
  Values mean_gradient(const Values& at, double temperature = 1) const {
    Values first = gradient(at, 0, 0, 8, temperature), second = gradient(at, 1, 0, 5, temperature);
    for (std::size_t i = 0; i < first.size(); ++i) first[i] = (8 * first[i] + 5 * second[i]) / 13;
    return first;
  }

 private:
  Network<double> network_;
  std::vector<LabelledBatch<double>> batches_;
};

// Scores against rule(i) at each weight, i counting all parameters; pruned ones have w = 0 and so score 0.
void check_scores(const NetworkScores& scores, const std::function<double(std::size_t)>& rule) {
  REQUIRE(scores.size() == 2);
  REQUIRE(scores[0].size() == kHidden * kInputs);
  REQUIRE(scores[1].size() == kClasses * kHidden);
  double largest = 0;
  for (std::size_t i = 0; i < kHidden * kInputs; ++i) largest = std::max(largest, std::abs(rule(i)));
  REQUIRE(largest > 0);
  for (std::size_t i = 0; i < scores[0].size(); ++i)
    CHECK(scores[0][i] == Approx(rule(i)).margin(1e-6 * largest));
  for (std::size_t i = 0; i < scores[1].size(); ++i)
    CHECK(scores[1][i] == Approx(rule(kHidden * kInputs + kHidden + i)).margin(1e-6 * largest));
}

double sum_of(const Values& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// A network for synaptic flow: random weights, no biases.
Network<double> network_without_biases(const std::string& model, const ImageShape& image) {
  Network<double> network = make_network<double>(model, image, kClasses, 1);
  std::vector<Tensor> tensors = network.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].shape.size() > 1) tensors[i] = random_tensor(tensors[i].name, tensors[i].shape, i);
  }
  network.assign(tensors);
  return network;
}

}  // namespace

TEST_CASE("SNIP is the weight times the gradient of the mean loss", "[lottery]") {
  Sample sample;
  const Values w = sample.weights(), g = sample.mean_gradient(w);
  check_scores(score_network(Score::snip, sample.network(), sample.batches()),
               [&](std::size_t i) { return std::abs(w[i] * g[i]); });
}

TEST_CASE("Taylor scores square each batch's change, Fisher scores each image's", "[lottery]") {
  Sample sample;
  const Values w = sample.weights();
  const Values first = sample.gradient(w, 0, 0, 8), second = sample.gradient(w, 1, 0, 5);
  check_scores(score_network(Score::taylor, sample.network(), sample.batches()), [&](std::size_t i) {
    return w[i] * w[i] * (first[i] * first[i] + second[i] * second[i]) / 2;
  });
  Values information(w.size());
  for (std::size_t image = 0; image < 13; ++image) {
    const Values g = image < 8 ? sample.gradient(w, 0, image, 1) : sample.gradient(w, 1, image - 8, 1);
    for (std::size_t i = 0; i < w.size(); ++i) information[i] += g[i] * g[i] / 13;
  }
  check_scores(score_network(Score::fisher, sample.network(), sample.batches()),
               [&](std::size_t i) { return w[i] * w[i] * information[i]; });
}

TEST_CASE("GraSP is the weight times the Hessian times the gradient, at temperature 200", "[lottery]") {
  Sample sample;
  const Values w = sample.weights();
  // Biases and pruned weights do not count.
  Values direction = sample.mean_gradient(w, 200);
  const std::size_t biases1 = kHidden * kInputs, weights2 = biases1 + kHidden,
                    biases2 = weights2 + kClasses * kHidden;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const bool bias = (i >= biases1 && i < weights2) || i >= biases2;
    if (bias || w[i] == 0) direction[i] = 0;
  }
  const auto moved = [&](double distance) {
    Values at = w;
    for (std::size_t i = 0; i < w.size(); ++i) at[i] += distance * direction[i];
    return sample.mean_gradient(at, 200);
  };
  const double step = 1e-3;  // the gradient is about 1 / 200
  const Values above = moved(step), below = moved(-step);
  check_scores(score_network(Score::grasp, sample.network(), sample.batches()),
               [&](std::size_t i) { return w[i] * (above[i] - below[i]) / (2 * step); });
}

TEST_CASE("Synaptic flow of a weight is that of all paths through it", "[lottery]") {
  Network<double> network = network_without_biases("mlp:6-5-4", {kInputs, 1, 1});
  const std::vector<Tensor> tensors = network.tensors();
  const auto magnitude = [&](std::size_t tensor, std::size_t i) {
    return std::abs(static_cast<double>(tensors[tensor].values[i]));
  };
  const NetworkScores scores = score_network<double>(Score::synflow, network, {});
  for (std::size_t h = 0; h < kHidden; ++h) {
    double in = 0, out = 0;
    for (std::size_t i = 0; i < kInputs; ++i) in += magnitude(0, h * kInputs + i);
    for (std::size_t c = 0; c < kClasses; ++c) out += magnitude(2, c * kHidden + h);
    for (std::size_t i = 0; i < kInputs; ++i)
      CHECK(scores[0][h * kInputs + i] == Approx(magnitude(0, h * kInputs + i) * out));
    for (std::size_t c = 0; c < kClasses; ++c)
      CHECK(scores[1][c * kHidden + h] == Approx(magnitude(2, c * kHidden + h) * in));
  }
}

TEST_CASE("Synaptic flow is conserved from layer to layer", "[lottery]") {
  for (const char* model : {"mlp:72-30-20-10-4",
                            "conv 4; batch-norm relu; max-pool 2x2; conv 6; batch-norm relu; dropout 0.5; "
                            "global-average-pool; linear 7 relu; linear classes"}) {
    INFO(model);
    const bool flat = std::string(model).starts_with("mlp");
    Network<double> network =
        network_without_biases(model, flat ? ImageShape{72, 1, 1} : ImageShape{2, 6, 6});
    const NetworkScores scores = score_network<double>(Score::synflow, network, {});
    REQUIRE(scores.size() == 4);
    CHECK(sum_of(scores[0]) > 0);
    for (const Values& layer : scores) CHECK(sum_of(layer) == Approx(sum_of(scores[0])));
  }
}

TEST_CASE("Score images are as many of each class, the same for a seed, in batches", "[lottery]") {
  DatasetOptions options;
  options.embedded_train = 800;
  options.embedded_test = 10;
  options.validation = 200;
  const Dataset dataset = load_dataset(options);
  const ActivationShape layout{{784, 1, 1}, 32, 32, 0};
  const auto batches = draw_score_images<double>(dataset, 50, 32, layout, 7);
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].labels.size() == 32);
  CHECK(batches[1].labels.size() == 18);
  std::multiset<int> classes;
  for (const auto& batch : batches) classes.insert(batch.labels.begin(), batch.labels.end());
  for (int c = 0; c < 10; ++c) CHECK(classes.count(c) == 5);
  std::map<int, int> uneven;
  for (const auto& batch : draw_score_images<float>(dataset, 15, 32, layout, 7)) {
    for (const std::uint8_t label : batch.labels) ++uneven[label];
  }
  CHECK(uneven.size() == 10);
  for (const auto& [label, count] : uneven) CHECK((count == 1 || count == 2));
  const auto again = draw_score_images<float>(dataset, 50, 32, layout, 7);
  CHECK(again[0].labels == batches[0].labels);
  CHECK(again[0].images.at(400, 3) == static_cast<float>(batches[0].images.at(400, 3)));
  CHECK(draw_score_images<float>(dataset, 50, 32, layout, 8)[0].labels != batches[0].labels);
  // Asked for more than there are, it draws all that classes of that size allow.
  std::size_t all = 0;
  for (const auto& batch : draw_score_images<float>(dataset, 100000, 32, layout, 7))
    all += batch.labels.size();
  CHECK(all == 600);
}
