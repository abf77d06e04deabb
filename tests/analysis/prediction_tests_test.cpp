#include "ltlab/analysis/prediction_tests.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <vector>

#include "ltlab/analysis/statistics.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

namespace {

using Classes = std::vector<std::uint8_t>;

const Classes kLabels = {2, 3, 0, 3, 1, 2, 2, 1, 3, 0, 1, 1, 2, 1, 0, 0, 0, 0, 0, 3,
                         0, 2, 3, 0, 1, 1, 1, 3, 0, 3, 3, 3, 0, 1, 2, 1, 2, 2, 2, 0};
const Predictions kA = {
    {2, 3, 2, 3, 1, 0, 2, 2, 2, 0, 0, 1, 2, 1, 0, 0, 1, 0, 0, 3,
     0, 1, 3, 0, 3, 1, 1, 3, 0, 2, 3, 3, 0, 3, 2, 2, 2, 2, 0, 0},
    {0.59F, 0.78F, 0.85F, 0.96F, 0.56F, 0.79F, 0.54F, 0.88F, 0.46F, 0.91F, 0.65F, 0.81F, 0.67F, 0.52F,
     0.65F, 0.34F, 0.33F, 0.67F, 0.63F, 0.88F, 0.31F, 0.69F, 0.64F, 0.72F, 0.81F, 0.67F, 0.69F, 0.64F,
     0.73F, 0.47F, 0.69F, 0.77F, 0.43F, 0.99F, 0.82F, 0.97F, 0.51F, 0.61F, 0.48F, 0.33F}};
const Classes kB = {1, 3, 0, 1, 1, 3, 2, 1, 3, 0, 3, 2, 2, 1, 0, 0, 3, 0, 0, 3,
                    2, 0, 3, 0, 1, 1, 2, 3, 1, 3, 3, 3, 0, 1, 2, 3, 3, 2, 2, 1};

// Returns which images the seeds of a method classify rightly, where images differ in how hard they are, also
// for this method alone, and seeds in how good they are.
Correctness draw_method(const std::vector<double>& easiness, std::size_t seeds, double deviation_of_seeds,
                        RandomStream& random) {
  std::vector<double> for_method(easiness);
  for (double& image : for_method) image += 0.4 * random.normal();
  Correctness correctness(seeds);
  for (std::vector<std::uint8_t>& seed : correctness) {
    const double skill = deviation_of_seeds * random.normal();
    for (const double image : for_method) seed.push_back(image + skill + 0.5 * random.normal() > 0 ? 1 : 0);
  }
  return correctness;
}

}  // namespace

