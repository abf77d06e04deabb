#include "ltlab/nn/initialization.h"

#include <cmath>

#include "ltlab/base/random.h"

namespace ltlab {
namespace {

// Standard deviation of a standard normal truncated to [-2, 2].
constexpr double kTruncatedDeviation = 0.87962566103423978;

double draw(Initialization initialization, double fan_in, double fan_out, RandomStream& random) {
  const double glorot = std::sqrt(2.0 / (fan_in + fan_out)), kaiming = std::sqrt(2.0 / fan_in);
  const double root3 = std::sqrt(3.0);  // U(-a, a) has deviation a / sqrt(3)
  switch (initialization) {
    case Initialization::glorot_normal:
      return glorot * random.normal();
    case Initialization::glorot_normal_truncated:
      return glorot / kTruncatedDeviation * random.truncated_normal();
    case Initialization::glorot_uniform:
      return random.uniform(-root3 * glorot, root3 * glorot);
    case Initialization::kaiming_normal:
      return kaiming * random.normal();
    case Initialization::kaiming_uniform:
      return random.uniform(-root3 * kaiming, root3 * kaiming);
  }
  return 0;
}

}  // namespace

const NameTable<Initialization>& initialization_names() {
  using enum Initialization;
  static const NameTable<Initialization> table("initialization",
                                               {{glorot_normal, "glorot-normal"},
                                                {glorot_normal_truncated, "glorot-normal-truncated"},
                                                {glorot_uniform, "glorot-uniform"},
                                                {kaiming_normal, "kaiming-normal"},
                                                {kaiming_uniform, "kaiming-uniform"}});
  return table;
}

Tensor draw_initial(const ParameterInfo& parameter, Initialization initialization, std::uint64_t seed,
                    const std::string& purpose, std::uint64_t level, std::uint64_t trial) {
  Tensor tensor{parameter.name, parameter.shape,
                AlignedVector<float>(element_count(parameter.shape), parameter.start)};
  if (parameter.shape.size() == 1) return tensor;
  RandomStream random({seed, purpose + "/" + parameter.name, level, trial});
  for (float& value : tensor.values) {
    value = static_cast<float>(draw(initialization, static_cast<double>(parameter.fan_in),
                                    static_cast<double>(parameter.fan_out), random));
  }
  return tensor;
}

}  // namespace ltlab
