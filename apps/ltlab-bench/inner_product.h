#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace ltlab::bench {

/// oneDNN's inner product: the three products of a linear layer, each operand laid out as oneDNN likes best,
/// which here costs nothing, as if the whole network kept to those layouts. Operands come in as row-major
/// matrices: weights [outputs x inputs], x [batch x inputs], dy [batch x outputs].
class InnerProduct {
 public:
  InnerProduct(std::size_t outputs, std::size_t inputs, std::size_t batch, const float* weights,
               const float* x, const float* dy);

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
