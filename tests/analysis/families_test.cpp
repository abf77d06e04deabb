#include "ltlab/analysis/families.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "ltlab/analysis/mean_test.h"
#include "ltlab/base/random.h"

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

TEST_CASE("A fixed sequence is rejected up to its first failure", "[analysis][statistics]") {
  const std::vector<double> corrected =
      fixed_sequence_corrected(std::vector<double>{0.01, 0.04, 0.002, 0.2, 0.001});
  CHECK(corrected == std::vector<double>{0.01, 0.04, 0.04, 0.2, 0.2});
  CHECK(fixed_sequence_corrected({}).empty());
  const std::vector<double> with_nan = fixed_sequence_corrected(std::vector<double>{0.01, NAN, 0.001});
  CHECK(with_nan[0] == 0.01);
  CHECK(std::isnan(with_nan[1]));
  CHECK(with_nan[2] == 1);
}

TEST_CASE("Both corrections keep the chance of any false rejection, and the fixed sequence finds more",
          "[analysis][statistics]") {
  RandomStream random({0, "families"});
  constexpr int kSamples = 4000;
  int false_by_holm = 0, false_by_sequence = 0, found_by_holm = 0, found_by_sequence = 0;
  std::vector<double> values(5);
  for (int sample = 0; sample < kSamples; ++sample) {
    std::vector<double> p;
    for (const double mean : {3.0, 2.0, 1.5, 0.0, 0.0}) {
      for (double& value : values) value = mean + random.normal();
      p.push_back(test_mean(values).p());
    }
    const std::vector<double> holm = holm_corrected(p), sequence = fixed_sequence_corrected(p);
    for (std::size_t i = 0; i < 3; ++i) {
      found_by_holm += holm[i] < 0.05 ? 1 : 0;
      found_by_sequence += sequence[i] < 0.05 ? 1 : 0;
    }
    false_by_holm += std::min(holm[3], holm[4]) < 0.05 ? 1 : 0;
    false_by_sequence += std::min(sequence[3], sequence[4]) < 0.05 ? 1 : 0;
  }
  CHECK(false_by_holm / double{kSamples} < 0.06);
  CHECK(false_by_sequence / double{kSamples} < 0.06);
  CHECK(found_by_sequence > 1.2 * found_by_holm);
}
