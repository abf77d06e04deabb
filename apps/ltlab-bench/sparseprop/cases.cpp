#include "cases.h"

#include <algorithm>

#include "layer_operands.h"
#include "sparseprop/kernels.h"

namespace ltlab::bench {
namespace {

void clear(Matrix& matrix) {
  std::ranges::fill(matrix, 0.0f);
}

int integer(std::size_t n) {
  return static_cast<int>(n);
}

// One of ltlab's layers and SparseProp's layer with the same weights, and its operands in its own layout.
template <class Layer, class Theirs>
struct BothLayers : Layer {
  Theirs theirs;
  Matrix their_x, their_dy, their_y, their_dx, their_gradient;

  explicit BothLayers(const LayerShape& its_shape)
      : Layer(its_shape),
        their_x(feature_major(this->x)),
        their_dy(feature_major(this->dy)),
        their_y(their_dy.size()),
        their_dx(their_x.size()),
        their_gradient(this->values.size()) {}

  // SparseProp computes both gradients in one pass, and needs outputs that are zero before.
  std::vector<Part> parts() {
    const auto all = [](const Activations<float>& a) { return std::span(a.data(), a.size()); };
    return {{"forward",
             work(1),
             {"sparse", "", [this] { this->run_sparse(Product::forward); }, all(this->y)},
             {{"sparseprop", "",
               [this] {
                 clear(their_y);
                 sparseprop::forward(theirs, their_x.data(), their_y.data());
               },
               their_y}}},
            {"backward",
             work(2),
             {"sparse", "",
              [this] {
                this->run_sparse(Product::backward_weights);
                this->refresh_transposed();
                this->run_sparse(Product::backward_data);
              },
              all(this->dx)},
             {{"sparseprop", "",
               [this] {
                 clear(their_dx);
                 clear(their_gradient);
                 sparseprop::backward(theirs, their_x.data(), their_dy.data(), their_dx.data(),
                                      their_gradient.data());
               },
               their_dx}}}};
  }

  // Returns the work of one pass with as many products.
  Work work(double products) const {
    const std::size_t positions = this->y.batch() * this->y.image().height * this->y.image().width;
    const double flops = 2 * products * static_cast<double>(this->values.size() * positions);
    return {flops, flops, 4 * static_cast<double>(this->x.size() + this->dy.size()), 2 * flops};
  }
};

struct LinearLayer : BothLayers<SparseLinearLayer, sparseprop::Linear> {
  std::vector<int> rows{0}, columns;

  explicit LinearLayer(const LayerShape& its_shape) : BothLayers(its_shape) {
    const std::size_t inputs = x.features();
    for (std::size_t i = 0; i < keep.size(); ++i) {
      if (keep[i]) columns.push_back(integer(i % inputs));
      if (i % inputs + 1 == inputs) rows.push_back(integer(columns.size()));
    }
    theirs = {integer(x.batch()), integer(inputs), integer(y.features()), integer(columns.size()),
              rows.data(),        columns.data(),  values.data()};
  }
};

struct ConvolutionLayer : BothLayers<SparseConvolutionLayer, sparseprop::Convolution> {
  std::vector<int> outputs_begin;
  std::vector<std::int16_t> inputs_begin;
  std::vector<std::uint8_t> kernel_y, kernel_x;
  Matrix their_values;

  explicit ConvolutionLayer(const LayerShape& its_shape)
      : BothLayers(its_shape),
        outputs_begin(y.image().channels + 1),
        inputs_begin(y.image().channels * (x.image().channels + 1)),
        kernel_y(values.size()),
        kernel_x(values.size()),
        their_values(values.size()) {
    const ConvolutionShape& s = shape.convolution;
    theirs = {integer(x.batch()),      integer(s.input.channels), integer(s.outputs),
              integer(s.input.height), integer(s.input.width),    integer(s.kernel_height),
              integer(values.size()),  integer(s.padding),        outputs_begin.data(),
              inputs_begin.data(),     kernel_y.data(),           kernel_x.data(),
              their_values.data()};
    sparseprop::sparsify(theirs, w.data());
  }
};

}  // namespace

std::vector<Case> sparseprop_cases() {
  std::vector<Case> cases;
  const auto add_linear = [&](const LayerShape& shape) {
    cases.push_back({"sparseprop-linear", shape, {}, compare_layer<LinearLayer>});
  };
  const auto add_convolution = [&](const LayerShape& shape) {
    cases.push_back({"sparseprop-convolution", shape, {}, compare_layer<ConvolutionLayer>});
  };
  for (const double density : {0.1, 0.05, 0.02}) {
    add_linear(linear(300, 784, 64, density));
    add_linear(linear(1024, 1024, 64, density));
    add_convolution(convolution(64, 32, 16, density));
    add_convolution(convolution(128, 16, 16, density));
    add_convolution(convolution(256, 8, 16, density));
  }
  return cases;
}

}  // namespace ltlab::bench
