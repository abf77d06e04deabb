#include "ltlab/base/denormals.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace ltlab;

TEST_CASE("Denormals are zero while they are flushed, and only then", "[base]") {
  constexpr float kSmallest = std::numeric_limits<float>::min(), kDenormal = kSmallest / 4;
  volatile float small = kSmallest, denormal = kDenormal;
  CHECK(small / 4 == kDenormal);
  {
    const FlushDenormals flush;
    const float result = small / 4, operand = denormal * 8, normal = small * 4;
    CHECK(result == 0);
    CHECK(operand == 0);
    CHECK(normal > 0);
  }
  CHECK(small / 4 == kDenormal);
  CHECK(denormal * 8 == 2 * kSmallest);
}
