#include "ltlab/nn/kernel_choice.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ltlab/base/text.h"

namespace ltlab {
namespace {

template <class Value>
struct Named {
  Value value;
  const char* name;
};

constexpr Named<Kernel> kKernelNames[] = {{Kernel::dense, "dense"}, {Kernel::sparse, "sparse"}};
constexpr Named<Product> kProductNames[] = {{Product::forward, "forward"},
                                            {Product::backward_data, "backward-data"},
                                            {Product::backward_weights, "backward-weights"}};

}  // namespace

const char* to_string(Kernel kernel) {
  return row_of(kKernelNames, kernel).name;
}

const char* to_string(Product product) {
  return row_of(kProductNames, product).name;
}

Kernel parse_kernel(const std::string& word) {
  if (const auto* row = find_row(kKernelNames, word)) return row->value;
  throw ConfigError("unknown kernel '" + word + "': use auto, dense or sparse");
}

Product parse_product(const std::string& word) {
  if (const auto* row = find_row(kProductNames, word)) return row->value;
  throw ConfigError("unknown product '" + word + "': use forward, backward-data or backward-weights");
}

const NameTable<KernelPolicy>& kernel_policy_names() {
  static const NameTable<KernelPolicy> table(
      "kernel",
      {{KernelPolicy::automatic, "auto"}, {KernelPolicy::dense, "dense"}, {KernelPolicy::sparse, "sparse"}});
  return table;
}

KernelPolicy KernelPolicies::of(const std::string& layer) const {
  const auto named = layers.find(layer);
  return named == layers.end() ? others : named->second;
}

bool KernelPolicies::measures() const {
  return others == KernelPolicy::automatic || std::ranges::any_of(layers, [](const auto& layer) {
           return layer.second == KernelPolicy::automatic;
         });
}

KernelPolicies parse_kernel_policies(const std::string& text) {
  std::optional<KernelPolicy> others;
  std::map<std::string, KernelPolicy> layers;
  for (const std::string& word : split(text, ',')) {
    const std::size_t equals = word.find('=');
    const bool named = equals != std::string::npos;
    const KernelPolicy policy = kernel_policy_names().parse(named ? word.substr(equals + 1) : word);
    const std::string layer = named ? word.substr(0, equals) : "";
    if (named ? !layers.emplace(layer, policy).second : others.has_value()) {
      throw ConfigError("'" + text + "' gives two kernels to " +
                        (named ? "layer '" + layer + "'" : "the layers that are not named") + ": give one");
    }
    if (!named) others = policy;
  }
  if (!others && layers.empty()) throw unknown_name("kernel", text, kernel_policy_names().names());
  KernelPolicies policies(others.value_or(KernelPolicy::automatic));
  policies.layers = std::move(layers);
  return policies;
}

std::string to_text(const KernelPolicies& policies) {
  std::string text = kernel_policy_names().name(policies.others);
  for (const auto& [layer, policy] : policies.layers)
    if (policy != policies.others) text += "," + layer + "=" + kernel_policy_names().name(policy);
  return text;
}

}  // namespace ltlab
