#include "cases.h"

#include <algorithm>
#include <string>

#include "ltlab/base/convolution_shape.h"
#include "ltlab/kernels/sparse_convolution.h"
#include "ltlab/kernels/sparse_linear.h"
#include "sparseprop/kernels.h"

namespace ltlab::bench {
namespace {

// Returns values in SparseProp's layout, [feature][image], from panels.
Matrix image_innermost(const Activations<float>& from) {
  Matrix to;
  for (std::size_t f = 0; f < from.features(); ++f) {
    for (std::size_t b = 0; b < from.batch(); ++b) to.push_back(from.at(f, b));
  }
  return to;
}

void clear(Matrix& matrix) {
  std::ranges::fill(matrix, 0.0f);
}

int integer(std::size_t n) {
  return static_cast<int>(n);
}

// The operands of a layer's passes, in both layouts.
struct Operands {
  Activations<float> x, dy, y, dx;
  Matrix values, transposed_values, gradient;
  Matrix their_x, their_dy, their_y, their_dx, their_gradient;

  Operands(const ActivationShape& x_shape, const ActivationShape& dy_shape, Matrix survivors)
      : x(random_images(x_shape, "x")),
        dy(random_images(dy_shape, "dy")),
        y({dy_shape.image, dy_shape.batch, dy_shape.lanes, 0}),
        dx({x_shape.image, x_shape.batch, x_shape.lanes, 0}),
        values(std::move(survivors)),
        transposed_values(values.size()),
        gradient(values.size()),
        their_x(image_innermost(x)),
        their_dy(image_innermost(dy)),
        their_y(their_dy.size()),
        their_dx(their_x.size()),
        their_gradient(values.size()) {}

  // SparseProp computes both gradients in one pass, and needs outputs that are zero before.
  template <class Layer>
  std::vector<Part> parts(Layer& layer, std::size_t positions) {
    const auto all = [](const Activations<float>& a) { return std::span(a.data(), a.size()); };
    return {{"forward",
             work(1, positions),
             {"sparse", "", [&layer] { layer.forward(); }, all(y)},
             {{"sparseprop", "",
               [this, &layer] {
                 clear(their_y);
                 sparseprop::forward(layer.theirs, their_x.data(), their_y.data());
               },
               their_y}}},
            {"backward",
             work(2, positions),
             {"sparse", "", [&layer] { layer.backward(); }, all(dx)},
             {{"sparseprop", "",
               [this, &layer] {
                 clear(their_dx);
                 clear(their_gradient);
                 sparseprop::backward(layer.theirs, their_x.data(), their_dy.data(), their_dx.data(),
                                      their_gradient.data());
               },
               their_dx}}}};
  }

  // Returns the work of one pass with as many products.
  Work work(double products, std::size_t positions) const {
    const double flops = 2 * products * static_cast<double>(values.size() * positions);
    return {flops, flops, 4 * static_cast<double>(x.size() + dy.size()), 2 * flops};
  }
};

struct LinearLayer {
  std::vector<std::uint8_t> keep;
  SparseMatrix structure;
  Operands o;
  std::vector<int> rows{0}, columns;
  sparseprop::Linear theirs;

  LinearLayer(std::size_t outputs, std::size_t inputs, std::size_t batch, double density)
      : keep(random_keep(outputs * inputs, density)),
        structure(make_sparse_matrix(keep, outputs, inputs)),
        o({{inputs, 1, 1}, batch, panel_lanes(batch), 0}, {{outputs, 1, 1}, batch, panel_lanes(batch), 0},
          random_matrix(structure.by_row.survivors(), "w")) {
    for (std::size_t w = 0; w < keep.size(); ++w) {
      if (keep[w]) columns.push_back(integer(w % inputs));
      if (w % inputs + 1 == inputs) rows.push_back(integer(columns.size()));
    }
    theirs = {integer(batch), integer(inputs), integer(outputs), integer(columns.size()),
              rows.data(),    columns.data(),  o.values.data()};
  }

