#include "gemm.h"

#include <cblas.h>
#include <omp.h>

#include <dnnl.hpp>

#include "ltlab/base/error.h"

namespace ltlab::bench {

void multiply_by_onednn(const Gemm& gemm) {
  const auto size = [](std::size_t n) { return static_cast<dnnl_dim_t>(n); };
  const dnnl_status_t status = dnnl_sgemm(
      gemm.transpose_a ? 'T' : 'N', gemm.transpose_b ? 'T' : 'N', size(gemm.m), size(gemm.n), size(gemm.k),
      1.0f, gemm.a, size(gemm.lda()), gemm.b, size(gemm.ldb()), 0.0f, gemm.c, size(gemm.n));
  if (status != dnnl_success) throw NumericError("oneDNN's sgemm failed");
}

void multiply_by_openblas(const Gemm& gemm) {
  const auto size = [](std::size_t n) { return static_cast<blasint>(n); };
  cblas_sgemm(CblasRowMajor, gemm.transpose_a ? CblasTrans : CblasNoTrans,
              gemm.transpose_b ? CblasTrans : CblasNoTrans, size(gemm.m), size(gemm.n), size(gemm.k), 1.0f,
              gemm.a, size(gemm.lda()), gemm.b, size(gemm.ldb()), 0.0f, gemm.c, size(gemm.n));
}

void use_one_thread() {
  omp_set_num_threads(1);  // oneDNN reads it at each call
  openblas_set_num_threads(1);
}

}  // namespace ltlab::bench
