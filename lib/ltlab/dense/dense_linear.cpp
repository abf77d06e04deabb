#include "ltlab/dense/dense_linear.h"

#include <omp.h>

#include <Eigen/Core>
#include <algorithm>
#include <dnnl.hpp>
#include <string>

#include "ltlab/base/error.h"
#include "ltlab/dense/failure.h"

namespace ltlab {
namespace {

// This applies to the calling thread only; oneDNN and Eigen read it at each call.
void use_one_thread() {
  omp_set_num_threads(1);
}

// Computes C = op(A) op(B) + beta C, row-major, op(A) m x k, op(B) k x n.
void multiply(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k, const float* a,
              std::size_t lda, const float* b, std::size_t ldb, float beta, float* c, std::size_t ldc) {
  use_one_thread();
  using Size = dnnl_dim_t;
  const dnnl_status_t status =
      dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', static_cast<Size>(m), static_cast<Size>(n),
                 static_cast<Size>(k), 1.0f, a, static_cast<Size>(lda), b, static_cast<Size>(ldb), beta, c,
                 static_cast<Size>(ldc));
  if (status != dnnl_success) throw_failure("sgemm", status);
}

void multiply(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
              const double* a, std::size_t lda, const double* b, std::size_t ldb, double beta, double* c,
              std::size_t ldc) {
  use_one_thread();
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Map = Eigen::Map<const Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;
  const auto index = [](std::size_t i) { return static_cast<Eigen::Index>(i); };
  const Map left(a, index(transpose_a ? k : m), index(transpose_a ? m : k), Eigen::OuterStride<>(index(lda)));
  const Map right(b, index(transpose_b ? n : k), index(transpose_b ? k : n),
                  Eigen::OuterStride<>(index(ldb)));
  Eigen::Map<Matrix, Eigen::Unaligned, Eigen::OuterStride<>> out(c, index(m), index(n),
                                                                 Eigen::OuterStride<>(index(ldc)));
  const Matrix lhs = transpose_a ? Matrix(left.transpose()) : Matrix(left);
  const Matrix rhs = transpose_b ? Matrix(right.transpose()) : Matrix(right);
  if (beta == 0.0) {
    out.noalias() = lhs * rhs;
  } else {
    out *= beta;
    out.noalias() += lhs * rhs;
  }
}

// Computes dx = W^T dy for a panel of kLaneMultiple images. oneDNN takes 1.7 times as long for such a narrow
// product as for its transpose, dx^T = dy^T W; a few features at a time, the transpose stays in the cache.
template <class T>
void multiply_transposed_narrow(const T* weights, std::size_t outputs, std::size_t inputs, const T* dy,
                                T* dx) {
  constexpr std::size_t kFeatures = 256;
  alignas(kAlignment) T transposed[kLaneMultiple * kFeatures];
  for (std::size_t first = 0; first < inputs; first += kFeatures) {
    const std::size_t features = std::min(kFeatures, inputs - first);
    multiply(true, false, kLaneMultiple, features, outputs, dy, kLaneMultiple, weights + first, inputs, T(0),
             transposed, features);
    for (std::size_t f = 0; f < features; ++f) {
      for (std::size_t l = 0; l < kLaneMultiple; ++l)
        dx[(first + f) * kLaneMultiple + l] = transposed[l * features + f];
    }
  }
}

}  // namespace

template <class T>
void dense_multiply(const T* weights, const Activations<T>& x, Activations<T>& y) {
  const std::size_t lanes = x.lanes();
  for (std::size_t p = 0; p < x.panels(); ++p) {
    multiply(false, false, y.features(), lanes, x.features(), weights, x.features(), x.panel(p), lanes, T(0),
             y.panel(p), lanes);
  }
}

template <class T>
void dense_multiply_transposed(const T* weights, const Activations<T>& dy, Activations<T>& dx) {
  const std::size_t lanes = dy.lanes();
  for (std::size_t p = 0; p < dy.panels(); ++p) {
    if (lanes == kLaneMultiple) {
      multiply_transposed_narrow(weights, dy.features(), dx.features(), dy.panel(p), dx.panel(p));
    } else {
      multiply(true, false, dx.features(), lanes, dy.features(), weights, dx.features(), dy.panel(p), lanes,
               T(0), dx.panel(p), lanes);
    }
  }
}

template <class T>
void dense_weight_gradient(const Activations<T>& dy, const Activations<T>& x, bool accumulate, T* gradient) {
  const std::size_t lanes = dy.lanes();
  for (std::size_t p = 0; p < dy.panels(); ++p) {
    multiply(false, true, dy.features(), x.features(), lanes, dy.panel(p), lanes, x.panel(p), lanes,
             T(accumulate || p > 0), gradient, x.features());
  }
}

template void dense_multiply(const float*, const Activations<float>&, Activations<float>&);
template void dense_multiply(const double*, const Activations<double>&, Activations<double>&);
template void dense_multiply_transposed(const float*, const Activations<float>&, Activations<float>&);
template void dense_multiply_transposed(const double*, const Activations<double>&, Activations<double>&);
template void dense_weight_gradient(const Activations<float>&, const Activations<float>&, bool, float*);
template void dense_weight_gradient(const Activations<double>&, const Activations<double>&, bool, double*);

}  // namespace ltlab
