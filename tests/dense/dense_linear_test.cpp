#include "ltlab/dense/dense_linear.h"

#include <catch2/catch.hpp>

#include "ltlab/kernels/sparse_linear.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

TEMPLATE_TEST_CASE(
    "Dense products of a masked matrix equal the sparse ones within rounding, at every density", "[dense]",
    float, double) {
  using T = TestType;
  const std::uint32_t outputs = 33, inputs = 78;
  for (const double density : {1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.0}) {
    for (const std::size_t batch : {5, 60, 130}) {
      INFO("density " << density << ", batch " << batch);
      const std::size_t lanes = panel_lanes(batch);
      const Mask mask = random_mask("w", {outputs, inputs}, density, 1);
      const SparseMatrix s = make_sparse_matrix(mask.keep, outputs, inputs);
      AlignedVector<T> dense = random_values<T>(mask.size(), 2), compact, transposed;
      for (std::size_t i = 0; i < dense.size(); ++i) {
        if (mask.keep[i]) compact.push_back(dense[i]);
        if (!mask.keep[i]) dense[i] = 0;
      }
      for (const std::uint32_t k : s.row_order) transposed.push_back(compact[k]);
      const Activations<T> x = random_activations<T>(inputs, batch, lanes, 3);
      const Activations<T> dy = random_activations<T>(outputs, batch, lanes, 4, true);
      Activations<T> y(outputs, batch, lanes), y_sparse = y, dx(inputs, batch, lanes), dx_sparse = dx;
      AlignedVector<T> gradient(dense.size()), gradient_sparse(compact.size());
      dense_multiply(dense.data(), x, y);
      sparse_multiply<T>(s.by_row, compact.data(), nullptr, Activation::identity, x, y_sparse);
      dense_multiply_transposed(dense.data(), dy, dx);
      sparse_multiply_transposed<T>(s.by_column, transposed.data(), dy, nullptr, dx_sparse);
      dense_weight_gradient(dy, x, false, gradient.data());
      sparse_weight_gradient(s.by_row, dy, x, false, gradient_sparse.data());
      const double margin = std::is_same_v<T, float> ? 2e-5 : 1e-13;
      for (std::size_t i = 0; i < batch; ++i) {
        for (std::size_t f = 0; f < outputs; ++f)
          REQUIRE(y.at(f, i) == Approx(y_sparse.at(f, i)).margin(margin));
        for (std::size_t f = 0; f < inputs; ++f)
          REQUIRE(dx.at(f, i) == Approx(dx_sparse.at(f, i)).margin(margin));
      }
      std::size_t k = 0;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        if (mask.keep[i]) REQUIRE(gradient[i] == Approx(gradient_sparse[k++]).margin(margin));
      }
    }
  }
}
