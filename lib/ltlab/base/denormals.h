#pragma once

namespace ltlab {

/// Makes the calling thread, as long as the object lives, treat denormal floats (below 1.2e-38) as zero, as
/// operands and as results, as torch.set_flush_denormal(True) does. The moments of a weight that no longer
/// has a gradient decay into denormals, on which each operation takes a hundred times as long.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned long long before_;  // the thread's floating-point control register
};

}  // namespace ltlab
