#include "ltlab/base/denormals.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace ltlab {
namespace {

#if defined(__x86_64__)
constexpr unsigned kFlush = 0x8000 | 0x0040;  // MXCSR: results (FTZ), operands (DAZ)

unsigned long long control() {
  return _mm_getcsr();
}
void set_control(unsigned long long value) {
  _mm_setcsr(static_cast<unsigned>(value));
}
#elif defined(__aarch64__)
constexpr unsigned long long kFlush = 1ull << 24;  // FPCR.FZ

unsigned long long control() {
  return __builtin_aarch64_get_fpcr64();
}
void set_control(unsigned long long value) {
  __builtin_aarch64_set_fpcr64(value);
}
#else
constexpr unsigned long long kFlush = 0;  // elsewhere denormals stay, which is only slower

unsigned long long control() {
  return 0;
}
void set_control(unsigned long long /*value*/) {}
#endif

}  // namespace

FlushDenormals::FlushDenormals() : before_(control()) {
  set_control(before_ | kFlush);
}

FlushDenormals::~FlushDenormals() {
  set_control(before_);
}

}  // namespace ltlab
