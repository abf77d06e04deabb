#include "ltlab/analysis/families.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace ltlab;

TEST_CASE("Holm's correction multiplies by the hypotheses left and never falls", "[analysis]") {
  // 4 * 0.005, 3 * 0.01, 2 * 0.03, and for 0.04 no less than before.
  const std::vector<double> corrected = holm_corrected(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  const std::vector<double> expected = {0.03, 0.06, 0.06, 0.02};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(corrected[i] == Approx(expected[i]));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> with_nan = holm_corrected(std::vector<double>{nan, 0.5, 0.7, 0.01});
  CHECK(std::isnan(with_nan[0]));
  CHECK(with_nan[1] == 1);
  CHECK(with_nan[2] == 1);
  CHECK(with_nan[3] == Approx(0.03));
}
