#pragma once

#include <map>
#include <string>

#include "ltlab/base/names.h"
#include "ltlab/nn/kernel_choice.h"

namespace ltlab {

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