  void forward() {
    sparse_multiply<float>(structure.by_row, o.values.data(), nullptr, Activation::identity, o.x, o.y);
  }
  void backward() {
    sparse_weight_gradient(structure.by_row, o.dy, o.x, false, o.gradient.data());
    refresh_transposed(o.values, structure.row_order, o.transposed_values);
    sparse_multiply_transposed<float>(structure.by_column, o.transposed_values.data(), o.dy, nullptr, o.dx);
  }
};

struct ConvolutionLayer {
  std::vector<std::uint8_t> keep;
  SparseConvolution sparse;
  Operands o;
  std::vector<int> outputs_begin;
  std::vector<std::int16_t> inputs_begin;
  std::vector<std::uint8_t> kernel_y, kernel_x;
  Matrix their_values;
  sparseprop::Convolution theirs;

  ConvolutionLayer(const ConvolutionShape& s, std::size_t batch, double density)
      : keep(random_keep(element_count(s.weights()), density)),
        sparse(s, keep, input_border(s), gradient_border(s)),
        o({s.input, batch, kLaneMultiple, input_border(s)},
          {s.output(), batch, kLaneMultiple, gradient_border(s)}, random_matrix(sparse.survivors(), "w")),
        outputs_begin(s.outputs + 1),
        inputs_begin(s.outputs * (s.input.channels + 1)),
        kernel_y(sparse.survivors()),
        kernel_x(sparse.survivors()),
        their_values(sparse.survivors()),
        theirs{integer(batch),           integer(s.input.channels), integer(s.outputs),
               integer(s.input.height),  integer(s.input.width),    integer(s.kernel_height),
               integer(o.values.size()), integer(s.padding),        outputs_begin.data(),
               inputs_begin.data(),      kernel_y.data(),           kernel_x.data(),
               their_values.data()} {
    Matrix weights(keep.size());
    std::size_t k = 0;
    for (std::size_t w = 0; w < keep.size(); ++w) {
      if (keep[w]) weights[w] = o.values[k++];
    }
    sparseprop::sparsify(theirs, weights.data());
  }

  void forward() { sparse.forward<float>(o.values.data(), nullptr, Activation::identity, o.x, o.y); }
  void backward() {
    sparse.backward_weights(o.dy, o.x, false, o.gradient.data());
    refresh_transposed(o.values, sparse.transposed_order(), o.transposed_values);
    sparse.backward_data<float>(o.transposed_values.data(), o.dy, nullptr, o.dx);
  }
};

Case linear_case(std::size_t outputs, std::size_t inputs, std::size_t batch, double density) {
  return {"sparseprop-linear",
          std::to_string(outputs) + "x" + std::to_string(inputs),
          outputs,
          inputs,
          batch,
          density,
          {},
          [=] {
            const auto layer = std::make_shared<LinearLayer>(outputs, inputs, batch, density);
            return Comparison{layer->o.parts(*layer, batch), layer};
          }};
}

Case convolution_case(std::size_t channels, std::size_t size, std::size_t batch, double density) {
  return {"sparseprop-convolution",
          std::to_string(channels) + "x" + std::to_string(channels) + "@" + std::to_string(size),
          channels,
          channels,
          batch,
          density,
          {},
          [=] {
            const ConvolutionShape shape{{channels, size, size}, channels, 3, 3, 1, 1};
            const auto layer = std::make_shared<ConvolutionLayer>(shape, batch, density);
            return Comparison{layer->o.parts(*layer, batch * size * size), layer};
          }};
}

}  // namespace

std::vector<Case> sparseprop_cases() {
  std::vector<Case> cases;
  for (const double density : {0.1, 0.05, 0.02}) {
    cases.push_back(linear_case(300, 784, 64, density));
    cases.push_back(linear_case(1024, 1024, 64, density));
    cases.push_back(convolution_case(64, 32, 16, density));
    cases.push_back(convolution_case(128, 16, 16, density));
    cases.push_back(convolution_case(256, 8, 16, density));
  }
  return cases;
}

}  // namespace ltlab::bench
