#include "ltlab/analysis/variance_components.h"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <cstdint>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

namespace ltlab {
namespace {

constexpr std::uint32_t kDraws = 5000;

// A set of factors: bit f is factor f.
using FactorSet = unsigned;

bool contains(FactorSet set, FactorSet other) {
  return (set & other) == other;
}

void require_valid(std::span<const double> values, std::span<const std::size_t> levels) {
  std::size_t combinations = 1;
  for (const std::size_t count : levels) combinations *= count;
  if (levels.size() < 2 || levels.size() > 4 || std::ranges::min(levels) < 2 ||
      values.size() != combinations) {
    throw ConfigError(
        "variance components need two to four factors of at least two levels each, and a value for each "
        "combination of levels");
  }
  require_values(values, 1);
}

// The sets of factors of a crossed design, and figures of each set by its number.
class Design {
 public:
  explicit Design(std::span<const std::size_t> levels) : levels_(levels) {}

  FactorSet all() const { return (FactorSet{1} << levels_.size()) - 1; }

  // Returns the product of a figure of each factor of the set.
  template <class Figure>
  double product(FactorSet set, const Figure& figure) const {
    double result = 1;
    for (std::size_t factor = 0; factor < levels_.size(); ++factor) {
      if (contains(set, FactorSet{1} << factor)) result *= figure(static_cast<double>(levels_[factor]));
    }
    return result;
  }

  double combinations(FactorSet set) const {
    return product(set, [](double levels) { return levels; });
  }

  double degrees_of_freedom(FactorSet set) const {
    return product(set, [](double levels) { return levels - 1; });
  }

  // Returns the values averaged over the factors outside of the set, for each value.
  std::vector<double> averaged(std::span<const double> values, FactorSet set) const {
    std::vector<double> result(values.begin(), values.end());
    std::size_t stride = values.size();
    for (std::size_t factor = 0; factor < levels_.size(); ++factor) {
      stride /= levels_[factor];
      if (!contains(set, FactorSet{1} << factor)) average_over(result, stride, levels_[factor]);
    }
    return result;
  }

 private:
  static void average_over(std::vector<double>& values, std::size_t stride, std::size_t levels) {
    for (std::size_t first = 0; first < values.size(); ++first) {
      if (first / stride % levels != 0) continue;
      double sum = 0;
      for (std::size_t level = 0; level < levels; ++level) sum += values[first + level * stride];
      for (std::size_t level = 0; level < levels; ++level)
        values[first + level * stride] = sum / static_cast<double>(levels);
    }
  }

  std::span<const std::size_t> levels_;
};

// Returns the mean square of each set of factors, by its number; that of none is 0.
std::vector<double> mean_squares(const Design& design, std::span<const double> values) {
  // Effects of a set are its averages less the effects of all its parts: their squares are so too.
  std::vector<double> squares(design.all() + 1);
  const double mean = design.averaged(values, 0).front();
  for (FactorSet set = 1; set <= design.all(); ++set) {
    for (const double average : design.averaged(values, set))
      squares[set] += (average - mean) * (average - mean);
    for (FactorSet part = 1; part < set; ++part) {
      if (contains(set, part)) squares[set] -= squares[part];
    }
    squares[set] = std::max(squares[set], 0.0);
  }
  for (FactorSet set = 1; set <= design.all(); ++set) squares[set] /= design.degrees_of_freedom(set);
  return squares;
}

// A mean square's expectation is the sum, over all sets that contain it, of their component times the number
// of values at each combination of their levels. Returns the component by inclusion and exclusion.
double component(const Design& design, FactorSet set, const std::vector<double>& expected_mean_squares) {
  double sum = 0;
  for (FactorSet larger = set; larger <= design.all(); ++larger) {
    if (!contains(larger, set)) continue;
    const bool add = (std::popcount(larger) - std::popcount(set)) % 2 == 0;
    sum += add ? expected_mean_squares[larger] : -expected_mean_squares[larger];
  }
  return sum / design.combinations(design.all() & ~set);
}

// Returns draws of what a mean square's expectation may be: mean square times degrees of freedom over a
// chi-squared number. They are evenly spread quantiles in random order.
std::vector<double> expectations(double mean_square, double degrees_of_freedom, RandomStream& random) {
  const boost::math::chi_squared chi_squared(degrees_of_freedom);
  std::vector<double> draws;
  draws.reserve(kDraws);
  for (const std::uint32_t draw : random.permutation(kDraws))
    draws.push_back(mean_square * degrees_of_freedom /
                    boost::math::quantile(chi_squared, (draw + 0.5) / kDraws));
  return draws;
}

// Returns an interval of each set's component, by the number of the set.
std::vector<Interval> intervals(const Design& design, const std::vector<double>& mean_squares) {
  RandomStream random({0, "variance components"});
  std::vector<std::vector<double>> draws(mean_squares.size());
  for (FactorSet set = 1; set <= design.all(); ++set)
    draws[set] = expectations(mean_squares[set], design.degrees_of_freedom(set), random);
  std::vector<std::vector<double>> components(mean_squares.size(), std::vector<double>(kDraws));
  std::vector<double> drawn(mean_squares.size());
  for (std::uint32_t draw = 0; draw < kDraws; ++draw) {
    for (FactorSet set = 1; set <= design.all(); ++set) drawn[set] = draws[set][draw];
    for (FactorSet set = 1; set <= design.all(); ++set)
      components[set][draw] = std::max(0.0, component(design, set, drawn));
  }
  std::vector<Interval> result(mean_squares.size());
  for (FactorSet set = 1; set <= design.all(); ++set) {
    std::ranges::sort(components[set]);
    result[set] = {components[set][kDraws / 40], components[set][kDraws - 1 - kDraws / 40]};
  }
  return result;
}

std::vector<std::size_t> factors_of(FactorSet set) {
  std::vector<std::size_t> factors;
  factors.reserve(static_cast<std::size_t>(std::popcount(set)));
  for (std::size_t factor = 0; set >> factor != 0; ++factor) {
    if (contains(set, FactorSet{1} << factor)) factors.push_back(factor);
  }
  return factors;
}

}  // namespace

std::vector<VarianceComponent> variance_components(std::span<const double> values,
                                                   std::span<const std::size_t> levels) {
  require_valid(values, levels);
  const Design design(levels);
  const std::vector<double> squares = mean_squares(design, values);
  const std::vector<Interval> of_components = intervals(design, squares);
  std::vector<VarianceComponent> components;
  components.reserve(design.all());
  double total = 0;
  for (FactorSet set = 1; set <= design.all(); ++set) {
    VarianceComponent result;
    result.factors = factors_of(set);
    result.degrees_of_freedom = design.degrees_of_freedom(set);
    result.mean_square = squares[set];
    result.estimate = component(design, set, squares);
    result.interval = of_components[set];
    total += std::max(0.0, result.estimate);
    components.push_back(std::move(result));
  }
  for (VarianceComponent& each : components) each.share = std::max(0.0, each.estimate) / total;
  std::ranges::sort(components, {}, [](const VarianceComponent& each) {
    return std::pair(each.factors.size(), each.factors);
  });
  return components;
}

}  // namespace ltlab
