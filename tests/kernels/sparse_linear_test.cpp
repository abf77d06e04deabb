#include "ltlab/kernels/sparse_linear.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "ltlab/base/error.h"
#include "support/every_target.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

// One product's shape: awkward sizes on purpose.
struct Case {
  std::uint32_t rows, columns;
  std::size_t batch;
  double density;
};

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const double density : {0.0, 0.01, 0.05, 0.3, 1.0}) {
    for (const std::size_t batch : {1, 16, 17, 60, 64, 100, 130}) {
      result.push_back({1, 1, batch, density});
      result.push_back({10, 37, batch, density});
      result.push_back({67, 131, batch, density});
    }
  }
  return result;
}

std::vector<std::uint16_t> first_offsets(const SparseRows& rows) {
  return {rows.offset.begin(), rows.offset.end() - SparseRows::kReadAhead};
}

// Largest |a - b| relative to 1 + |b|.
template <class T>
double worst(double so_far, T a, double b) {
  return std::max(so_far, std::abs(static_cast<double>(a) - b) / (1 + std::abs(b)));
}

// Survivors among the first `size` entries of a mask.
std::size_t survivors_before(const Mask& mask, std::size_t size) {
  return static_cast<std::size_t>(
      std::count(mask.keep.begin(), mask.keep.begin() + static_cast<std::ptrdiff_t>(size), 1));
}

template <class T>
constexpr double kTolerance = 300 * std::numeric_limits<T>::epsilon();

template <class T>
void check_multiply(const Case& c, bool with_bias, Activation activation) {
  const std::size_t lanes = panel_lanes(c.batch);
  const Mask mask = random_mask("w", {c.rows, c.columns}, c.density, 1);
  const SparseRows rows = make_sparse_matrix(mask.keep, c.rows, c.columns).by_row;
  const AlignedVector<T> values = random_values<T>(rows.survivors(), 2), bias = random_values<T>(c.rows, 3);
  const Activations<T> x = random_activations<T>(c.columns, c.batch, lanes, 4);
  Activations<T> y(c.rows, c.batch, lanes);
  sparse_multiply(rows, values.data(), with_bias ? bias.data() : nullptr, activation, x, y);
  double error = 0;
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t i = 0; i < c.batch; ++i) {
      double sum = with_bias ? bias[r] : T(0);
      std::size_t k = survivors_before(mask, r * c.columns);
      for (std::size_t column = 0; column < c.columns; ++column) {
        if (!mask.keep[r * c.columns + column]) continue;
        sum += static_cast<double>(values[k++]) * static_cast<double>(x.at(column, i));
      }
      if (activation == Activation::relu) sum = std::max(sum, 0.0);
      error = worst(error, y.at(r, i), sum);
    }
  }
  CHECK(error < kTolerance<T>);
}

template <class T>
void check_multiply_transposed(const Case& c, bool rectified) {
  const std::size_t lanes = panel_lanes(c.batch);
  const Mask mask = random_mask("w", {c.rows, c.columns}, c.density, 1);
  const SparseMatrix structure = make_sparse_matrix(mask.keep, c.rows, c.columns);
  const AlignedVector<T> values = random_values<T>(structure.by_row.survivors(), 2);
  AlignedVector<T> transposed(values.size());
  for (std::size_t k = 0; k < values.size(); ++k) transposed[k] = values[structure.row_order[k]];
  const Activations<T> dy = random_activations<T>(c.rows, c.batch, lanes, 4, true),
                       x = random_activations<T>(c.columns, c.batch, lanes, 5);
  Activations<T> dx(c.columns, c.batch, lanes);
  sparse_multiply_transposed(structure.by_column, transposed.data(), dy, rectified ? &x : nullptr, dx);
  Activations<double> expected(c.columns, c.batch, lanes);
  std::size_t k = 0;
  for (std::size_t w = 0; w < mask.size(); ++w) {
    if (!mask.keep[w]) continue;
    for (std::size_t i = 0; i < c.batch; ++i)
      expected.at(w % c.columns, i) +=
          static_cast<double>(values[k]) * static_cast<double>(dy.at(w / c.columns, i));
    ++k;
  }
  double error = 0;
  for (std::size_t column = 0; column < c.columns; ++column) {
    for (std::size_t i = 0; i < c.batch; ++i) {
      const bool passes = !rectified || x.at(column, i) > 0;
      error = worst(error, dx.at(column, i), passes ? expected.at(column, i) : 0.0);
    }
  }
  CHECK(error < kTolerance<T>);
}

