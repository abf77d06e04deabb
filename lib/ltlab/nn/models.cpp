#include "ltlab/nn/models.h"

#include <charconv>
#include <memory>
#include <utility>

#include "ltlab/base/names.h"
#include "ltlab/nn/convolution.h"
#include "ltlab/nn/linear.h"
#include "ltlab/nn/max_pooling.h"

namespace ltlab {
namespace {

// One step of a model, as its description tells it.
struct Step {
  enum class Kind { convolution, max_pooling, linear } kind;
  std::string name;
  std::size_t outputs = 0;  // channels or features; 0: the dataset's classes
  Activation activation = Activation::relu;
};

struct Plan {
  std::size_t inputs = 0;  // features that an image must have; 0: any image
  std::vector<Step> steps;
};

// "784-500-300-10" as numbers; ConfigError names the description.
std::vector<std::size_t> parse_widths(const std::string& widths, const std::string& description) {
  std::vector<std::size_t> result;
  const char* at = widths.data();
  const char* const end = at + widths.size();
  while (true) {
    std::size_t width = 0;
    const auto [next, error] = std::from_chars(at, end, width);
    if (error != std::errc() || width == 0 || width > 1'000'000) break;
    result.push_back(width);
    if (next == end && result.size() >= 2) return result;
    if (next == end || *next != '-') break;
    at = next + 1;
  }
  throw ConfigError("malformed model '" + description +
                    "': after 'mlp:' come the widths from inputs to classes, as in mlp:784-500-300-10");
}

Plan plan_mlp(const std::vector<std::size_t>& widths) {
  Plan plan{widths.front(), {}};
  for (std::size_t i = 1; i < widths.size(); ++i)
    plan.steps.push_back({Step::Kind::linear, "fc" + std::to_string(i), widths[i]});
  return plan;
}

Plan plan_conv(std::size_t convolutions) {
  Plan plan;
  std::size_t channels = 64;
  for (std::size_t i = 1; i <= convolutions; ++i) {
    const bool pooled = i % 2 == 0;
    plan.steps.push_back({Step::Kind::convolution, "conv" + std::to_string(i), channels,
                          pooled ? Activation::identity : Activation::relu});
    if (!pooled) continue;
    plan.steps.push_back({Step::Kind::max_pooling, "pool" + std::to_string(i / 2)});
    channels *= 2;
  }
  for (const char* name : {"fc1", "fc2"}) plan.steps.push_back({Step::Kind::linear, name, 256});
  plan.steps.push_back({Step::Kind::linear, "fc3"});
  return plan;
}

Plan plan_model(const std::string& description) {
  const std::string mlp = "mlp:";
  if (description == "lenet-300-100") return plan_mlp({784, 300, 100, 10});
  if (description == "conv-2") return plan_conv(2);
  if (description == "conv-4") return plan_conv(4);
  if (description == "conv-6") return plan_conv(6);
  if (description.starts_with(mlp))
    return plan_mlp(parse_widths(description.substr(mlp.size()), description));
  throw unknown_name("model", description,
                     {"lenet-300-100", "mlp:INPUTS-WIDTH-...-CLASSES", "conv-2", "conv-4", "conv-6"});
}

void require_fit(const std::string& description, const Plan& plan, std::size_t inputs, std::size_t classes) {
  const std::size_t outputs = plan.steps.back().outputs;
  if ((plan.inputs == 0 || plan.inputs == inputs) && (outputs == 0 || outputs == classes)) return;
  throw ConfigError("model '" + description + "' takes " + std::to_string(plan.inputs) +
                    " inputs and tells " + std::to_string(outputs) + " classes apart, but the dataset has " +
                    std::to_string(inputs) + " values an image and " + std::to_string(classes) +
                    " classes; use a model mlp:" + std::to_string(inputs) + "-...-" +
                    std::to_string(classes));
}

template <class T>
std::unique_ptr<Layer<T>> make_layer(const Step& step, const ImageShape& input, std::size_t classes,
                                     bool last) {
  const Activation activation = last ? Activation::identity : step.activation;
  switch (step.kind) {
    case Step::Kind::convolution:
      return std::make_unique<Convolution<T>>(step.name, ConvolutionShape{input, step.outputs, 3, 3, 1, 1},
                                              activation);
    case Step::Kind::max_pooling:
      return std::make_unique<MaxPooling<T>>(step.name, input, Pooling{2, 2, 2}, activation);
    default:
      return std::make_unique<Linear<T>>(step.name, input, step.outputs ? step.outputs : classes, activation,
                                         last);
  }
}

template <class T>
std::vector<std::unique_ptr<Layer<T>>> make_layers(const std::string& description, const ImageShape& image,
                                                   std::size_t classes) {
  const Plan plan = plan_model(description);
  require_fit(description, plan, image.features(), classes);
  std::vector<std::unique_ptr<Layer<T>>> layers;
  ImageShape input = image;
  for (const Step& step : plan.steps) {
    layers.push_back(make_layer<T>(step, input, classes, &step == &plan.steps.back()));
    input = layers.back()->output();
  }
  return layers;
}

}  // namespace

std::vector<std::string> layer_names(const std::string& description) {
  std::vector<std::string> names;
  for (const Step& step : plan_model(description).steps) {
    if (step.kind != Step::Kind::max_pooling) names.push_back(step.name);
  }
  return names;
}

template <class T>
Network<T> make_network(const std::string& description, const ImageShape& image, std::size_t classes,
                        std::size_t batch) {
  return Network<T>(make_layers<T>(description, image, classes), batch);
}

ActivationShape input_layout(const std::string& description, const ImageShape& image, std::size_t classes,
                             std::size_t batch) {
  return Network<float>::input_layout(make_layers<float>(description, image, classes), batch);
}

template Network<float> make_network(const std::string&, const ImageShape&, std::size_t, std::size_t);
template Network<double> make_network(const std::string&, const ImageShape&, std::size_t, std::size_t);

}  // namespace ltlab
