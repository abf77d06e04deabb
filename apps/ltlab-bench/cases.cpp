#include "cases.h"

#include "ltlab/nn/kernel_choice.h"

namespace ltlab::bench {

std::vector<std::string> product_names() {
  std::vector<std::string> names;
  for (const Product product : kProducts) names.emplace_back(to_string(product));
  return names;
}

Part refresh_part(const Matrix& values, const std::vector<std::uint32_t>& order, Matrix& transposed) {
  const double bytes = 12 * static_cast<double>(values.size());  // an index and a value in, a value out
  return {"refresh",
          {0, 0, bytes, bytes},
          {"sparse", "", [&] { refresh_transposed(values, order, transposed); }, {}},
          {}};
}

}  // namespace ltlab::bench