template <class T>
void check_weight_gradient(const Case& c) {
  const std::size_t lanes = panel_lanes(c.batch);
  const Mask mask = random_mask("w", {c.rows, c.columns}, c.density, 1);
  const SparseRows rows = make_sparse_matrix(mask.keep, c.rows, c.columns).by_row;
  const Activations<T> x = random_activations<T>(c.columns, c.batch, lanes, 4);
  const Activations<T> dy = random_activations<T>(c.rows, c.batch, lanes, 5, true);
  AlignedVector<T> gradient(rows.survivors(), T(99));  // must be overwritten
  sparse_weight_gradient(rows, dy, x, false, gradient.data());
  sparse_weight_gradient(rows, dy, x, true, gradient.data());  // once more, on top
  double error = 0;
  std::size_t k = 0;
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t column = 0; column < c.columns; ++column) {
      if (!mask.keep[r * c.columns + column]) continue;
      double sum = 0;
      for (std::size_t i = 0; i < c.batch; ++i)
        sum += static_cast<double>(dy.at(r, i)) * static_cast<double>(x.at(column, i));
      error = worst(error, gradient[k++], 2 * sum);
    }
  }
  CHECK(error < kTolerance<T>);
}

}  // namespace

TEST_CASE("The structure lists the survivors by row and by column", "[kernels]") {
  const std::vector<std::uint8_t> keep = {0, 1, 1,  //
                                          1, 0, 0,  //
                                          0, 0, 0,  //
                                          1, 1, 0};
  const SparseMatrix s = make_sparse_matrix(keep, 4, 3);
  CHECK(s.by_row.rows == 4);
  CHECK(s.by_row.windows == 1);
  CHECK(s.by_row.survivors() == 5);
  CHECK(s.by_row.begin == std::vector<std::uint32_t>{0, 2, 3, 3, 2, 3, 3, 5});
  CHECK(first_offsets(s.by_row) == std::vector<std::uint16_t>{1, 2, 0, 0, 1});
  CHECK(s.by_column.rows == 3);
  CHECK(s.by_column.begin == std::vector<std::uint32_t>{0, 2, 4, 2, 4, 5});
  CHECK(first_offsets(s.by_column) == std::vector<std::uint16_t>{1, 3, 0, 3, 0});
  CHECK(s.row_order == std::vector<std::uint32_t>{2, 3, 0, 4, 1});
}

TEST_CASE("Inputs are cut into windows, each row's survivors into a segment for each", "[kernels]") {
  SurvivorList list;
  for (std::uint32_t r = 0; r < 2; ++r) {
    for (std::uint32_t p = r; p < 200'000; p += 10000) list.position.push_back(p);
    list.end_row();
  }
  // Sparse rows: as wide as 16 bits allow. Dense ones: as wide as the cache.
  const SparseRows wide = make_sparse_rows(list, {200'000, 1, 256});
  CHECK(wide.windows == 4);
  CHECK(wide.origin[1] <= 65535);
  for (std::uint32_t w = 0; w < wide.windows; ++w) {
    for (std::uint32_t r = 0; r < 2; ++r) {
      for (std::uint32_t k = wide.begin[w * 2 + r]; k < wide.begin[w * 2 + 2 + r]; ++k)
        CHECK(wide.origin[w] + wide.offset[k] == list.position[k]);
    }
  }
  CHECK(wide.begin.back() == 40);
  SurvivorList dense;
  for (std::uint32_t p = 0; p < 784; ++p) dense.position.push_back(p);
  dense.end_row();
  CHECK(make_sparse_rows(dense, {784, 1, 256}).windows == 9);  // 96 inputs of 256 bytes fill 24 KiB
  SurvivorList image;
  image.position = {0, 100'000};
  image.end_row();
  CHECK_THROWS_AS(make_sparse_rows(image, {1, 200'000, 256}), ConfigError);
}

TEMPLATE_TEST_CASE("Sparse products agree with plain loops on every instruction set", "[kernels]", float,
                   double) {
  on_every_target([] {
    for (const Case& c : cases()) {
      INFO(c.rows << " x " << c.columns << ", batch " << c.batch << ", density " << c.density);
      check_multiply<TestType>(c, true, Activation::relu);
      check_multiply<TestType>(c, false, Activation::identity);
      check_multiply_transposed<TestType>(c, false);
      check_multiply_transposed<TestType>(c, true);
      check_weight_gradient<TestType>(c);
    }
  });
}

TEST_CASE("An image's result does not depend on the rest of its batch", "[kernels]") {
  const Mask mask = random_mask("w", {20, 30}, 0.2, 1);
  const SparseRows rows = make_sparse_matrix(mask.keep, 20, 30).by_row;
  const AlignedVector<float> values = random_values<float>(rows.survivors(), 2);
  const Activations<float> x = random_activations<float>(30, 64, 64, 4);
  Activations<float> one(30, 1, 64), y(20, 64, 64), y_one(20, 1, 64);
  for (std::size_t f = 0; f < 30; ++f) one.at(f, 0) = x.at(f, 41);
  sparse_multiply<float>(rows, values.data(), nullptr, Activation::identity, x, y);
  sparse_multiply<float>(rows, values.data(), nullptr, Activation::identity, one, y_one);
  for (std::size_t r = 0; r < 20; ++r) CHECK(y_one.at(r, 0) == y.at(r, 41));
}
