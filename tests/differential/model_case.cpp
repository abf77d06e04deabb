#include "differential/model_case.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/base/random.h"

namespace ltlab::test {
namespace {

constexpr std::size_t kLargestWork = 20'000'000;  // multiply-adds of a forward pass
constexpr std::size_t kLargestOutput = 60'000;    // values of one layer, of all images

// Draws a model layer by layer and keeps track of what each gives.
class ModelWriter {
 public:
  ModelWriter(RandomStream& random, const ModelCase& c) : random_(random), batch_(c.batch), shape_(c.image) {}

  std::string write() {
    const std::size_t layers = between(1, 6);
    while (count_ < layers) add_layer();
    lines_.emplace_back("linear classes");
    return join(lines_, "; ");
  }

 private:
  std::size_t between(std::size_t least, std::size_t most) {
    return least + static_cast<std::size_t>(random_.below(most - least + 1));
  }
  bool toss(double probability) { return random_.uniform() < probability; }
  std::string relu() { return toss(0.6) ? " relu" : ""; }

  void put(const std::string& line, const ImageShape& output) {
    lines_.push_back(line);
    shape_ = output;
    ++count_;
  }

  // Few channels, as many as fill registers, and in between.
  std::size_t channels() {
    constexpr std::array<std::size_t, 4> kFull{8, 16, 24, 32};
    return toss(0.3) ? kFull[between(0, 3)] : between(1, 9);
  }

  void add_layer() {
    const double kind = random_.uniform();
    if (kind < 0.4) return add_convolution();
    if (kind < 0.5) return put_linear();
    if (kind < 0.62) return put_batch_norm(relu());
    if (kind < 0.75) return add_pooling();
    if (kind < 0.83) return put_dropout();
    add_residual();
  }

  void add_convolution() {
    const std::size_t outputs = channels(), stride = toss(0.6) ? 1 : between(2, 5);
    std::size_t height = between(1, 7), width = toss(0.7) ? height : between(1, 7);
    const std::size_t padding = toss(0.4) ? 0 : between(0, 3);
    height = std::min(height, shape_.height + 2 * padding);
    width = std::min(width, shape_.width + 2 * padding);
    const ImageShape output{outputs, (shape_.height + 2 * padding - height) / stride + 1,
                            (shape_.width + 2 * padding - width) / stride + 1};
    if (too_large(output, shape_.channels * height * width)) return;
    put("conv " + std::to_string(outputs) + window(height, width) + " stride " + std::to_string(stride) +
            " padding " + std::to_string(padding) + relu(),
        output);
  }

  bool too_large(const ImageShape& output, std::size_t fan_in) const {
    return output.features() * batch_ > kLargestOutput || output.features() * fan_in * batch_ > kLargestWork;
  }

  static std::string window(std::size_t height, std::size_t width) {
    return " " + std::to_string(height) + "x" + std::to_string(width);
  }

  void put_linear() {
    const std::size_t outputs = between(1, 20);
    put("linear " + std::to_string(outputs) + relu(), {outputs, 1, 1});
  }

  // A batch of few values of a channel has hardly a variance, and its gradients no digits.
  void put_batch_norm(const std::string& activation) {
    if (batch_ * shape_.height * shape_.width >= 8) put("batch-norm" + activation, shape_);
  }

  void put_dropout() { put("dropout 0." + std::to_string(between(0, 9)), shape_); }

  void add_pooling() {
    if (toss(0.15)) return put("global-average-pool", {shape_.channels, 1, 1});
    const std::size_t height = between(1, std::min<std::size_t>(shape_.height, 6)),
                      width = between(1, std::min<std::size_t>(shape_.width, 6)), stride = between(1, 4);
    const ImageShape output{shape_.channels, (shape_.height - height) / stride + 1,
                            (shape_.width - width) / stride + 1};
    const std::string rest = window(height, width) + " stride " + std::to_string(stride);
    toss(0.5) ? put("max-pool" + rest + relu(), output) : put("average-pool" + rest, output);
  }

  // A block that keeps the shape, or adds channels and shrinks by one stride, at most to one position.
  void add_residual() {
    if (shape_.width <= shape_.height && toss(0.2)) return add_flat_residual();
    const std::size_t stride = toss(0.6) ? 1 : between(2, 5);
    const std::size_t outputs = toss(0.5) || stride > 1 ? shape_.channels + between(0, 5) : shape_.channels;
    const ImageShape inside{outputs, (shape_.height + stride - 1) / stride,
                            (shape_.width + stride - 1) / stride};
    if (too_large(inside, std::max(shape_.channels, outputs) * 49)) return;
    lines_.emplace_back("residual");
    put(same_convolution(outputs) + " stride " + std::to_string(stride) + relu(), inside);
    if (toss(0.3)) put_batch_norm(relu());
    if (toss(0.3)) put_dropout();
    if (toss(0.2)) add_residual_inside();
    if (toss(0.8)) put(same_convolution(outputs), inside);
    if (lines_.back().ends_with("relu") || lines_.back() == "end") put("dropout 0.2", inside);
    if (toss(0.3)) put_batch_norm("");
    lines_.emplace_back("end" + relu());
  }