TEST_CASE("Predictions of two networks are compared image by image", "[analysis][statistics]") {
  CHECK(disagreement(kA.classes, kB) == 0.5);
  CHECK(disagreement(kB, kB) == 0);
  // statsmodels.stats.contingency_tables.mcnemar([[20, 8], [7, 5]], exact=True)
  const McNemarTest test = test_mcnemar(kLabels, kA.classes, kB);
  CHECK(test.only_a_right == 8);
  CHECK(test.only_b_right == 7);
  CHECK(test.p == 1);
  CHECK(test_mcnemar(kLabels, kB, kB).p == 1);
  // Five images of which only one network is right: 2 * 0.5^5.
  CHECK(test_mcnemar(Classes{1, 1, 1, 1, 1, 0}, Classes{1, 1, 1, 1, 1, 0}, Classes{0, 0, 0, 0, 0, 0}).p ==
        Approx(2.0 / 32));
  // mcnemar([[0, 2], [9, 0]], exact=True)
  const Classes ones(11, 1);
  CHECK(test_mcnemar(ones, Classes{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, Classes{0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1})
            .p == Approx(0.0654296875));
}

TEST_CASE("Classes have accuracies of their own", "[analysis][statistics]") {
  const std::vector<double> accuracies = class_accuracies(kLabels, kA.classes, 5);
  const std::vector<double> expected = {10.0 / 12, 0.5, 6.0 / 9, 7.0 / 9};
  for (std::size_t label = 0; label < 4; ++label) CHECK(accuracies[label] == Approx(expected[label]));
  CHECK(std::isnan(accuracies[4]));
}

TEST_CASE("Calibration error and Brier score agree with numpy", "[analysis][statistics]") {
  // k = numpy.digitize(p, numpy.linspace(0, 1, 16), right=True);
  // sum(abs(numpy.sum(p[k == i] - right[k == i])) for i in range(17)) / 40; numpy.mean((p - right) ** 2)
  CHECK(calibration_error(kLabels, kA) == Approx(0.25).epsilon(1e-6));
  CHECK(brier_score(kLabels, kA) == Approx(0.2658150025731328).epsilon(1e-8));
  CHECK(calibration_error(Classes{0, 1}, {{0, 0}, {0.5F, 0.5F}}) == 0);
  CHECK(calibration_error(Classes{0, 1}, {{0, 1}, {1, 0}}) == Approx(0.5));
}

TEST_CASE("A test over seeds and images agrees with statsmodels' analysis of variance",
          "[analysis][statistics]") {
  const Correctness a = {{1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                         {1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1},
                         {1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0}};
  const Correctness b = {{1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1},
                         {0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1},
                         {0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1}};
  // d of a - b: ms = anova_lm(ols("d ~ C(seed) + C(image)")).mean_sq; s = ms[0] / 36,
  // i = (ms[1] - ms[2]) / 3 / 12: (s + i) ** 0.5, (s + i) ** 2 / (s ** 2 / 2 + i ** 2 / 11)
  const MeanTest paired = test_seeds_and_images(a, b, Pairing::paired);
  CHECK(paired.estimate == Approx(1.0 / 6));
  CHECK(paired.standard_error == Approx(0.15891043154093204));
  CHECK(paired.degrees_of_freedom == Approx(4.596833872629394));
  CHECK(paired.p() == Approx(0.3462472097852726));
  // The same of each method's table: s of both, and i of numpy.var(difference of image means, ddof=1) less
  // the residuals' ms[2] / seeds of both, / 12.
  const Correctness other = {{1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 1}, {1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0}};
  const MeanTest independent = test_seeds_and_images(a, other, Pairing::independent);
  CHECK(independent.estimate == Approx(0.26388888888888895));
  CHECK(independent.standard_error == Approx(0.10750133765774393));
  CHECK(independent.degrees_of_freedom == Approx(6.892682814215651));
  CHECK(independent.size == 3);
  CHECK(independent.second_size == 2);
}

TEST_CASE("Where images do not differ, a test over them is that of the seeds", "[analysis][statistics]") {
  const Correctness a = {{1, 1, 1}, {1, 1, 1}, {0, 0, 0}}, b = {{1, 1, 1}, {0, 0, 0}, {0, 0, 0}};
  const MeanTest test = test_seeds_and_images(a, b, Pairing::paired),
                 seeds = test_mean(std::vector<double>{0, 1, 0});
  CHECK(test.p() == Approx(seeds.p()));
  CHECK(test.degrees_of_freedom == Approx(2));
  CHECK(std::isnan(test_seeds_and_images(a, a, Pairing::paired).p()));
}

TEST_CASE("A test over seeds and images holds the difference as often as it says", "[analysis][statistics]") {
  RandomStream random({0, "seeds and images"});
  constexpr int kSamples = 1000;
  std::vector<double> easiness(150);
  for (const double deviation_of_seeds : {0.0, 0.15}) {
    int paired = 0, independent = 0, by_seeds = 0;
    for (int sample = 0; sample < kSamples; ++sample) {
      for (double& image : easiness) image = 1.5 + 1.5 * random.normal();
      const Correctness a = draw_method(easiness, 5, deviation_of_seeds, random),
                        b = draw_method(easiness, 5, deviation_of_seeds, random);
      paired += test_seeds_and_images(a, b, Pairing::paired).p() < 0.05 ? 0 : 1;
      independent += test_seeds_and_images(a, b, Pairing::independent).p() < 0.05 ? 0 : 1;
      std::vector<double> differences;
      for (std::size_t seed = 0; seed < a.size(); ++seed)
        differences.push_back(mean_of(a[seed], std::identity()) - mean_of(b[seed], std::identity()));
      by_seeds += test_mean(differences).p() < 0.05 ? 0 : 1;
    }
    CHECK(paired / double{kSamples} == Approx(0.95).margin(0.03));
    CHECK(independent / double{kSamples} == Approx(0.95).margin(0.03));
    CHECK(by_seeds / double{kSamples} < 0.93);  // of other images it knows nothing
  }
}

TEST_CASE("Predictions that do not belong together are refused", "[analysis][statistics]") {
  CHECK_THROWS_AS(disagreement({}, {}), ConfigError);
  CHECK_THROWS_AS(disagreement(kB, Classes{1}), ConfigError);
  CHECK_THROWS_AS(test_mcnemar(kLabels, kB, Classes{1}), ConfigError);
  CHECK_THROWS_AS(class_accuracies(kLabels, kB, 3), ConfigError);
  CHECK_THROWS_AS(brier_score(Classes{0}, {{0}, {NAN}}), ConfigError);
  CHECK_THROWS_AS(calibration_error(Classes{0}, {{0}, {1.5F}}), ConfigError);
  CHECK_THROWS_AS(calibration_error(Classes{0}, {{0}, {}}), ConfigError);
  const Correctness two = {{1, 0}, {1, 1}}, ragged = {{1, 0}, {1}}, single = {{1, 0}};
  CHECK_THROWS_AS(test_seeds_and_images(two, ragged, Pairing::paired), ConfigError);
  CHECK_THROWS_AS(test_seeds_and_images(two, single, Pairing::independent), ConfigError);
  CHECK_THROWS_AS(test_seeds_and_images({}, {}, Pairing::independent), ConfigError);
  CHECK_THROWS_AS(test_seeds_and_images(two, {{1, 0}, {1, 1}, {0, 0}}, Pairing::paired), ConfigError);
}
