#include <algorithm>
#include <string>

#include "cases.h"
#include "gemm.h"
#include "ltlab/dense/dense_linear.h"
#include "ltlab/kernels/sparse_linear.h"
#include "ltlab/nn/kernel_choice.h"
#include "onednn_layer.h"

namespace ltlab::bench {
namespace {

struct LinearShape {
  std::size_t outputs = 0, inputs = 0, batch = 0;
  double density = 1;
};

Matrix transposed(const Matrix& from, std::size_t rows, std::size_t columns) {
  Matrix to(from.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
  }
  return to;
}

// Returns the same features x batch matrix in the layout of the library's kernels.
Activations<float> in_panels(const Matrix& from, std::size_t features, std::size_t batch) {
  Activations<float> to(features, batch, panel_lanes(batch));
  for (std::size_t f = 0; f < features; ++f) {
    for (std::size_t b = 0; b < batch; ++b) to.at(f, b) = from[f * batch + b];
  }
  return to;
}

// A dense library computes with whole matrices, either features x batch ("") or, as PyTorch does, batch x
// features ("batch-major"); oneDNN also as an inner product, and as ltlab calls it ("panels").
class LinearOperands {
 public:
  explicit LinearOperands(const LinearShape& shape)
      : shape_(shape),
        keep_(random_keep(shape.outputs * shape.inputs, shape.density)),
        structure_(make_sparse_matrix(keep_, shape.outputs, shape.inputs)),
        w_(masked(random_matrix(keep_.size(), "w"), keep_)),
        x_(random_matrix(shape.inputs * shape.batch, "x")),
        dy_(random_matrix(shape.outputs * shape.batch, "dy")),
        x_batch_major_(transposed(x_, shape.inputs, shape.batch)),
        dy_batch_major_(transposed(dy_, shape.outputs, shape.batch)),
        y_(dy_.size()),
        dx_(x_.size()),
        dw_(w_.size()),
        x_panels_(in_panels(x_, shape.inputs, shape.batch)),
        dy_panels_(in_panels(dy_, shape.outputs, shape.batch)),
        y_panels_(dy_panels_),
        dx_panels_(x_panels_),
        values_(survivors_of(w_, keep_)),
        transposed_values_(values_.size()),
        gradient_(values_.size()),
        inner_product_(onednn_inner_product(shape.outputs, shape.inputs, shape.batch, w_.data(),
                                            x_batch_major_.data(), dy_batch_major_.data())) {
    refresh_transposed(values_, structure_.row_order, transposed_values_);
  }

  std::vector<Part> parts() {
    return {forward(), refresh_part(values_, structure_.row_order, transposed_values_), backward_data(),
            backward_weights()};
  }

 private:
  static double number(std::size_t n) { return static_cast<double>(n); }
  static std::span<const float> all(const Activations<float>& a) { return {a.data(), a.size()}; }

  Part forward() {
    Part part{
        "forward", work(Product::forward), {"sparse", "", [this] { sparse_forward(); }, all(y_panels_)}, {}};
    add_gemms(part,
              {false, false, shape_.outputs, shape_.batch, shape_.inputs, w_.data(), x_.data(), y_.data()},
              {false, true, shape_.batch, shape_.outputs, shape_.inputs, x_batch_major_.data(), w_.data(),
               y_.data()});
    add_onednn(
        part, inner_product_.forward(), [this] { dense_multiply(w_.data(), x_panels_, y_panels_); },
        all(y_panels_));
    return part;
  }

  Part backward_data() {
    Part part{"backward-data",
              work(Product::backward_data),
              {"sparse", "", [this] { sparse_backward_data(); }, all(dx_panels_)},
              {}};
    add_gemms(part,
              {true, false, shape_.inputs, shape_.batch, shape_.outputs, w_.data(), dy_.data(), dx_.data()},
              {false, false, shape_.batch, shape_.inputs, shape_.outputs, dy_batch_major_.data(), w_.data(),
               dx_.data()});
    add_onednn(
        part, inner_product_.backward_data(),
        [this] { dense_multiply_transposed(w_.data(), dy_panels_, dx_panels_); }, all(dx_panels_));
    return part;
  }

  // The sparse side computes fewer numbers: only those at the survivors.
  Part backward_weights() {
    Part part{"backward-weights",
              work(Product::backward_weights),
              {"sparse", "", [this] { sparse_backward_weights(); }, {}},
              {}};
    add_gemms(part,
              {false, true, shape_.outputs, shape_.inputs, shape_.batch, dy_.data(), x_.data(), dw_.data()},
              {true, false, shape_.outputs, shape_.inputs, shape_.batch, dy_batch_major_.data(),
               x_batch_major_.data(), dw_.data()});
    add_onednn(
        part, inner_product_.backward_weights(),
        [this] { dense_weight_gradient(dy_panels_, x_panels_, false, dw_.data()); }, dw_);
    return part;
  }

