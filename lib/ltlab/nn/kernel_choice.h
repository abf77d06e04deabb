#pragma once

#include <map>
#include <string>

#include "ltlab/base/names.h"

namespace ltlab {

/// How a product is computed: all weights by a dense library, or the survivors alone.
enum class Kernel { dense, sparse };

/// The three products of training a layer with weights.
enum class Product { forward, backward_data, backward_weights };
inline constexpr Product kProducts[] = {Product::forward, Product::backward_data, Product::backward_weights};

/// Who chooses the kernel: the user, or a measurement at the layer's own shape, batch and density.
enum class KernelPolicy { automatic, dense, sparse };

/// The kernel that runs a layer's product, and the measurements that chose it.
struct KernelChoice {
  std::string parameter;  ///< "fc1.weight"
  Product product = Product::forward;
  Kernel kernel = Kernel::dense;
  double dense_seconds = 0, sparse_seconds = 0;  ///< median of one product over a batch; 0 if not measured
};

const char* to_string(Kernel kernel);
const char* to_string(Product product);
/// Reads a kernel's name; ConfigError for another word.
Kernel parse_kernel(const std::string& word);
Product parse_product(const std::string& word);

/// auto | dense | sparse
const NameTable<KernelPolicy>& kernel_policy_names();

/// Who chooses a network's kernels: one policy for all layers, and exceptions by the layer's name.
struct KernelPolicies {
  KernelPolicies(KernelPolicy all) : others(all) {}  // NOLINT: one policy is the usual case

  KernelPolicy others;                         ///< of layers that are not named
  std::map<std::string, KernelPolicy> layers;  ///< "fc3" -> dense

  KernelPolicy of(const std::string& layer) const;
  /// Returns whether any layer's kernels may be chosen by measurement.
  bool measures() const;
};

/// Reads "auto", "sparse,fc3=dense", "fc3=dense" (the others auto). ConfigError where the text is malformed
/// or names a layer twice.
KernelPolicies parse_kernel_policies(const std::string& text);
/// Returns the others' policy, then the exceptions by name: the same policies always give the same text.
std::string to_text(const KernelPolicies& policies);

}  // namespace ltlab
