#include "ltlab/analysis/paired_tests.h"

#include <cmath>

#include "ltlab/analysis/bootstrap.h"
#include "ltlab/analysis/effect_size.h"
#include "ltlab/analysis/mean_test.h"

namespace ltlab {

PairedTest test_differences(std::span<const double> differences) {
  const MeanTest mean = test_mean(differences);
  PairedTest test;
  test.pairs = mean.size;
  test.mean_difference = mean.estimate;
  test.interval = bootstrap_interval(differences);
  test.t = mean.t();
  test.p = mean.p();
  test.signed_rank_p = signed_rank_p(differences);
  test.cohen_d = cohen_d(differences);
  test.hedges_g = hedges_g(differences);
  return test;
}

double Equivalence::p() const {
  return std::isnan(p_not_below) || p_not_below > p_not_above ? p_not_below : p_not_above;
}

Equivalence test_equivalence(std::span<const double> differences, double margin) {
  const MeanTest mean = test_mean(differences);
  return {mean.p_above(-margin), mean.p_below(margin)};
}

}  // namespace ltlab
