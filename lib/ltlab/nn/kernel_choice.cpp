#include "ltlab/nn/kernel_choice.h"

#include "ltlab/base/error.h"

namespace ltlab {

const char* to_string(Kernel kernel) {
  switch (kernel) {
    case Kernel::dense:
      return "dense";
    case Kernel::sparse:
      return "sparse";
  }
  return "";
}

const char* to_string(Product product) {
  switch (product) {
    case Product::forward:
      return "forward";
    case Product::backward_data:
      return "backward-data";
    case Product::backward_weights:
      return "backward-weights";
  }
  return "";
}

Kernel parse_kernel(const std::string& word) {
  for (const Kernel kernel : {Kernel::dense, Kernel::sparse}) {
    if (word == to_string(kernel)) return kernel;
  }
  throw ConfigError("unknown kernel '" + word + "': use auto, dense or sparse");
}

Product parse_product(const std::string& word) {
  for (const Product product : kProducts) {
    if (word == to_string(product)) return product;
  }
  throw ConfigError("unknown product '" + word + "': use forward, backward-data or backward-weights");
}

}  // namespace ltlab
