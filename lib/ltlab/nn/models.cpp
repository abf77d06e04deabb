#include "ltlab/nn/models.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "ltlab/base/names.h"
#include "ltlab/base/regular_file.h"
#include "ltlab/base/text.h"
#include "ltlab/nn/batch_normalization.h"
#include "ltlab/nn/convolution.h"
#include "ltlab/nn/dropout_layer.h"
#include "ltlab/nn/linear.h"
#include "ltlab/nn/model_text.h"
#include "ltlab/nn/pooling_layers.h"
#include "ltlab/nn/subsampling.h"

namespace ltlab {
namespace {

using LayerKind = ModelText::Layer::Kind;

constexpr std::string_view kMlp = "mlp:";
constexpr double kLargestLayer = 1 << 28;  // weights, or outputs of an image

// Reads "784-500-300-10" as numbers; ConfigError names the description.
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

std::string mlp_text(const std::string& description) {
  const std::vector<std::size_t> widths = parse_widths(description.substr(kMlp.size()), description);
  std::string text = "inputs " + std::to_string(widths.front());
  for (std::size_t i = 1; i < widths.size(); ++i)
    text += "\nlinear " + std::to_string(widths[i]) + (i + 1 < widths.size() ? " relu" : "");
  return text;
}

struct NameAndSettings {
  std::string name;
  std::vector<std::pair<std::string, std::string>> settings;
};

// Splits "resnet-20:width=2,blocks=4". A name without settings may hold colons.
NameAndSettings split_settings(const std::string& named) {
  const auto colon = named.rfind(':');
  if (colon == std::string::npos || named.find('=', colon) == std::string::npos) return {named, {}};
  NameAndSettings result{named.substr(0, colon), {}};
  for (const std::string& setting : split(named.substr(colon + 1), ',')) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || named.back() == ',')
      throw ConfigError("malformed model '" + named + "': settings are NAME=NUMBER with commas between");
    const std::string name = setting.substr(0, equals);
    if (std::ranges::count(result.settings, name, &std::pair<std::string, std::string>::first) > 0)
      throw ConfigError("malformed model '" + named + "': '" + name + "' is given twice");
    result.settings.emplace_back(name, setting.substr(equals + 1));
  }
  return result;
}

bool is_text(const std::string& description) {
  return description.find_first_of(" ;\n") != std::string::npos;
}

ConfigError unknown_model(const std::string& name) {
  std::vector<std::string> names;
  for (const BuiltInModel& model : built_in_models()) names.push_back(model.name);
  names.emplace_back("mlp:INPUTS-WIDTH-...-CLASSES");
  return ConfigError(std::string(unknown_name("model", name, names).what()) +
                     ", or a file of a model's text");
}

ConfigError misfit(const std::string& description, const ModelText& model, std::size_t inputs,
                   std::size_t classes) {
  const std::size_t outputs = model.layers.back().outputs;
  const auto told = [](std::size_t number) { return number == 0 ? "any" : std::to_string(number); };
  return ConfigError("model '" + description + "' takes " + told(model.inputs.value_or(0)) +
                     " inputs and tells " + told(outputs) + " classes apart, but the dataset has " +
                     std::to_string(inputs) + " values an image and " + std::to_string(classes) +
                     " classes; use a model mlp:" + std::to_string(inputs) + "-...-" +
                     std::to_string(classes));
}

ConvolutionShape convolution_shape(const ModelText::Layer& layer, const ImageShape& input) {
  if (!layer.padding && (layer.height != layer.width || layer.height % 2 == 0))
    throw ConfigError("only an odd square window keeps the extent: say how much padding, as in 'padding 0'");
  const std::size_t padding = layer.padding.value_or(layer.height / 2);
  if (layer.height > input.height + 2 * padding || layer.width > input.width + 2 * padding)
    throw ConfigError("the window is larger than its input of " + to_string(input) +
                      "; choose a smaller window, more padding, or fewer pooling layers");
  const ConvolutionShape shape{input, layer.outputs, layer.height, layer.width, layer.stride, padding};
  const auto positions = [](const ImageShape& image, std::size_t border) {
    return (image.height + 2 * border) * (image.width + 2 * border);
  };
  if (std::max(positions(input, input_border(shape)), positions(shape.output(), gradient_border(shape))) >
      kLargestChannel)
    throw ConfigError(
        "its input of " + to_string(input) + " is too large: with its padding a channel may have " +
        std::to_string(kLargestChannel) + " values, such as 255 x 255; pool or shrink it before");
  return shape;
}

