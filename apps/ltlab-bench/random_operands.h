#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ltlab/base/activations.h"

namespace ltlab::bench {

using Matrix = AlignedVector<float>;

/// Returns values uniform in [-1, 1); the purpose names the random stream.
Matrix random_matrix(std::size_t size, std::string_view purpose);
/// Returns a mask that keeps exactly `density` of `size` weights, at random places.
std::vector<std::uint8_t> random_keep(std::size_t size, double density);
/// The matrix with zeros where the mask has them, and its other values unchanged.
Matrix masked(Matrix matrix, const std::vector<std::uint8_t>& keep);
Matrix survivors_of(const Matrix& matrix, const std::vector<std::uint8_t>& keep);
/// Renews what sparse backward-data needs after each step of the optimizer, as nn/weighted_layer.cpp does it:
/// the survivors' values in the order of the transposed matrix.
void refresh_transposed(const Matrix& values, const std::vector<std::uint32_t>& order, Matrix& transposed);
/// Returns activations with values like random_matrix()'s in their interior, and zeros in padding lanes.
Activations<float> random_images(const ActivationShape& shape, std::string_view purpose);

}  // namespace ltlab::bench
