#pragma once

namespace ltlab {

/// While it lives, the calling thread takes denormal floats (below 1.2e-38) for zero, as operands and as
/// results, as torch.set_flush_denormal(True) does. The moments of a weight that has no gradient any more
/// decay into them, where each operation takes a hundred times as long.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned long long before_;  // the thread's control register of floating point
};

}  // namespace ltlab
