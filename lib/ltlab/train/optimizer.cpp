#include "ltlab/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "ltlab/base/error.h"
#include "ltlab/kernels/elementwise.h"

namespace ltlab {
namespace {

using Parameters = std::vector<Parameter<float>*>;

// An array of state along each parameter's survivors: a velocity or a moment.
class StateArrays {
 public:
  StateArrays(std::string name, Parameters parameters)
      : name_(std::move(name)), parameters_(std::move(parameters)) {
    for (const Parameter<float>* parameter : parameters_) arrays_.emplace_back(parameter->size(), 0.0f);
  }

  bool any_negative() const {
    return std::ranges::any_of(arrays_, [](const AlignedVector<float>& array) {
      return std::ranges::any_of(array, [](float value) { return value < 0; });
    });
  }

  float* operator[](std::size_t parameter) { return arrays_[parameter].data(); }

  void append_to(std::vector<Tensor>& tensors) const {
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      tensors.push_back(parameters_[i]->expand(name_of(i), arrays_[i]));
    }
  }

  void restore(const std::vector<Tensor>& tensors) {
    for (std::size_t i = 0; i < arrays_.size(); ++i)
      parameters_[i]->compress(find(tensors, name_of(i)), arrays_[i]);
  }

  static const Tensor& find(const std::vector<Tensor>& tensors, const std::string& name) {
    const Tensor* found = find_named(tensors, name);
    if (!found) throw ConfigError("optimizer state lacks '" + name + "': it is of another optimizer");
    return *found;
  }

 private:
  std::string name_of(std::size_t i) const { return name_ + "/" + parameters_[i]->info().name; }

  std::string name_;
  Parameters parameters_;
  std::vector<AlignedVector<float>> arrays_;
};

class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerConfig& config, const Parameters& parameters)
      : config_(config),
        parameters_(parameters),
        velocity_("velocity", config.momentum > 0 ? parameters : Parameters()) {}

  void step(double rate) override {
    const SgdCoefficients c{static_cast<float>(rate), static_cast<float>(config_.momentum),
                            static_cast<float>(config_.weight_decay), config_.nesterov};
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      Parameter<float>& p = *parameters_[i];
      sgd_update(c, p.size(), p.values.data(), p.gradient.data(),
                 config_.momentum > 0 ? velocity_[i] : nullptr);
    }
  }

  std::vector<Tensor> tensors() const override {
    std::vector<Tensor> tensors;
    velocity_.append_to(tensors);
    return tensors;
  }

  void restore(const std::vector<Tensor>& tensors) override { velocity_.restore(tensors); }

 private:
  OptimizerConfig config_;
  Parameters parameters_;
  StateArrays velocity_;
};

class Adam final : public Optimizer {
 public:
  Adam(const OptimizerConfig& config, const Parameters& parameters)
      : config_(config),
        parameters_(parameters),
        first_("first", parameters),
        second_("second", parameters) {}

  void step(double rate) override {
    ++steps_;
    const auto correction = [&](double beta) { return static_cast<float>(1.0 - std::pow(beta, steps_)); };
    const AdamCoefficients c{static_cast<float>(rate),
                             static_cast<float>(config_.beta1),
                             static_cast<float>(config_.beta2),
                             static_cast<float>(config_.epsilon),
                             static_cast<float>(config_.weight_decay),
                             config_.kind == OptimizerConfig::Kind::adamw,
                             correction(config_.beta1),
                             correction(config_.beta2)};
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      Parameter<float>& p = *parameters_[i];
      adam_update(c, p.size(), p.values.data(), p.gradient.data(), first_[i], second_[i]);
    }
  }

  std::vector<Tensor> tensors() const override {
    std::vector<Tensor> tensors{{"steps", {1}, AlignedVector<float>{static_cast<float>(steps_)}}};
    first_.append_to(tensors);
    second_.append_to(tensors);
    return tensors;
  }

  void restore(const std::vector<Tensor>& tensors) override {
    const Tensor& steps = StateArrays::find(tensors, "steps");
    if (!holds_count(steps)) throw ConfigError("optimizer state 'steps' is no number of steps");
    steps_ = steps.values[0];
    first_.restore(tensors);
    second_.restore(tensors);
    if (second_.any_negative()) throw ConfigError("optimizer state 'second' holds squares below 0");
  }

 private:
  OptimizerConfig config_;
  Parameters parameters_;
  StateArrays first_, second_;
  double steps_ = 0;  // exact as a float up to 16.7 million
};

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const Parameters& parameters) {
  if (config.kind != OptimizerConfig::Kind::sgd) return std::make_unique<Adam>(config, parameters);
  if (config.nesterov && config.momentum <= 0) {
    throw ConfigError("Nesterov's step needs a momentum above 0: set --momentum, or leave out --nesterov");
  }
  return std::make_unique<Sgd>(config, parameters);
}

}  // namespace ltlab
