#pragma once

#include "ltlab/base/names.h"
#include "ltlab/nn/kernel_choice.h"

namespace ltlab {

/// auto | dense | sparse
const NameTable<KernelPolicy>& kernel_policy_names();

}  // namespace ltlab
