#include "ltlab/nn/kernel_policies.h"

namespace ltlab {

const NameTable<KernelPolicy>& kernel_policy_names() {
  static const NameTable<KernelPolicy> table(
      "kernel",
      {{KernelPolicy::automatic, "auto"}, {KernelPolicy::dense, "dense"}, {KernelPolicy::sparse, "sparse"}});
  return table;
}

}  // namespace ltlab
