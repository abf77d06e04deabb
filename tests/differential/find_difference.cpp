#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "differential/model_case.h"
#include "differential/reference_network.h"
#include "ltlab/base/random.h"
#include "ltlab/nn/models.h"

namespace ltlab::test {
namespace {

constexpr int kSteps = 2;
constexpr double kRate = 0.1;

// What all networks of a case start from.
struct Start {
  std::vector<Tensor> tensors;
  std::vector<Mask> masks;
  std::array<PlainBatch, kSteps> images;
  std::array<std::vector<std::uint8_t>, kSteps> labels;
};

bool has_batch_norm(const ModelCase& c) {
  return c.model.find("batch-norm") != std::string::npos;
}

TrainingStep training_step(const ModelCase& c, int step) {
  return {c.seed, 1, static_cast<std::uint64_t>(step)};
}

Tensor random_weights(const ParameterInfo& info, RandomStream& random) {
  Tensor tensor{info.name, info.shape, AlignedVector<float>(element_count(info.shape))};
  const double scale = 1 / std::sqrt(static_cast<double>(std::max<std::size_t>(1, info.fan_in)));
  for (float& value : tensor.values)
    value = static_cast<float>(static_cast<double>(info.start) + scale * random.uniform(-1.5, 1.5));
  if (info.name.ends_with("running_var"))
    for (float& value : tensor.values) value = std::abs(value);
  return tensor;
}

// Keeps weights at the case's density, but for whole rows and columns (outputs and inputs) that it empties.
Mask random_mask(const ModelCase& c, const ParameterInfo& info, RandomStream& random) {
  Mask mask = full_mask(info.name, info.shape);
  const std::size_t rows = info.shape[0], columns = info.shape[1], kernel = mask.size() / rows / columns;
  std::vector<bool> row_empty(rows), column_empty(columns);
  for (std::size_t r = 0; r < rows; ++r) row_empty[r] = random.uniform() < c.empty;
  for (std::size_t i = 0; i < columns; ++i) column_empty[i] = random.uniform() < c.empty;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const bool kept = random.uniform() < c.density;
    mask.keep[i] = kept && !row_empty[i / kernel / columns] && !column_empty[i / kernel % columns];
  }
  return mask;
}

PlainBatch random_images(const ModelCase& c, std::size_t count, RandomStream& random) {
  PlainBatch images(c.image, count);
  for (double& value : images.values) value = static_cast<double>(static_cast<float>(random.normal()));
  return images;
}

Start draw_start(const ModelCase& c, const Network<double>& network) {
  RandomStream random({c.seed, "test/start", 0, 0});
  Start start;
  for (const Parameter<double>* array : network.arrays())
    start.tensors.push_back(random_weights(array->info(), random));
  for (const Parameter<double>* parameter : network.parameters()) {
    if (parameter->info().prunable && (c.all_pruned || random.uniform() < 0.5))
      start.masks.push_back(random_mask(c, parameter->info(), random));
  }
  // The second batch is an epoch's last, which may be smaller; but a batch norm wants some variance.
  const std::size_t last = has_batch_norm(c) ? c.batch : 1 + static_cast<std::size_t>(random.below(c.batch));
  for (int step = 0; step < kSteps; ++step) {
    const std::size_t count = step == 0 ? c.batch : last;
    start.images[step] = random_images(c, count, random);
    for (std::size_t i = 0; i < count; ++i)
      start.labels[step].push_back(static_cast<std::uint8_t>(random.below(c.classes)));
  }
  return start;
}

// Padding lanes hold something finite that must not matter.
template <class T>
Activations<T> in_panels(const PlainBatch& images, ActivationShape layout) {
  layout.batch = images.images;
  Activations<T> batch(layout);
  const std::size_t features = images.shape.features();
  for (std::size_t i = 0; i < batch.panels() * batch.lanes(); ++i)
    for (std::size_t f = 0; f < features; ++f)
      batch.at(f, i) = i < images.images ? static_cast<T>(images.values[i * features + f]) : T(3);
  return batch;
}

// One network's way through the steps.
struct Trace {
  std::vector<std::vector<double>> logits;  // of each step and, last, of an evaluation
  std::vector<ReferenceNetwork::Arrays> gradients;
  ReferenceNetwork::Arrays trained;
  std::size_t close_calls = 0;
};

Trace train_reference(const ModelCase& c, const Start& start, std::size_t part) {
  ReferenceNetwork network(c.model, c.classes, part);
  std::map<std::string, const Mask*> masks;
  for (const Mask& mask : start.masks) masks[mask.name] = &mask;
  const auto prune = [&](const std::string& name, std::vector<double>& values) {
    const auto mask = masks.find(name);
    for (std::size_t k = 0; mask != masks.end() && k < values.size(); ++k) values[k] *= mask->second->keep[k];
  };
  for (const Tensor& tensor : start.tensors) {
    network.arrays[tensor.name].assign(tensor.values.begin(), tensor.values.end());
    prune(tensor.name, network.arrays[tensor.name]);
  }
  Trace trace;
  for (int step = 0; step < kSteps; ++step) {
    trace.logits.push_back(network.forward(training_step(c, step), start.images[step]).values);
    trace.close_calls += network.close_calls();
    network.backward(start.labels[step]);
    for (auto& [name, gradient] : network.gradients) {
      prune(name, gradient);
      std::vector<double>& values = network.arrays.at(name);
      for (std::size_t k = 0; k < values.size(); ++k) values[k] -= kRate * gradient[k];
    }
    trace.gradients.push_back(network.gradients);
  }
  trace.logits.push_back(network.forward(std::nullopt, start.images[0]).values);
  trace.trained = network.arrays;
  return trace;
}

// A dense array, zero where pruned, of one that runs along a parameter's survivors.
template <class T>
std::vector<double> spread_out(const Parameter<T>& parameter, const AlignedVector<T>& compact) {
  std::vector<double> dense(parameter.dense_size());
  for (std::size_t k = 0; k < compact.size(); ++k)
    dense[parameter.masked() ? parameter.survivors()[k] : k] = static_cast<double>(compact[k]);
  return dense;
}

template <class T>
std::vector<double> plain(const Activations<T>& a) {
  std::vector<double> values;
  for (std::size_t i = 0; i < a.batch(); ++i)
    for (std::size_t f = 0; f < a.features(); ++f) values.push_back(static_cast<double>(a.at(f, i)));
  return values;
}

template <class T>
Trace train(const ModelCase& c, const Start& start, Network<T>& network) {
  Trace trace;
  for (int step = 0; step < kSteps; ++step) {
    const std::span<const std::uint8_t> labels = start.labels[step];
    std::vector<double>& logits = trace.logits.emplace_back();
    const auto loss = [&](std::size_t first, const Activations<T>& z, Activations<T>& gradient) {
      softmax_cross_entropy<T>(z, labels.subspan(first, z.batch()), labels.size(), &gradient);
      const std::vector<double> values = plain(z);
      logits.insert(logits.end(), values.begin(), values.end());
    };
    network.forward_backward(in_panels<T>(start.images[step], network.input()), loss, training_step(c, step));
    ReferenceNetwork::Arrays& gradients = trace.gradients.emplace_back();
    for (Parameter<T>* parameter : network.parameters()) {
      gradients[parameter->info().name] = spread_out(*parameter, parameter->gradient);
      for (std::size_t k = 0; k < parameter->size(); ++k)
        parameter->values[k] -= static_cast<T>(kRate) * parameter->gradient[k];
    }
  }
  trace.logits.push_back(plain(network.forward(in_panels<T>(start.images[0], network.input()))));
  for (const Parameter<T>* array : network.arrays())
    trace.trained[array->info().name] = spread_out(*array, array->values);
  return trace;
}

double norm(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}

double norm(const ReferenceNetwork::Arrays& arrays) {
  double squares = 0;
  for (const auto& [name, values] : arrays) squares += std::pow(norm(values), 2);
  return std::sqrt(squares);
}

// The norm of the difference over that of `expected`, of which at least `floor` counts.
double relative_difference(const std::vector<double>& a, const std::vector<double>& expected, double floor) {
  if (a.size() != expected.size()) return INFINITY;
  double squares = 0;
  for (std::size_t k = 0; k < a.size(); ++k) squares += std::pow(a[k] - expected[k], 2);
  return std::sqrt(squares) / (norm(expected) + floor);
}

struct Tolerance {
  double logits, gradients;
};

// What rounding may do. Where a ReLU or a maximum may have switched, gradients and what follows from them may
// differ by what one value of many passes on. A batch norm of channels that hardly vary multiplies all by as
// much as 300. Doubles, whose kernels are the same sources, are held to their own digits whatever the model.
template <class T>
Tolerance tolerance(const ModelCase& c, std::size_t close_calls) {
  if (sizeof(T) == sizeof(double)) return {1e-9, 1e-8};
  if (close_calls > 0) return {1e-3, 0.3};
  return has_batch_norm(c) ? Tolerance{1e-3, 0.05} : Tolerance{1e-4, 2e-3};
}

// The first of the trace's values that is not within the tolerance.
std::optional<std::string> compare(const Trace& trace, const Trace& expected, const Tolerance& within) {
  const auto differ = [](const std::string& what, double by) {
    std::ostringstream text;
    text << what << " differ by " << by;
    return text.str();
  };
  for (std::size_t step = 0; step < expected.logits.size(); ++step) {
    const double by = relative_difference(trace.logits[step], expected.logits[step], 1e-3);
    const double allowed = step == 0 ? within.logits : std::max(within.logits, within.gradients);
    if (!(by <= allowed))
      return differ(step < kSteps ? "logits of step " + std::to_string(step) : "logits of the evaluation",
                    by);
    if (step == kSteps) break;
    const double floor = 0.1 * norm(expected.gradients[step]) + 1e-6;
    for (const auto& [name, gradient] : expected.gradients[step]) {
      const double g = relative_difference(trace.gradients[step].at(name), gradient, floor);
      if (!(g <= within.gradients))
        return differ("gradients of " + name + " in step " + std::to_string(step), g);
    }
  }
  for (const auto& [name, values] : expected.trained) {
    const double by = relative_difference(trace.trained.at(name), values, 1e-2);
    if (!(by <= within.gradients)) return differ("trained values of " + name, by);
  }
  return std::nullopt;
}

enum class Kernels { dense, sparse, measured, drawn };
constexpr std::array<const char*, 4> kKernelsNames{"dense", "sparse", "measured", "drawn"};

template <class T>
void choose(const ModelCase& c, Kernels kernels, Network<T>& network) {
  std::vector<KernelChoice> choices =
      network.choose_kernels(kernels == Kernels::measured ? KernelPolicy::automatic
                             : kernels == Kernels::dense  ? KernelPolicy::dense
                                                          : KernelPolicy::sparse);
  if (kernels != Kernels::drawn) return;
  RandomStream random({c.seed, "test/kernels", 0, 0});
  for (KernelChoice& choice : choices)
    if (random.uniform() < 0.5) choice.kernel = Kernel::dense;
  network.set_kernels(choices);
}

// What a network of numbers T that runs by these kernels does otherwise than the reference.
template <class T>
std::optional<std::string> difference_of(const ModelCase& c, const Start& start, Kernels kernels,
                                         const Trace& expected) {
  Network<T> network = make_network<T>(c.model, c.image, c.classes, c.batch);
  network.assign(start.tensors);
  network.apply(start.masks);
  choose(c, kernels, network);
  const auto difference = compare(train(c, start, network), expected, tolerance<T>(c, expected.close_calls));
  if (!difference) return std::nullopt;
  return std::string(kKernelsNames[static_cast<std::size_t>(kernels)]) + ", " +
         (sizeof(T) == sizeof(double) ? "double" : "float") + ": " + *difference;
}

}  // namespace

std::optional<std::string> find_difference(const ModelCase& c) {
  const Network<double> network = make_network<double>(c.model, c.image, c.classes, c.batch);
  const Start start = draw_start(c, network);
  const Trace expected = train_reference(c, start, network.part());
  for (const Kernels kernels : {Kernels::sparse, Kernels::dense, Kernels::drawn, Kernels::measured}) {
    if (auto difference = difference_of<float>(c, start, kernels, expected)) return difference;
    if (kernels == Kernels::measured) continue;
    if (auto difference = difference_of<double>(c, start, kernels, expected)) return difference;
  }
  return std::nullopt;
}

}  // namespace ltlab::test
