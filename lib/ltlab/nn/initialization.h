#pragma once

#include <cstdint>
#include <string>

#include "ltlab/base/names.h"
#include "ltlab/nn/parameter.h"

namespace ltlab {

/// How weights are drawn; vectors (biases, batch norm's arrays) start at one value, biases at zero.
enum class Initialization {
  glorot_normal,            ///< N(0, 2 / (fan_in + fan_out)) (Glorot & Bengio 2010), torch's xavier_normal_
  glorot_normal_truncated,  ///< the same variance, truncated at two deviations: TensorFlow's glorot_normal
  glorot_uniform,           ///< U(-a, a), a = sqrt(6 / (fan_in + fan_out))
  kaiming_normal,           ///< N(0, 2 / fan_in) (He et al. 2015)
  kaiming_uniform           ///< U(-a, a), a = sqrt(6 / fan_in)
};

/// glorot-normal | glorot-normal-truncated | glorot-uniform | kaiming-normal | kaiming-uniform
const NameTable<Initialization>& initialization_names();

/// Draws a dense tensor for the parameter. `purpose`, `level` and `trial` name the random stream with `seed`,
/// so a layer's draw does not depend on the other layers.
Tensor draw_initial(const ParameterInfo& parameter, Initialization initialization, std::uint64_t seed,
                    const std::string& purpose, std::uint64_t level, std::uint64_t trial);

}  // namespace ltlab
