#include "ltlab/analysis/mask_overlap.h"

#include <algorithm>
#include <boost/math/distributions/hypergeometric.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

struct Moments {
  double mean = 0, variance = 0;
};

// Returns the moments of the number of common survivors when `a` and `b` of `size` places survive.
Moments hypergeometric_moments(double size, double a, double b) {
  const double mean = a * b / size;
  const double variance = size > 1 ? mean * (size - a) / size * (size - b) / (size - 1) : 0;
  return {mean, variance};
}

// Returns chance for a sum of whole numbers, by the normal approximation, corrected for continuity.
ChanceOverlap normal_overlap(const Moments& moments, double common) {
  const double deviation = std::sqrt(moments.variance);
  ChanceOverlap chance{moments.mean, deviation, 1};
  if (deviation == 0) return chance;
  const double distance = std::max(0.0, std::abs(common - moments.mean) - 0.5) / deviation;
  chance.p_value = 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), distance));
  return chance;
}

// Goes column by column through the array (outputs, weights of an output).
Moments moments_by_inputs(const Mask& a, const Mask& b) {
  const std::size_t rows = a.shape[0], columns = a.size() / rows;
  Moments sum;
  for (std::size_t c = 0; c < columns; ++c) {
    std::size_t in_a = 0, in_b = 0;
    for (std::size_t i = c; i < a.size(); i += columns) {
      in_a += a.keep[i];
      in_b += b.keep[i];
    }
    const Moments column = hypergeometric_moments(static_cast<double>(rows), static_cast<double>(in_a),
                                                  static_cast<double>(in_b));
    sum.mean += column.mean;
    sum.variance += column.variance;
  }
  return sum;
}

MaskOverlap overlap_of_layer(const Mask& a, const Mask& b) {
  if (a.name != b.name || a.shape != b.shape || a.size() == 0) {
    throw StoreError("cannot compare the masks of '" + a.name + "' and '" + b.name +
                     "': they differ in name or shape, or are empty");
  }
  MaskOverlap overlap;
  overlap.name = a.name;
  overlap.size = a.size();
  overlap.survivors_a = a.survivors();
  overlap.survivors_b = b.survivors();
  overlap.common = common_mask(a, b).survivors();
  overlap.by_density =
      hypergeometric_overlap(overlap.size, overlap.survivors_a, overlap.survivors_b, overlap.common);
  overlap.by_inputs = normal_overlap(moments_by_inputs(a, b), static_cast<double>(overlap.common));
  return overlap;
}

}  // namespace

double MaskOverlap::hamming() const {
  return static_cast<double>(survivors_a + survivors_b - 2 * common) / static_cast<double>(size);
}

double MaskOverlap::jaccard_of(double in_common) const {
  const double either = static_cast<double>(survivors_a + survivors_b) - in_common;
  return either == 0 ? 1.0 : in_common / either;
}

double MaskOverlap::z_score(const ChanceOverlap& chance) const {
  return chance.deviation == 0 ? 0 : (static_cast<double>(common) - chance.mean) / chance.deviation;
}

ChanceOverlap hypergeometric_overlap(std::size_t size, std::size_t a, std::size_t b, std::size_t common) {
  const Moments moments =
      hypergeometric_moments(static_cast<double>(size), static_cast<double>(a), static_cast<double>(b));
  ChanceOverlap chance{moments.mean, std::sqrt(moments.variance), 1};
  const std::size_t least = a + b > size ? a + b - size : 0, most = std::min(a, b);
  if (least == most) return chance;
  const boost::math::hypergeometric_distribution<double> distribution(
      static_cast<unsigned>(a), static_cast<unsigned>(b), static_cast<unsigned>(size));
  const auto at = static_cast<unsigned>(common);
  const double at_most = boost::math::cdf(distribution, at);
  const double at_least =
      common == least ? 1 : boost::math::cdf(boost::math::complement(distribution, at - 1));
  chance.p_value = std::min(1.0, 2 * std::min(at_most, at_least));
  return chance;
}

std::vector<MaskOverlap> mask_overlap(const std::vector<Mask>& a, const std::vector<Mask>& b) {
  if (a.size() != b.size()) {
    throw StoreError("cannot compare masks: one network has " + std::to_string(a.size()) +
                     " masked layers, the other " + std::to_string(b.size()));
  }
  std::vector<MaskOverlap> layers;
  for (std::size_t l = 0; l < a.size(); ++l) layers.push_back(overlap_of_layer(a[l], b[l]));
  return layers;
}

MaskOverlap total_overlap(const std::vector<MaskOverlap>& layers) {
  MaskOverlap total;
  total.name = "all";
  Moments by_density, by_inputs;
  const auto add = [](Moments& sum, const ChanceOverlap& chance) {
    sum.mean += chance.mean;
    sum.variance += chance.deviation * chance.deviation;
  };
  for (const MaskOverlap& layer : layers) {
    total.size += layer.size;
    total.survivors_a += layer.survivors_a;
    total.survivors_b += layer.survivors_b;
    total.common += layer.common;
    add(by_density, layer.by_density);
    add(by_inputs, layer.by_inputs);
  }
  total.by_density = normal_overlap(by_density, static_cast<double>(total.common));
  total.by_inputs = normal_overlap(by_inputs, static_cast<double>(total.common));
  return total;
}

Mask common_mask(Mask a, const Mask& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a.keep[i] &= b.keep[i];
  return a;
}

}  // namespace ltlab
