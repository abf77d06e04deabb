#include <algorithm>
#include <iterator>

#include "cases.h"
#include "dense_sides.h"
#include "layer_operands.h"
#include "ltlab/dense/dense_linear.h"

namespace ltlab::bench {
namespace {

// A dense library computes with whole matrices, either features x batch ("") or, as PyTorch does, batch x
// features ("batch-major"); oneDNN also as an inner product, and as ltlab calls it ("panels").
class LinearOperands : public SparseLinearLayer {
 public:
  explicit LinearOperands(const LayerShape& its_shape)
      : SparseLinearLayer(its_shape),
        x_(feature_major(x)),
        dy_(feature_major(dy)),
        x_batch_major_(image_major(x)),
        dy_batch_major_(image_major(dy)),
        y_(dy_.size()),
        dx_(x_.size()) {}

  std::vector<Part> parts() {
    const std::size_t outputs = y.features(), inputs = x.features(), batch = x.batch();
    const auto [forward, backward_data, backward_weights] =
        onednn_inner_product(shape, w.data(), x_batch_major_.data(), dy_batch_major_.data());
    return {compared(Product::forward, {false, false, outputs, batch, inputs, w.data(), x_.data(), y_.data()},
                     {false, true, batch, outputs, inputs, x_batch_major_.data(), w.data(), y_.data()},
                     forward, [this] { dense_multiply(w.data(), x, y); }),
            refresh_part(),
            compared(Product::backward_data,
                     {true, false, inputs, batch, outputs, w.data(), dy_.data(), dx_.data()},
                     {false, false, batch, inputs, outputs, dy_batch_major_.data(), w.data(), dx_.data()},
                     backward_data, [this] { dense_multiply_transposed(w.data(), dy, dx); }),
            compared(Product::backward_weights,
                     {false, true, outputs, inputs, batch, dy_.data(), x_.data(), dw.data()},
                     {true, false, outputs, inputs, batch, dy_batch_major_.data(), x_batch_major_.data(),
                      dw.data()},
                     backward_weights, [this] { dense_weight_gradient(dy, x, false, dw.data()); })};
  }

 private:
  Part compared(Product product, const Gemm& gemm, const Gemm& batch_major, const Side& inner_product,
                std::function<void()> panels) {
    std::vector<Side> dense = gemm_sides("", gemm);
    std::ranges::move(gemm_sides("batch-major", batch_major), std::back_inserter(dense));
    dense.push_back(inner_product);
    return part(product, moved_bytes(product), std::move(dense), std::move(panels));
  }

  // Counts what a sparse product reads and writes. A panel passes over all values and offsets, a survivor
  // loads its input's values for the whole batch, and a row of outputs is stored (or loaded) once a window,
  // and loaded again in all but the first.
  double moved_bytes(Product product) const {
    const auto number = [](std::size_t n) { return static_cast<double>(n); };
    const SparseRows& rows = product == Product::backward_data ? structure.by_column : structure.by_row;
    const double nonzeros = number(values.size()), batch = number(x.batch()), panels = number(x.panels()),
                 windows = number(rows.windows), outputs_passed = 4 * batch * number(rows.rows);
    const double output_bytes = product == Product::backward_weights
                                    ? windows * outputs_passed + 4 * nonzeros * (panels - 1)
                                    : (2 * windows - 1) * outputs_passed;
    return 4 * batch * nonzeros + 6 * nonzeros * panels + output_bytes;
  }

  Matrix x_, dy_, x_batch_major_, dy_batch_major_, y_, dx_;
};

}  // namespace

std::vector<Case> linear_cases(bool quick) {
  using Sizes = std::vector<std::size_t>;
  using Densities = std::vector<double>;
  const auto some = [&](auto all, auto few) { return quick ? few : all; };
  const auto compare = compare_layer<LinearOperands>;
  std::vector<Case> cases;
  for (const auto& [outputs, inputs] : {std::pair<std::size_t, std::size_t>{300, 784}, {1024, 1024}}) {
    for (const std::size_t batch : some(Sizes{64, 128}, Sizes{64})) {
      for (const double density :
           some(Densities{1, 0.6, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01}, Densities{1, 0.2, 0.05, 0.01})) {
        cases.push_back({"linear", linear(outputs, inputs, batch, density), product_names(), compare});
      }
    }
  }
  constexpr double kDensity = 0.05;
  for (const std::size_t width : some(Sizes{256, 512, 1024, 2048, 4096}, Sizes{256, 1024}))
    cases.push_back({"linear-width", linear(width, width, 64, kDensity), {}, compare});
  for (const std::size_t batch : some(Sizes{16, 32, 64, 128, 256, 512}, Sizes{16, 64}))
    cases.push_back({"linear-batch", linear(1024, 1024, batch, kDensity), {}, compare});
  return cases;
}

}  // namespace ltlab::bench
