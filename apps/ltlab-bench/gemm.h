#pragma once

#include <cstddef>

namespace ltlab::bench {

/// C = op(A) op(B): row-major without gaps, op(A) m x k, op(B) k x n.
struct Gemm {
  bool transpose_a = false, transpose_b = false;
  std::size_t m = 0, n = 0, k = 0;
  const float* a = nullptr;
  const float* b = nullptr;
  float* c = nullptr;

  std::size_t lda() const { return transpose_a ? m : k; }
  std::size_t ldb() const { return transpose_b ? k : n; }
};

/// Eigen's product, in one thread.
void multiply_by_eigen(const Gemm& gemm);

}  // namespace ltlab::bench