  void add_flat_residual() {
    const std::size_t outputs = shape_.channels + (toss(0.5) ? 0 : between(1, 9));
    lines_.emplace_back("residual");
    put("linear " + std::to_string(outputs) + relu(), {outputs, 1, 1});
    if (lines_.back().ends_with("relu")) put("linear " + std::to_string(outputs), shape_);
    lines_.emplace_back("end" + relu());
  }

  void add_residual_inside() {
    lines_.emplace_back("residual");
    put(same_convolution(shape_.channels), shape_);
    lines_.emplace_back("end");
  }

  // An odd window, whose padding keeps the extent.
  std::string same_convolution(std::size_t outputs) {
    const std::size_t size = 2 * between(0, 3) + 1;
    return "conv " + std::to_string(outputs) + window(size, size);
  }

  RandomStream& random_;
  std::size_t batch_;
  ImageShape shape_;
  std::vector<std::string> lines_;
  std::size_t count_ = 0;
};

std::vector<std::string> lines_of(const std::string& model) {
  std::vector<std::string> lines;
  std::istringstream text(model);
  for (std::string line; std::getline(text, line, ';');)
    lines.push_back(line.substr(line.find_first_not_of(' ')));
  return lines;
}

std::string without(std::vector<std::string> lines, std::size_t first, std::size_t last) {
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(last));
  if (first != last) lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(first));
  return join(lines, "; ");
}

// The model without one of its layers, or without one of its blocks' shortcuts.
std::vector<std::string> shorter_models(const std::string& model) {
  const std::vector<std::string> lines = lines_of(model);
  std::vector<std::string> models;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    if (lines[i] == "residual") {
      open.push_back(i);
    } else if (lines[i].starts_with("end")) {
      models.push_back(without(lines, open.back(), i));
      open.pop_back();
    } else {
      models.push_back(without(lines, i, i));
    }
  }
  return models;
}

}  // namespace

ModelCase random_case(std::uint64_t number) {
  RandomStream random({number, "test/model-case", 0, 0});
  const auto between = [&](std::size_t least, std::size_t most) {
    return least + static_cast<std::size_t>(random.below(most - least + 1));
  };
  ModelCase c;
  c.seed = number;
  const std::size_t largest = std::array<std::size_t, 5>{1, 4, 9, 16, 33}[between(0, 4)];
  c.image = {between(1, 5), between(1, largest), between(1, largest)};
  c.batch = random.uniform() < 0.2 ? between(1, 3) : between(1, 70);
  c.classes = between(2, 12);
  constexpr std::array<double, 8> kDensities{0, 0.01, 0.05, 0.1, 0.3, 0.6, 0.9, 1};
  c.density = kDensities[between(0, kDensities.size() - 1)];
  c.empty = random.uniform() < 0.5 ? 0 : 0.3;
  c.all_pruned = random.uniform() < 0.6;
  c.model = ModelWriter(random, c).write();
  return c;
}

std::string to_text(const ModelCase& c) {
  std::ostringstream text;
  text << c.seed << ' ' << c.image.channels << ' ' << c.image.height << ' ' << c.image.width << ' ' << c.batch
       << ' ' << c.classes << ' ' << c.density << ' ' << c.empty << ' ' << c.all_pruned << ' ' << c.model;
  return text.str();
}

ModelCase parse_case(const std::string& line) {
  std::istringstream text(line);
  ModelCase c;
  text >> c.seed >> c.image.channels >> c.image.height >> c.image.width >> c.batch >> c.classes >>
      c.density >> c.empty >> c.all_pruned >> std::ws;
  if (!std::getline(text, c.model))
    throw ConfigError("'" + line +
                      "' is no case: it is SEED CHANNELS HEIGHT WIDTH BATCH CLASSES DENSITY EMPTY ALL_PRUNED "
                      "MODEL");
  return c;
}

std::vector<ModelCase> smaller_cases(const ModelCase& c) {
  std::vector<ModelCase> cases;
  const auto with = [&](const auto& change) {
    cases.push_back(c);
    change(cases.back());
    if (to_text(cases.back()) == to_text(c)) cases.pop_back();
  };
  for (const std::string& model : shorter_models(c.model)) with([&](ModelCase& s) { s.model = model; });
  for (const std::size_t divisor : {8, 2}) {
    with([&](ModelCase& s) { s.batch = std::max<std::size_t>(1, s.batch / divisor); });
    with([&](ModelCase& s) { s.image.height = std::max<std::size_t>(1, s.image.height / divisor); });
    with([&](ModelCase& s) { s.image.width = std::max<std::size_t>(1, s.image.width / divisor); });
  }
  with([](ModelCase& s) { s.batch = std::max<std::size_t>(1, s.batch - 1); });
  with([](ModelCase& s) { s.image.height = std::max<std::size_t>(1, s.image.height - 1); });
  with([](ModelCase& s) { s.image.width = std::max<std::size_t>(1, s.image.width - 1); });
  with([](ModelCase& s) { s.image.channels = 1; });
  with([](ModelCase& s) { s.classes = 2; });
  with([](ModelCase& s) { s.empty = 0; });
  with([](ModelCase& s) { s.density = 1; });
  return cases;
}

}  // namespace ltlab::test
