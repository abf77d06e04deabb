#include "ltlab/analysis/alpha_spending.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <utility>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

// Normal deviates beyond are as good as impossible: their probability is 1e-300.
constexpr double kFarthest = 37;
// A sum this many deviations away counts for nothing in an integral.
constexpr double kNegligible = 9;

double upper_tail(double z) {
  return std::erfc(z / std::numbers::sqrt2) / 2;
}

double spent(Spending spending, double alpha, double t) {
  switch (spending) {
    case Spending::obrien_fleming: {
      const boost::math::normal normal;
      return 4 * upper_tail(boost::math::quantile(boost::math::complement(normal, alpha / 4)) / std::sqrt(t));
    }
    case Spending::pocock:
      return alpha * std::log1p((std::numbers::e - 1) * t);
  }
  return 0;
}

// A sum of values where an integral is evaluated, and the weight that it has there: the density times the
// rule's own weight.
struct Node {
  double sum = 0;
  double weight = 0;
};

// Returns nodes between -bound and bound by Gauss's rule of ten points on panels of at most this width; their
// weights are the rule's.
std::vector<Node> nodes_between(double bound, double width) {
  using Rule = boost::math::quadrature::gauss<double, 10>;
  const auto panels = static_cast<std::size_t>(std::ceil(2 * bound / width));
  const double half = bound / static_cast<double>(panels);
  std::vector<Node> nodes;
  nodes.reserve(panels * 2 * Rule::abscissa().size());
  for (std::size_t panel = 0; panel < panels; ++panel) {
    const double middle = -bound + half * static_cast<double>(2 * panel + 1);
    for (std::size_t i = 0; i < Rule::abscissa().size(); ++i) {
      for (const double side : {-1.0, 1.0})
        nodes.push_back({middle + side * half * Rule::abscissa()[i], half * Rule::weights()[i]});
    }
  }
  return nodes;
}

// The sums of normal values, with a variance of `information`, of tests that have not ended before.
class Continuing {
 public:
  // Sees a look, at which the chance to end is to be `chance`. Returns the bound of the standardized sum.
  double look(double information, double chance) {
    const double step = std::sqrt(information - information_);
    if (information_ > 0) go_on(step);
    const auto excess = [&](double z) { return chance_to_end(z * std::sqrt(information), step) - chance; };
    double z = kFarthest;
    if (excess(kFarthest) < 0) {
      std::uintmax_t iterations = 200;
      const auto [low, high] = boost::math::tools::toms748_solve(
          excess, 0.0, kFarthest, boost::math::tools::eps_tolerance<double>(40), iterations);
      z = (low + high) / 2;
    }
    information_ = information;
    step_ = step;
    bound_ = std::min(z, kNegligible) * std::sqrt(information);
    return z;
  }

 private:
  double chance_to_end(double bound, double step) const {
    double chance = 0;
    for (const Node& node : nodes_) {
      chance += node.weight * (upper_tail((bound - node.sum) / step) + upper_tail((bound + node.sum) / step));
    }
    return chance;
  }

  // Goes on from the last look with the sums within its bound. Their density varies over its step, and over
  // the next one what is to be integrated with it.
  void go_on(double next_step) {
    std::vector<Node> within = nodes_between(bound_, std::min(step_, next_step));
    for (Node& node : within) {
      double density = 0;
      for (const Node& before : nodes_) {
        const double steps = (node.sum - before.sum) / step_;
        if (std::abs(steps) < kNegligible) density += before.weight * std::exp(-steps * steps / 2);
      }
      node.weight *= density / (step_ * std::sqrt(2 * std::numbers::pi));
    }
    nodes_ = std::move(within);
  }

  std::vector<Node> nodes_{{0, 1}};                // of the look before the last one, or where all begins
  double information_ = 0, step_ = 0, bound_ = 0;  // of the last look
};

void require_valid(std::span<const double> information, double alpha) {
  if (!(alpha > 0 && alpha < 1)) throw ConfigError("the alpha of a sequential test must be between 0 and 1");
  double before = 0;
  for (const double fraction : information) {
    if (!(fraction > before && fraction <= 1))
      throw ConfigError("the looks of a sequential test must see rising fractions of its data, at most 1");
    before = fraction;
  }
}

}  // namespace

std::vector<double> nominal_levels(std::span<const double> information, double alpha, Spending spending) {
  require_valid(information, alpha);
  std::vector<double> levels;
  levels.reserve(information.size());
  Continuing continuing;
  double spent_before = 0;
  for (const double fraction : information) {
    const double spent_now = spent(spending, alpha, fraction);
    levels.push_back(2 * upper_tail(continuing.look(fraction, spent_now - spent_before)));
    spent_before = spent_now;
  }
  return levels;
}

}  // namespace ltlab
