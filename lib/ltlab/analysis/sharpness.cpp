#include "ltlab/analysis/sharpness.h"

#include <Spectra/SymEigsSolver.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

namespace ltlab {
namespace {

constexpr std::size_t kLanczosVectors = 30;  // at least, if there are as many survivors
constexpr Eigen::Index kRestarts = 300;

// The Hessian in the form that Spectra wants for a matrix; counts the products.
class HessianOperator {
 public:
  using Scalar = double;

  HessianOperator(Network<double>& network, std::span<const LabelledBatch<double>> batches,
                  std::stop_token stop)
      : hessian_(network, batches), stop_(std::move(stop)) {}

  std::size_t size() const { return hessian_.size(); }
  std::size_t products() const { return products_; }
  std::vector<double> multiply(std::span<const double> v) const {
    if (stop_.stop_requested()) throw Interrupted();
    ++products_;
    return hessian_.multiply(v);
  }

  // NOLINTBEGIN(readability-identifier-naming): Spectra's names
  Eigen::Index rows() const { return static_cast<Eigen::Index>(size()); }
  Eigen::Index cols() const { return rows(); }
  void perform_op(const double* x, double* y) const { std::ranges::copy(multiply({x, size()}), y); }
  // NOLINTEND(readability-identifier-naming)

 private:
  Hessian<double> hessian_;
  std::stop_token stop_;
  mutable std::size_t products_ = 0;
};

// Returns `count` eigenvalues from the end that `rule` names, descending.
std::vector<double> eigenvalues(HessianOperator& hessian, std::size_t count, double tolerance,
                                Spectra::SortRule rule) {
  const std::size_t vectors = std::min(hessian.size(), std::max(2 * count + 1, kLanczosVectors));
  Spectra::SymEigsSolver<HessianOperator> solver(hessian, static_cast<Eigen::Index>(count),
                                                 static_cast<Eigen::Index>(vectors));
  solver.init();
  solver.compute(rule, kRestarts, tolerance);
  if (solver.info() != Spectra::CompInfo::Successful) {
    throw NumericError("the Hessian's eigenvalues did not converge within " + std::to_string(kRestarts) +
                       " restarts: ask for fewer, or for a greater tolerance");
  }
  const Eigen::VectorXd values = solver.eigenvalues();
  return {values.begin(), values.end()};
}

SampleStatistics trace(const HessianOperator& hessian, std::size_t probes) {
  std::vector<double> estimates;
  for (std::size_t probe = 0; probe < probes; ++probe) {
    RandomStream random({0, "trace", 0, probe});
    std::vector<double> signs(hessian.size());
    for (double& sign : signs) sign = random.below(2) == 0 ? -1 : 1;
    const std::vector<double> product = hessian.multiply(signs);
    estimates.push_back(std::inner_product(signs.begin(), signs.end(), product.begin(), 0.0));
  }
  return describe(estimates);
}

}  // namespace

Sharpness sharpness(Network<double>& network, std::span<const LabelledBatch<double>> batches,
                    const SharpnessOptions& options, std::stop_token stop) {
  HessianOperator hessian(network, batches, std::move(stop));
  if (options.eigenvalues == 0 || options.eigenvalues >= hessian.size()) {
    throw ConfigError("of " + std::to_string(hessian.size()) + " survivors' Hessian, between 1 and " +
                      std::to_string(hessian.size() - 1) + " eigenvalues can be asked for");
  }
  if (options.probes < 2) throw ConfigError("the trace's estimate needs at least 2 probes");
  Sharpness result;
  result.largest =
      eigenvalues(hessian, options.eigenvalues, options.tolerance, Spectra::SortRule::LargestAlge);
  result.least = eigenvalues(hessian, 1, options.tolerance, Spectra::SortRule::SmallestAlge).front();
  result.trace = trace(hessian, options.probes);
  result.products = hessian.products();
  return result;
}

}  // namespace ltlab
