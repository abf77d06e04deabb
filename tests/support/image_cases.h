#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <ostream>
#include <vector>

#include "ltlab/base/activations.h"

namespace ltlab::test {

/// Batches of images that kernels over images must take, odd on purpose. Operands differ in their borders.
struct ImageCase {
  ImageShape image;
  std::size_t batch, lanes;
  std::size_t border, other_border;

  ActivationShape shape() const { return {image, batch, lanes, border}; }
  ActivationShape other_shape() const { return with_image(image); }
  ActivationShape with_image(const ImageShape& other) const { return {other, batch, lanes, other_border}; }
};

inline std::ostream& operator<<(std::ostream& out, const ImageCase& c) {
  return out << c.image.channels << " x " << c.image.height << " x " << c.image.width << ", batch " << c.batch
             << ", lanes " << c.lanes << ", borders " << c.border << " and " << c.other_border;
}

inline std::vector<ImageCase> image_cases() {
  std::vector<ImageCase> cases;
  for (const ImageShape& image : {ImageShape{3, 7, 5}, ImageShape{5, 1, 1}, ImageShape{2, 4, 8}}) {
    for (const std::size_t batch : {1, 16, 20, 60}) {
      cases.push_back({image, batch, 16, 0, 0});
      cases.push_back({image, batch, 16, 1, 0});
      cases.push_back({image, batch, 16, 0, 2});
      cases.push_back({image, batch, 64, 2, 1});
    }
  }
  cases.push_back({{2, 3, 2}, 150, 64, 1, 0});
  return cases;
}

/// Whether nothing was written to the border of any channel.
template <class T>
bool border_is_zero(const Activations<T>& a) {
  const ActivationShape& s = a.shape();
  const std::size_t nonzero = static_cast<std::size_t>(
      std::count_if(a.data(), a.data() + s.size(), [](T value) { return value != T(0); }));
  std::size_t nonzero_interior = 0;
  for (std::size_t f = 0; f < a.features(); ++f) {
    for (std::size_t i = 0; i < a.panels() * a.lanes(); ++i) nonzero_interior += a.at(f, i) != T(0);
  }
  return nonzero == nonzero_interior;
}

/// Whether all padding lanes hold zero, as those of gradients must.
template <class T>
bool padding_is_zero(const Activations<T>& a) {
  for (std::size_t f = 0; f < a.features(); ++f) {
    for (std::size_t i = a.batch(); i < a.panels() * a.lanes(); ++i) {
      if (a.at(f, i) != T(0)) return false;
    }
  }
  return true;
}

/// Sets every value of the interior, in padding lanes too: what kernels must overwrite.
template <class T>
void fill_interior(Activations<T>& a, T value) {
  for (std::size_t f = 0; f < a.features(); ++f) {
    for (std::size_t i = 0; i < a.panels() * a.lanes(); ++i) a.at(f, i) = value;
  }
}

/// Largest |a - expected| / (1 + |expected|) over the real images; expected(feature, image) is a double.
template <class T, class Expected>
double worst_error(const Activations<T>& a, const Expected& expected) {
  double worst = 0;
  for (std::size_t f = 0; f < a.features(); ++f) {
    for (std::size_t i = 0; i < a.batch(); ++i) {
      const double e = expected(f, i);
      const double error = std::abs(static_cast<double>(a.at(f, i)) - e) / (1 + std::abs(e));
      worst = std::isnan(error) ? INFINITY : std::max(worst, error);
    }
  }
  return worst;
}

/// sum(a b) over the real images: a scalar loss of a, whose gradient is b.
inline double inner_product(const Activations<double>& a, const Activations<double>& b) {
  double sum = 0;
  for (std::size_t f = 0; f < a.features(); ++f) {
    for (std::size_t i = 0; i < a.batch(); ++i) sum += a.at(f, i) * b.at(f, i);
  }
  return sum;
}

/// d loss / d value by central differences; loss() reads `value`.
template <class Loss>
double difference_quotient(double& value, const Loss& loss) {
  const double step = 1e-5, before = value;
  value = before + step;
  const double above = loss();
  value = before - step;
  const double below = loss();
  value = before;
  return (above - below) / (2 * step);
}

/// Largest error of dx against central differences of loss(), which reads x; over a sample of x.
template <class Loss>
double worst_gradient_error(Activations<double>& x, const Activations<double>& dx, const Loss& loss) {
  double worst = 0;
  const std::size_t stride = x.features() * x.batch() / 40 + 1;
  for (std::size_t k = 0; k < x.features() * x.batch(); k += stride) {
    const std::size_t f = k / x.batch(), i = k % x.batch();
    worst = std::max(worst, std::abs(difference_quotient(x.at(f, i), loss) - dx.at(f, i)));
  }
  return worst;
}

}  // namespace ltlab::test