Pooling pooling_of(const ModelText::Layer& layer, const ImageShape& input) {
  if (layer.kind == LayerKind::global_average_pooling) return whole_image(input);
  return {layer.height, layer.width, layer.stride};
}

// Builds a model's steps from its text.
template <class T>
class Builder {
 public:
  Builder(const ModelText& model, const ImageShape& image, std::size_t classes)
      : model_(model), classes_(classes), shapes_(1, image) {}

  std::vector<Step<T>> build() && {
    measure();
    for (std::size_t i = 0; i < model_.layers.size(); ++i) add(i);
    return std::move(steps_);
  }

 private:
  // Finds the shape of each layer's output; shortcuts pass on what they take.
  void measure() {
    for (const ModelText::Layer& layer : model_.layers) {
      shapes_.push_back(explained(layer, [&] {
        const ImageShape output = output_of(layer, shapes_.back());
        check_size(layer, shapes_.back(), output);
        return output;
      }));
    }
  }

  static void check_size(const ModelText::Layer& layer, const ImageShape& input, const ImageShape& output) {
    auto weights = static_cast<double>(output.channels);
    if (layer.kind == LayerKind::convolution)
      weights *= static_cast<double>(input.channels) * static_cast<double>(layer.height * layer.width);
    if (layer.kind == LayerKind::linear) weights *= static_cast<double>(input.features());
    if (std::max(weights, static_cast<double>(output.features())) > kLargestLayer)
      throw ConfigError("it is too large: the most that it may have are " +
                        std::to_string(static_cast<std::uint64_t>(kLargestLayer)) +
                        " weights, and as many outputs of an image");
  }

  ImageShape output_of(const ModelText::Layer& layer, const ImageShape& input) const {
    switch (layer.kind) {
      case LayerKind::convolution:
        return convolution_shape(layer, input).output();
      case LayerKind::linear:
        return {layer.outputs ? layer.outputs : classes_, 1, 1};
      case LayerKind::max_pooling:
      case LayerKind::average_pooling:
      case LayerKind::global_average_pooling:
        return pooling_of(layer, input).output(input);
      case LayerKind::batch_norm:
      case LayerKind::dropout:
      case LayerKind::shortcut:
        break;
    }
    return input;
  }

  // Calls f and adds the line to its ConfigErrors.
  template <class F>
  static auto explained(const ModelText::Layer& layer, const F& f) {
    try {
      return f();
    } catch (const ConfigError& error) {
      throw ConfigError("model, " + layer.where + ": " + error.what());
    }
  }

  void add(std::size_t i) {
    const ModelText::Layer& layer = model_.layers[i];
    if (layer.kind == LayerKind::shortcut) {
      shortcut_output_.resize(i + 1);
      shortcut_output_[i] = add_shortcut(layer, shapes_[i], shapes_[layer.block_end + 1]);
      return;
    }
    Step<T> step{make_layer(layer, shapes_[i], i + 1 == model_.layers.size()), last_output_, {}};
    if (layer.adds_shortcut) {
      step.shortcut = shortcut_output_[layer.shortcut];
      step.activation = activation_of(layer.sum_relu);
    }
    steps_.push_back(std::move(step));
    last_output_ = steps_.size();
  }

  // Returns the number of the output that is added to the block's.
  std::size_t add_shortcut(const ModelText::Layer& layer, const ImageShape& from, const ImageShape& to) {
    if (from == to) return last_output_;
    const std::size_t stride =
        std::max((from.height + to.height - 1) / to.height, (from.width + to.width - 1) / to.width);
    const ImageShape subsampled{to.channels, (from.height + stride - 1) / stride,
                                (from.width + stride - 1) / stride};
    if (to.channels < from.channels || subsampled != to)
      throw ConfigError("model, " + layer.where + ": no shortcut leads from " + to_string(from) + " to " +
                        to_string(to) +
                        ": a block may add channels, and shrink height and width by one stride");
    steps_.push_back({std::make_unique<Subsampling<T>>(layer.name, from, stride, to), last_output_, {}});
    return steps_.size();
  }

  static Activation activation_of(bool relu) { return relu ? Activation::relu : Activation::identity; }

