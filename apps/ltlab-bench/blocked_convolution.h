#pragma once

#include <functional>
#include <memory>
#include <span>

#include "ltlab/base/activations.h"
#include "ltlab/base/convolution_shape.h"

namespace ltlab::bench {

/// oneDNN's two-dimensional convolution: the three products, each operand laid out as oneDNN likes best,
/// which here costs nothing, as if the whole network kept to those layouts. Weights come in as
/// [outputs][channels] [height][width].
class BlockedConvolution {
 public:
  BlockedConvolution(const ConvolutionShape& shape, const float* weights, const Activations<float>& x,
                     const Activations<float>& dy);

  struct Step {
    std::function<void()> run;
    std::span<const float> output;
  };
  Step forward() const, backward_data() const, backward_weights() const;

 private:
  struct Primitives;
  std::shared_ptr<Primitives> primitives_;
};

}  // namespace ltlab::bench
