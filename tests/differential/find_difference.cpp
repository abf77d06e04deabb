#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>

#include "differential/model_case.h"
#include "differential/reference_network.h"
#include "ltlab/base/random.h"
#include "ltlab/nn/models.h"

namespace ltlab::test {
namespace {

constexpr int kSteps = 2;
constexpr double kRate = 0.1;
// How many roundings of the start count for those of every step between.
constexpr double kRoundings = 50;

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

using Disturb = std::function<void(std::vector<double>&)>;

Trace train_reference(const ModelCase& c, const Start& start, std::size_t part,
                      const Disturb& disturb = nullptr) {
  ReferenceNetwork network(c.model, c.classes, part);
  network.disturb = disturb;
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
  double logits, gradients;  // of the first step's logits, and of gradients and all that follows from them
};

// What rounding may do. Where a ReLU or a maximum may have switched, gradients and what follows from them may
// differ by what one value of many passes on. Doubles, whose kernels are the same sources, are held to their
// own digits whatever the model.
constexpr Tolerance kDoubles{1e-9, 1e-8};
Tolerance of_floats(const Trace& expected) {
  return expected.close_calls > 0 ? Tolerance{1e-3, 0.3} : Tolerance{1e-4, 2e-3};
}

struct Difference {
  std::string what;
  double by;
  bool is_logits;  // of the first step
};

// How far each of the trace's values lies from the expected ones, in the order of training.
std::vector<Difference> differences(const Trace& trace, const Trace& expected) {
  std::vector<Difference> all;
  for (std::size_t step = 0; step < expected.logits.size(); ++step) {
    const std::string name = step < kSteps ? "step " + std::to_string(step) : "the evaluation";
    const double logits = relative_difference(trace.logits[step], expected.logits[step], 1e-3);
    all.push_back({"logits of " + name, logits, step == 0});
    if (step == kSteps) break;
    const double floor = 0.1 * norm(expected.gradients[step]) + 1e-6;
    for (const auto& [array, gradient] : expected.gradients[step]) {
      const double by = relative_difference(trace.gradients[step].at(array), gradient, floor);
      all.push_back({"gradients of " + array + " in " + name, by, false});
    }
  }
  for (const auto& [array, values] : expected.trained)
    all.push_back(
        {"trained values of " + array, relative_difference(trace.trained.at(array), values, 1e-2), false});
  return all;
}

// The first of the trace's values that is not within the tolerance.
std::optional<std::string> compare(const Trace& trace, const Trace& expected, const Tolerance& within) {
  for (const Difference& difference : differences(trace, expected)) {
    if (difference.by <= (difference.is_logits ? within.logits : within.gradients)) continue;
    std::ostringstream text;
    text << difference.what << " differ by " << difference.by;
    return text.str();
  }
  return std::nullopt;
}

// How far this case's values move, at most of a few times, where all that it starts from and all that its
// layers give does by a float's last digit: a batch norm of values that hardly vary, for one, makes it
// hundreds of times as much, and the gradient of a bias before one is what is left of a sum of zero.
Tolerance conditioning(const ModelCase& c, const Start& start, std::size_t part, const Trace& expected) {
  constexpr std::uint64_t kTimes = 4;
  Tolerance farthest{0, 0};
  for (std::uint64_t time = 0; time < kTimes; ++time) {
    RandomStream random({c.seed, "test/conditioning", 0, time});
    const auto move = [&](auto& value) {
      using T = std::decay_t<decltype(value)>;
      value *= 1 + (random.uniform() < 0.5 ? -1 : 1) * static_cast<T>(std::numeric_limits<float>::epsilon());
    };
    const auto move_all = [&](auto& values) { std::for_each(values.begin(), values.end(), move); };
    Start moved = start;
    for (Tensor& tensor : moved.tensors) move_all(tensor.values);
    for (PlainBatch& images : moved.images) move_all(images.values);
    for (const Difference& difference : differences(train_reference(c, moved, part, move_all), expected)) {
      double& most = difference.is_logits ? farthest.logits : farthest.gradients;
      most = std::max(most, difference.by);
    }
  }
  return farthest;
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
                                         const Trace& expected, const Tolerance& within) {
  Network<T> network = make_network<T>(c.model, c.image, c.classes, c.batch);
  network.assign(start.tensors);
  network.apply(start.masks);
  choose(c, kernels, network);
  return compare(train(c, start, network), expected, within);
}

constexpr std::array kAllKernels{Kernels::sparse, Kernels::dense, Kernels::drawn, Kernels::measured};

// The first difference found, and by which kernels there is one.
template <class T>
std::optional<std::string> difference_of_any(const ModelCase& c, const Start& start, const Trace& expected,
                                             const Tolerance& within) {
  std::string first, by;
  for (const Kernels kernels : kAllKernels) {
    if (kernels == Kernels::measured && sizeof(T) == sizeof(double)) continue;
    const auto difference = difference_of<T>(c, start, kernels, expected, within);
    if (!difference) continue;
    if (first.empty()) first = *difference;
    by += std::string(by.empty() ? "" : ", ") + kKernelsNames[static_cast<std::size_t>(kernels)];
  }
  if (first.empty()) return std::nullopt;
  return std::string(sizeof(T) == sizeof(double) ? "double: " : "float: ") + first + " (" + by + ")";
}

}  // namespace

std::optional<std::string> find_difference(const ModelCase& c) {
  const Network<double> network = make_network<double>(c.model, c.image, c.classes, c.batch);
  const Start start = draw_start(c, network);
  const Trace expected = train_reference(c, start, network.part());
  if (auto difference = difference_of_any<double>(c, start, expected, kDoubles)) return difference;
  const Tolerance usual = of_floats(expected);
  auto difference = difference_of_any<float>(c, start, expected, usual);
  if (!difference) return std::nullopt;
  const Tolerance moved = conditioning(c, start, network.part(), expected);
  return difference_of_any<float>(c, start, expected,
                                  {std::max(usual.logits, kRoundings * moved.logits),
                                   std::max(usual.gradients, kRoundings * moved.gradients)});
}

}  // namespace ltlab::test
