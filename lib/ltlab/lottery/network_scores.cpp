#include "ltlab/lottery/network_scores.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "ltlab/base/random.h"

namespace ltlab {
namespace {

constexpr double kGraspTemperature = 200;

// Makes scores from values that run along the survivors of all parameters.
template <class T>
NetworkScores of_prunable(const Network<T>& network, std::span<const double> values) {
  NetworkScores scores;
  std::size_t i = 0;
  for (const Parameter<T>* parameter : network.parameters()) {
    std::vector<double> own(parameter->dense_size());
    for (std::size_t k = 0; k < parameter->size(); ++k)
      own[parameter->masked() ? parameter->survivors()[k] : k] = values[i++];
    if (parameter->info().prunable) scores.push_back(std::move(own));
  }
  return scores;
}

// Computes values[i] *= factor(parameter) along the survivors of all parameters.
template <class T, class Factor>
void scale(const Network<T>& network, std::vector<double>& values, const Factor& factor) {
  std::size_t i = 0;
  for (const Parameter<T>* parameter : network.parameters()) {
    for (std::size_t k = 0; k < parameter->size(); ++k) values[i++] *= factor(parameter->info());
  }
}

// Computes sum += share * (w g)^2, with the gradients that the parameters hold.
template <class T>
void add_squares(const Network<T>& network, double share, std::vector<double>& sum) {
  std::size_t i = 0;
  for (const Parameter<T>* parameter : network.parameters()) {
    for (std::size_t k = 0; k < parameter->size(); ++k) {
      const double product =
          static_cast<double>(parameter->values[k]) * static_cast<double>(parameter->gradient[k]);
      sum[i++] += share * product * product;
    }
  }
}

template <class T>
Activations<T> image_of(const Activations<T>& images, std::size_t image) {
  ActivationShape shape = images.shape();
  shape.batch = 1;
  Activations<T> one(shape);
  for (std::size_t f = 0; f < images.features(); ++f) one.at(f, 0) = images.at(f, image);
  return one;
}

// Computes the gradient of the sum of the logits.
template <class T>
void differentiate_sum(std::size_t /*first_image*/, const Activations<T>& logits, Activations<T>& gradient) {
  for (std::size_t f = 0; f < logits.features(); ++f) {
    for (std::size_t i = 0; i < gradient.panels() * gradient.lanes(); ++i)
      gradient.at(f, i) = i < logits.batch() ? 1 : 0;
  }
}

// Draws training images in random order: the first ones of each class, in as many turns as it takes.
std::vector<std::uint32_t> draw_balanced(const Dataset& dataset, std::size_t count, std::uint64_t seed) {
  std::vector<std::uint32_t> order = dataset.training;
  RandomStream({seed, "score-images"}).shuffle(order);
  struct Draw {
    std::size_t turn, place;
  };
  std::map<std::uint8_t, std::size_t> turns;
  std::vector<Draw> draws;
  draws.reserve(order.size());
  for (const std::uint32_t image : order)
    draws.push_back({turns[dataset.train.labels[image]]++, draws.size()});
  std::ranges::stable_sort(draws, {}, &Draw::turn);
  draws.resize(std::min(count, draws.size()));
  std::ranges::sort(draws, {}, &Draw::place);
  std::vector<std::uint32_t> images;
  images.reserve(draws.size());
  for (const Draw& draw : draws) images.push_back(order[draw.place]);
  return images;
}

template <class T>
NetworkScores snip_scores(Network<T>& network, std::span<const LabelledBatch<T>> batches) {
  const std::vector<double> gradient = mean_gradient(network, batches);
  std::vector<double> scores = survivors_of(network);
  std::ranges::transform(scores, gradient, scores.begin(),
                         [](double w, double g) { return std::abs(w * g); });
  return of_prunable(network, scores);
}

// The temperature divides the logits, so it must divide the output layer's parameters: u = d w, d = 1 or 1 /
// 200. By the chain rule g(w) = d g(u) and H(w) v = d H(u) (d v), so that w H(w) g(w) = u H(u) (d d g(u)).
template <class T>
NetworkScores grasp_scores(Network<T>& network, std::span<const LabelledBatch<T>> batches) {
  const auto divisor = [](const ParameterInfo& info) { return info.output_layer ? kGraspTemperature : 1.0; };
  std::vector<double> weights = survivors_of(network);
  scale(network, weights, [&](const ParameterInfo& info) { return 1 / divisor(info); });
  assign_survivors(network, weights);
  std::vector<double> direction = mean_gradient(network, batches);
  scale(network, direction,
        [&](const ParameterInfo& info) { return info.prunable ? 1 / (divisor(info) * divisor(info)) : 0.0; });
  std::vector<double> scores = Hessian<T>(network, batches).multiply(direction);
  std::ranges::transform(scores, weights, scores.begin(), std::multiplies<>());
  return of_prunable(network, scores);
}

template <class T>
NetworkScores taylor_scores(Network<T>& network, std::span<const LabelledBatch<T>> batches) {
  std::vector<double> sum(survivor_count(network));
  for (const LabelledBatch<T>& batch : batches) {
    network.forward_backward(batch.images, batch.labels);
    add_squares(network, 1 / static_cast<double>(batches.size()), sum);
  }
  return of_prunable(network, sum);
}

template <class T>
NetworkScores fisher_scores(Network<T>& network, std::span<const LabelledBatch<T>> batches) {
  network.freeze();
  std::size_t images = 0;
  for (const LabelledBatch<T>& batch : batches) images += batch.labels.size();
  std::vector<double> sum(survivor_count(network));
  for (const LabelledBatch<T>& batch : batches) {
    for (std::size_t i = 0; i < batch.labels.size(); ++i) {
      network.forward_backward(image_of(batch.images, i), std::span(batch.labels).subspan(i, 1));
      add_squares(network, 1 / static_cast<double>(images), sum);
    }
  }
  return of_prunable(network, sum);
}

template <class T>
NetworkScores synflow_scores(Network<T>& network, std::span<const LabelledBatch<T>> /*batches*/) {
  network.freeze();
  for (Parameter<T>* array : network.arrays()) {
    for (T& value : array->values) value = std::abs(value);
  }
  ActivationShape shape = network.input();
  shape.batch = 1;
  Activations<T> ones(shape);
  for (std::size_t f = 0; f < ones.features(); ++f) ones.at(f, 0) = 1;
  network.forward_backward(ones, differentiate_sum<T>);
  std::vector<double> scores = survivors_of(network);
  std::size_t i = 0;
  for (const Parameter<T>* parameter : network.parameters()) {
    for (const T gradient : parameter->gradient) scores[i++] *= static_cast<double>(gradient);
  }
  return of_prunable(network, scores);
}

template <class T>
struct NetworkScore {
  Score value;
  NetworkScores (*scores)(Network<T>& network, std::span<const LabelledBatch<T>> batches);
};

template <class T>
constexpr NetworkScore<T> kNetworkScores[] = {
    {Score::snip, snip_scores<T>},     {Score::grasp, grasp_scores<T>},   {Score::synflow, synflow_scores<T>},
    {Score::taylor, taylor_scores<T>}, {Score::fisher, fisher_scores<T>},
};

}  // namespace

template <class T>
NetworkScores score_network(Score score, Network<T>& network, std::span<const LabelledBatch<T>> batches) {
  const auto* const found = std::ranges::find(kNetworkScores<T>, score, &NetworkScore<T>::value);
  if (found != std::end(kNetworkScores<T>)) return found->scores(network, batches);
  throw ConfigError("score '" + score_names().name(score) + "' asks no network");
}

template <class T>
std::vector<LabelledBatch<T>> draw_score_images(const Dataset& dataset, std::size_t count, std::size_t batch,
                                                const ActivationShape& input, std::uint64_t seed) {
  const std::vector<std::uint32_t> images = draw_balanced(dataset, count, seed);
  std::vector<LabelledBatch<T>> batches;
  for (std::size_t begin = 0; begin < images.size(); begin += batch) {
    const auto indices = std::span(images).subspan(begin, std::min(batch, images.size() - begin));
    ActivationShape shape = input;
    shape.batch = indices.size();
    Activations<float> gathered(shape);
    gather(dataset.train, dataset.normalization, indices, gathered);
    LabelledBatch<T>& labelled = batches.emplace_back(LabelledBatch<T>{Activations<T>(shape), {}});
    std::copy_n(gathered.data(), gathered.size(), labelled.images.data());
    for (const std::uint32_t index : indices) labelled.labels.push_back(dataset.train.labels[index]);
  }
  return batches;
}

template NetworkScores score_network(Score, Network<float>&, std::span<const LabelledBatch<float>>);
template NetworkScores score_network(Score, Network<double>&, std::span<const LabelledBatch<double>>);
template std::vector<LabelledBatch<float>> draw_score_images(const Dataset&, std::size_t, std::size_t,
                                                             const ActivationShape&, std::uint64_t);
template std::vector<LabelledBatch<double>> draw_score_images(const Dataset&, std::size_t, std::size_t,
                                                              const ActivationShape&, std::uint64_t);

}  // namespace ltlab
