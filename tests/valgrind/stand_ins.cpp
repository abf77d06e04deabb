#include <dnnl.h>
#include <hwy/detect_targets.h>

#include <cstdint>

// In place of functions of libraries whose machine code Debian's valgrind does not know, or misunderstands.
namespace hwy {

// Kernels for AVX2 hold moves in an encoding that it refuses ("vmovq xmm, xmm" by opcode D6).
std::int64_t SupportedTargets();
std::int64_t SupportedTargets() {
  return HWY_SSE4 | HWY_SSSE3;
}

namespace platform {
// Called as the library is loaded: by rdtscp, which it refuses where the processor does not announce it.
std::uint64_t TimerResolution();
std::uint64_t TimerResolution() {
  return 1;
}
}  // namespace platform

}  // namespace hwy

// oneDNN's product of matrices keeps registers where valgrind takes the stack for undefined. This one is
// plain.
extern "C" dnnl_status_t dnnl_sgemm(char transpose_a, char transpose_b, dnnl_dim_t m, dnnl_dim_t n,
                                    dnnl_dim_t k, float alpha, const float* a, dnnl_dim_t lda, const float* b,
                                    dnnl_dim_t ldb, float beta, float* c, dnnl_dim_t ldc) {
  for (dnnl_dim_t i = 0; i < m; ++i) {
    for (dnnl_dim_t j = 0; j < n; ++j) {
      float sum = 0;
      for (dnnl_dim_t l = 0; l < k; ++l)
        sum += (transpose_a == 'T' ? a[l * lda + i] : a[i * lda + l]) *
               (transpose_b == 'T' ? b[j * ldb + l] : b[l * ldb + j]);
      float& to = c[i * ldc + j];
      to = alpha * sum + (beta == 0 ? 0 : beta * to);
    }
  }
  return dnnl_success;
}