  // Counts what a sparse product reads and writes. A panel passes over all values and offsets, a survivor
  // loads its input's values for the whole batch, and a row of outputs is stored (or loaded) once a window,
  // and loaded again in all but the first.
  Work work(Product product) const {
    const SparseRows& rows = product == Product::backward_data ? structure_.by_column : structure_.by_row;
    const double nonzeros = number(values_.size()), batch = number(shape_.batch),
                 panels = number(x_panels_.panels()), windows = number(rows.windows);
    const double activations = 4 * batch * number(shape_.outputs + shape_.inputs);
    const double outputs_passed = 4 * batch * number(rows.rows);
    const bool gradient = product == Product::backward_weights;
    Work work{2 * nonzeros * batch, 2 * number(w_.size()) * batch, activations + 6 * nonzeros,
              4 * batch * nonzeros + 6 * nonzeros * panels};
    work.moved_bytes += gradient ? windows * outputs_passed + 4 * nonzeros * (panels - 1)
                                 : (2 * windows - 1) * outputs_passed;
    return work;
  }

  void sparse_forward() {
    sparse_multiply<float>(structure_.by_row, values_.data(), nullptr, Activation::identity, x_panels_,
                           y_panels_);
  }
  void sparse_backward_data() {
    sparse_multiply_transposed<float>(structure_.by_column, transposed_values_.data(), dy_panels_, nullptr,
                                      dx_panels_);
  }
  void sparse_backward_weights() {
    sparse_weight_gradient(structure_.by_row, dy_panels_, x_panels_, false, gradient_.data());
  }

  static void add_gemms(Part& part, const Gemm& gemm, const Gemm& batch_major) {
    const auto add = [&](const char* variant, const Gemm& g) {
      const std::span<const float> output(g.c, g.m * g.n);
      part.dense.push_back({"onednn", variant, [g] { multiply_by_onednn(g); }, output});
      part.dense.push_back({"openblas", variant, [g] { multiply_by_openblas(g); }, output});
      part.dense.push_back({"eigen", variant, [g] { multiply_by_eigen(g); }, output});
    };
    add("", gemm);
    add("batch-major", batch_major);
  }

  static void add_onednn(Part& part, const OneDnnLayer::Step& inner_product,
                         const std::function<void()>& in_panels, std::span<const float> output) {
    part.dense.push_back({"onednn", "inner-product", inner_product.run, inner_product.output});
    part.dense.push_back({"onednn", "panels", in_panels, output});
  }

  LinearShape shape_;
  std::vector<std::uint8_t> keep_;
  SparseMatrix structure_;
  Matrix w_, x_, dy_, x_batch_major_, dy_batch_major_, y_, dx_, dw_;
  Activations<float> x_panels_, dy_panels_, y_panels_, dx_panels_;
  Matrix values_, transposed_values_, gradient_;
  OneDnnLayer inner_product_;
};

Case make_case(const std::string& family, const LinearShape& shape, std::vector<std::string> parts) {
  return {family,           std::to_string(shape.outputs) + "x" + std::to_string(shape.inputs),
          shape.outputs,    shape.inputs,
          shape.batch,      shape.density,
          std::move(parts), [shape] { return compare_layer<LinearOperands>(shape); }};
}

}  // namespace

std::vector<Case> linear_cases(bool quick) {
  using Sizes = std::vector<std::size_t>;
  using Densities = std::vector<double>;
  const auto some = [&](auto all, auto few) { return quick ? few : all; };
  std::vector<Case> cases;
  for (const auto& [outputs, inputs] : {std::pair<std::size_t, std::size_t>{300, 784}, {1024, 1024}}) {
    for (const std::size_t batch : some(Sizes{64, 128}, Sizes{64})) {
      for (const double density :
           some(Densities{1, 0.6, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01}, Densities{1, 0.2, 0.05, 0.01})) {
        cases.push_back(make_case("linear", {outputs, inputs, batch, density}, product_names()));
      }
    }
  }
  constexpr double kDensity = 0.05;
  for (const std::size_t width : some(Sizes{256, 512, 1024, 2048, 4096}, Sizes{256, 1024}))
    cases.push_back(make_case("linear-width", {width, width, 64, kDensity}, {}));
  for (const std::size_t batch : some(Sizes{16, 32, 64, 128, 256, 512}, Sizes{16, 64}))
    cases.push_back(make_case("linear-batch", {1024, 1024, batch, kDensity}, {}));
  return cases;
}

}  // namespace ltlab::bench
