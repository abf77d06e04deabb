#include <string>

#include "cases.h"
#include "ltlab/dense/dense_convolution.h"
#include "ltlab/kernels/sparse_convolution.h"
#include "ltlab/nn/kernel_choice.h"
#include "onednn_layer.h"

namespace ltlab::bench {
namespace {

struct LayerShape {
  ConvolutionShape convolution;
  std::size_t batch = 0;
  double density = 1;
};

// The dense sides are oneDNN with all operands in its own layouts ("blocked"), and as ltlab runs it on panels
// ("panels").
class ConvolutionOperands {
 public:
  explicit ConvolutionOperands(const LayerShape& s)
      : shape_(s.convolution),
        keep_(random_keep(element_count(shape_.weights()), s.density)),
        sparse_(shape_, keep_, input_border(shape_), gradient_border(shape_)),
        dense_(shape_),
        w_(masked(random_matrix(keep_.size(), "w"), keep_)),
        dw_(w_.size()),
        x_(random_images({shape_.input, s.batch, kLaneMultiple, input_border(shape_)}, "x")),
        dy_(random_images({shape_.output(), s.batch, kLaneMultiple, gradient_border(shape_)}, "dy")),
        dx_({shape_.input, s.batch, kLaneMultiple, 0}),
        y_({shape_.output(), s.batch, kLaneMultiple, 0}),
        values_(survivors_of(w_, keep_)),
        transposed_values_(values_.size()),
        gradient_(values_.size()),
        blocked_(onednn_convolution(shape_, w_.data(), x_, dy_)) {
    refresh_transposed(values_, sparse_.transposed_order(), transposed_values_);
  }

  std::vector<Part> parts() {
    return {part(Product::forward, blocked_.forward(), all(y_)),
            refresh_part(values_, sparse_.transposed_order(), transposed_values_),
            part(Product::backward_data, blocked_.backward_data(), all(dx_)),
            part(Product::backward_weights, blocked_.backward_weights(), dw_)};
  }

 private:
  static double number(std::size_t n) { return static_cast<double>(n); }
  static std::span<const float> all(const Activations<float>& a) { return {a.data(), a.size()}; }

  // A survivor loads its input's values at each output position of each image; outputs are stored once.
  Work work(Product product) const {
    const ImageShape output = shape_.output();
    const double batch = number(x_.batch()), nonzeros = number(values_.size());
    const double positions = batch * number(output.height * output.width);
    const double x_bytes = 4 * batch * number(shape_.input.features()),
                 y_bytes = 4 * batch * number(output.features());
    return {2 * nonzeros * positions, 2 * number(w_.size()) * positions, x_bytes + y_bytes + 6 * nonzeros,
            4 * nonzeros * positions + (product == Product::backward_data ? x_bytes : y_bytes)};
  }

  Part part(Product product, const OneDnnLayer::Step& blocked, std::span<const float> output) {
    // The sparse gradient has fewer numbers: only those at the survivors.
    const std::span<const float> sparse_output =
        product == Product::backward_weights ? std::span<const float>() : output;
    return {to_string(product),
            work(product),
            {"sparse", "", [this, product] { run_sparse(product); }, sparse_output},
            {{"onednn", "blocked", blocked.run, blocked.output},
             {"onednn", "panels", [this, product] { run_dense(product); }, output}}};
  }

  void run_sparse(Product product) {
    switch (product) {
      case Product::forward:
        return sparse_.forward<float>(values_.data(), nullptr, Activation::identity, x_, y_);
      case Product::backward_data:
        return sparse_.backward_data<float>(transposed_values_.data(), dy_, nullptr, dx_);
      case Product::backward_weights:
        return sparse_.backward_weights(dy_, x_, false, gradient_.data());
    }
  }
  void run_dense(Product product) {
    switch (product) {
      case Product::forward:
        return dense_.forward(w_.data(), nullptr, Activation::identity, x_, y_);
      case Product::backward_data:
        return dense_.backward_data(w_.data(), dy_, dx_);
      case Product::backward_weights:
        return dense_.backward_weights(dy_, x_, false, dw_.data());
    }
  }

  ConvolutionShape shape_;
  std::vector<std::uint8_t> keep_;
  SparseConvolution sparse_;
  DenseConvolution<float> dense_;
  Matrix w_, dw_;
  Activations<float> x_, dy_, dx_, y_;
  Matrix values_, transposed_values_, gradient_;
  OneDnnLayer blocked_;
};

Case make_case(const LayerShape& shape) {
  const ConvolutionShape& c = shape.convolution;
  return {"convolution",
          std::to_string(c.outputs) + "x" + std::to_string(c.input.channels) + "@" +
              std::to_string(c.input.height),
          c.outputs,
          c.input.channels,
          shape.batch,
          shape.density,
          product_names(),
          [shape] { return compare_layer<ConvolutionOperands>(shape); }};
}

}  // namespace

std::vector<Case> convolution_cases(bool quick) {
  struct Extent {
    std::size_t channels, size;
  };
  const std::vector<std::size_t> batches =
      quick ? std::vector<std::size_t>{16} : std::vector<std::size_t>{16, 64};
  const std::vector<double> densities =
      quick ? std::vector<double>{1, 0.1, 0.02} : std::vector<double>{1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01};
  std::vector<Case> cases;
  for (const auto& [channels, size] : {Extent{64, 32}, Extent{128, 16}, Extent{256, 8}}) {
    for (const std::size_t batch : batches) {
      for (const double density : densities) {
        cases.push_back(make_case({{{channels, size, size}, channels, 3, 3, 1, 1}, batch, density}));
      }
    }
  }
  return cases;
}

}  // namespace ltlab::bench
