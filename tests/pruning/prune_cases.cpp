// Prunes what pruning_cases.py draws: each line of standard input is a case, and each line of standard output
// what ltlab makes of it, both JSON.

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/prune/pruning.h"

namespace {

using nlohmann::json;

// Masks, and weights at step 0 and now.
struct Layers {
  std::vector<ltlab::Mask> masks;
  std::vector<ltlab::Tensor> initial, present;
  std::vector<ltlab::PrunableLayer> prunable;
};

Layers read_layers(const json& document) {
  Layers layers;
  for (const json& layer : document) {
    const auto name = layer.at("name").get<std::string>();
    const auto shape = layer.at("shape").get<ltlab::Shape>();
    layers.masks.push_back({name, shape, layer.at("keep").get<std::vector<std::uint8_t>>()});
    for (const auto& [key, tensors] :
         {std::pair("initial", &layers.initial), std::pair("present", &layers.present)}) {
      ltlab::Tensor tensor;
      tensor.name = name;
      tensor.shape = shape;
      const auto values = layer.at(key).get<std::vector<float>>();
      tensor.values.assign(values.begin(), values.end());
      tensors->push_back(std::move(tensor));
    }
    layers.prunable.push_back({shape, layers.prunable.size() + 1 == document.size(), ltlab::layer_of(name)});
  }
  return layers;
}

json keeps_of(const std::vector<ltlab::Mask>& masks) {
  json keeps = json::array();
  for (const ltlab::Mask& mask : masks) keeps.push_back(mask.keep);
  return keeps;
}

json prune(const json& document) {
  const ltlab::SearchConfig config = ltlab::pruning_settings(document.at("config").get<std::string>());
  const Layers layers = read_layers(document.at("layers"));
  const ltlab::PruningInput input{layers.masks, layers.initial, layers.present,
                                  document.at("seed").get<std::uint64_t>()};
  const auto plan = ltlab::plan_level(config, layers.prunable, document.at("level").get<unsigned>());
  return keeps_of(ltlab::prune_to_plan(input, plan, config));
}

// The first layer's survivors move by its weights at step 0 (what is kept) and now (what grows).
json move(const json& document) {
  const Layers layers = read_layers(document.at("layers"));
  const auto scores = [](const ltlab::Tensor& tensor) {
    return std::vector<float>(tensor.values.begin(), tensor.values.end());
  };
  const ltlab::Mask& mask = layers.masks.front();
  const auto dropped = ltlab::lowest(ltlab::places_of(mask, 1), scores(layers.initial.front()),
                                     document.at("count").get<std::size_t>());
  return keeps_of({ltlab::drop_and_grow(mask, dropped, scores(layers.present.front()))});
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const json document = json::parse(line);
    json answer;
    try {
      answer["keep"] = document.contains("count") ? move(document) : prune(document);
    } catch (const ltlab::Error& error) {
      answer["error"] = error.what();
    }
    std::cout << answer.dump() << '\n';
  }
}