  std::unique_ptr<Layer<T>> make_layer(const ModelText::Layer& layer, const ImageShape& input,
                                       bool last) const {
    const Activation activation = activation_of(layer.relu);
    switch (layer.kind) {
      case LayerKind::convolution:
        return std::make_unique<Convolution<T>>(layer.name, convolution_shape(layer, input), activation,
                                                layer.bias);
      case LayerKind::linear:
        return std::make_unique<Linear<T>>(layer.name, input, layer.outputs ? layer.outputs : classes_,
                                           activation, last);
      case LayerKind::batch_norm:
        return std::make_unique<BatchNormalization<T>>(layer.name, input, activation);
      case LayerKind::max_pooling:
        return std::make_unique<MaxPooling<T>>(layer.name, input, pooling_of(layer, input), activation);
      case LayerKind::dropout:
        return std::make_unique<DropoutLayer<T>>(layer.name, input, layer.rate);
      case LayerKind::average_pooling:
      case LayerKind::global_average_pooling:
        return std::make_unique<AveragePooling<T>>(layer.name, input, pooling_of(layer, input));
      case LayerKind::shortcut:
        break;
    }
    return nullptr;
  }

  const ModelText& model_;
  std::size_t classes_;
  std::vector<ImageShape> shapes_;  // of the images, and of each layer's output
  std::vector<Step<T>> steps_;
  std::size_t last_output_ = 0;               // number of the last output
  std::vector<std::size_t> shortcut_output_;  // for each shortcut's layer: the output that it passes on
};

template <class T>
std::vector<Step<T>> make_steps(const std::string& description, const ImageShape& image,
                                std::size_t classes) {
  const ModelText model = parse_model_text(model_text(description));
  const std::size_t outputs = model.layers.back().outputs;
  if (model.inputs.value_or(image.features()) != image.features() || (outputs != 0 && outputs != classes))
    throw misfit(description, model, image.features(), classes);
  return Builder<T>(model, image, classes).build();
}

}  // namespace

std::string check_model(const std::string& description) {
  parse_model_text(model_text(description));
  return is_text(description) ? one_line(description) : description;
}

std::string read_model(const std::string& named) {
  const auto [name, settings] = split_settings(named);
  std::error_code too_long;  // a text may be too long for a path
  const bool is_file = !find_named(built_in_models(), name) && !named.starts_with(kMlp) &&
                       std::filesystem::is_regular_file(name, too_long);
  if (!is_file) return check_model(named);
  try {
    const std::string text = read_text(name);
    parse_model_text(with_settings(text, settings));
    return one_line(with_settings(text, settings));
  } catch (const ConfigError& error) {
    throw ConfigError("model file '" + name + "': " + error.what());
  }
}

std::string model_text(const std::string& description) {
  if (description.starts_with(kMlp)) return mlp_text(description);
  if (is_text(description)) return description;
  const auto [name, settings] = split_settings(description);
  const BuiltInModel* model = find_named(built_in_models(), name);
  if (!model) throw unknown_model(name);
  return with_settings(with_settings(model->text, model->settings), settings);
}

ImageShape usual_image(const std::string& description) {
  const BuiltInModel* model = find_named(built_in_models(), split_settings(description).name);
  if (model) return model->image;
  const std::optional<std::size_t> inputs = parse_model_text(model_text(description)).inputs;
  return inputs ? ImageShape{*inputs, 1, 1} : ImageShape{3, 32, 32};
}

std::vector<std::string> layer_names(const std::string& description) {
  std::vector<std::string> names;
  for (const ModelText::Layer& layer : parse_model_text(model_text(description)).layers) {
    if (layer.kind == LayerKind::convolution || layer.kind == LayerKind::linear) names.push_back(layer.name);
  }
  return names;
}

template <class T>
Network<T> make_network(const std::string& description, const ImageShape& image, std::size_t classes,
                        std::size_t batch) {
  return Network<T>(make_steps<T>(description, image, classes), batch);
}

ActivationShape input_layout(const std::string& description, const ImageShape& image, std::size_t classes,
                             std::size_t batch) {
  return Network<float>::input_layout(make_steps<float>(description, image, classes), batch);
}

template Network<float> make_network(const std::string&, const ImageShape&, std::size_t, std::size_t);
template Network<double> make_network(const std::string&, const ImageShape&, std::size_t, std::size_t);

}  // namespace ltlab
