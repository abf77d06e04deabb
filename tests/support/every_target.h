#pragma once

#include <hwy/targets.h>

#include <catch2/catch.hpp>
#include <cstdint>

#include "ltlab/kernels/sparse_products.h"

namespace ltlab::test {

/// Runs `check` with every instruction set of this processor that was compiled.
template <class Check>
void on_every_target(const Check& check) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();  // so that the next call chooses anew
    INFO("target " << simd_target());
    check();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

}  // namespace ltlab::test
