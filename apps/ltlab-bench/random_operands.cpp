#include "random_operands.h"

#include <algorithm>
#include <cmath>

#include "ltlab/base/random.h"

namespace ltlab::bench {

Matrix random_matrix(std::size_t size, std::string_view purpose) {
  RandomStream stream({0, purpose, 0, 0});
  Matrix matrix(size);
  for (float& value : matrix) value = static_cast<float>(stream.uniform(-1, 1));
  return matrix;
}

std::vector<std::uint8_t> random_keep(std::size_t size, double density) {
  std::vector<std::uint8_t> keep(size, 0);
  const auto survivors = static_cast<std::ptrdiff_t>(std::llround(density * static_cast<double>(size)));
  const auto order = RandomStream({0, "mask", 0, 0}).permutation(static_cast<std::uint32_t>(size));
  std::for_each(order.begin(), order.begin() + survivors, [&](std::uint32_t i) { keep[i] = 1; });
  return keep;
}

Matrix masked(Matrix matrix, const std::vector<std::uint8_t>& keep) {
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = keep[i] ? matrix[i] : 0;
  return matrix;
}

Matrix survivors_of(const Matrix& matrix, const std::vector<std::uint8_t>& keep) {
  Matrix survivors;
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    if (keep[i]) survivors.push_back(matrix[i]);
  }
  return survivors;
}

void refresh_transposed(const Matrix& values, const std::vector<std::uint32_t>& order, Matrix& transposed) {
  for (std::size_t k = 0; k < order.size(); ++k) transposed[k] = values[order[k]];
}

Activations<float> random_images(const ActivationShape& shape, std::string_view purpose) {
  Activations<float> images(shape);
  RandomStream stream({0, purpose, 0, 0});
  for (std::size_t f = 0; f < images.features(); ++f) {
    for (std::size_t b = 0; b < images.batch(); ++b)
      images.at(f, b) = static_cast<float>(stream.uniform(-1, 1));
  }
  return images;
}

}  // namespace ltlab::bench
