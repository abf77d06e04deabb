// Eigen chooses its instructions when it is compiled, so this file alone is compiled for the processor at
// hand (see CMakeLists.txt). Its Eigen gets a namespace of its own: the linker must not mix it with the
// library's, which is compiled for any processor.
#define Eigen EigenForThisProcessor
#include <Eigen/Core>

#include "gemm.h"

namespace ltlab::bench {

void multiply_by_eigen(const Gemm& gemm) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using ConstMap = Eigen::Map<const Matrix>;
  const auto m = static_cast<Eigen::Index>(gemm.m), n = static_cast<Eigen::Index>(gemm.n),
             k = static_cast<Eigen::Index>(gemm.k);
  const ConstMap a(gemm.a, gemm.transpose_a ? k : m, gemm.transpose_a ? m : k);
  const ConstMap b(gemm.b, gemm.transpose_b ? n : k, gemm.transpose_b ? k : n);
  Eigen::Map<Matrix> c(gemm.c, m, n);
  if (gemm.transpose_a && gemm.transpose_b) c.noalias() = a.transpose() * b.transpose();
  if (gemm.transpose_a && !gemm.transpose_b) c.noalias() = a.transpose() * b;
  if (!gemm.transpose_a && gemm.transpose_b) c.noalias() = a * b.transpose();
  if (!gemm.transpose_a && !gemm.transpose_b) c.noalias() = a * b;
}

}  // namespace ltlab::bench
