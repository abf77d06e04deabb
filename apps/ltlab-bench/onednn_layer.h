#pragma once

#include <functional>
#include <memory>
#include <span>

#include "ltlab/base/activations.h"
#include "ltlab/base/convolution_shape.h"

namespace ltlab::bench {

/// The three products of a layer by oneDNN. Each operand is laid out as oneDNN prefers, at no cost here, as
/// if the whole network kept to those layouts.
class OneDnnLayer {
 public:
  struct Step {
    std::function<void()> run;
    std::span<const float> output;
  };
  Step forward() const, backward_data() const, backward_weights() const;

 private:
  friend OneDnnLayer onednn_inner_product(std::size_t, std::size_t, std::size_t, const float*, const float*,
                                          const float*);
  friend OneDnnLayer onednn_convolution(const ConvolutionShape&, const float*, const Activations<float>&,
                                        const Activations<float>&);
  struct Primitives;
  explicit OneDnnLayer(std::shared_ptr<Primitives> primitives) : primitives_(std::move(primitives)) {}

  std::shared_ptr<Primitives> primitives_;
};

/// oneDNN's inner product of row-major matrices: weights [outputs x inputs], x [batch x inputs], dy [batch x
/// outputs].
OneDnnLayer onednn_inner_product(std::size_t outputs, std::size_t inputs, std::size_t batch,
                                 const float* weights, const float* x, const float* dy);

/// oneDNN's two-dimensional convolution; weights [outputs][channels][height][width].
OneDnnLayer onednn_convolution(const ConvolutionShape& shape, const float* weights,
                               const Activations<float>& x, const Activations<float>& dy);

}  // namespace ltlab::bench
