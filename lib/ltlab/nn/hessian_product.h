#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ltlab/nn/network.h"

namespace ltlab {

/// Images and their classes, as forward_backward() takes them.
template <class T>
struct LabelledBatch {
  Activations<T> images;
  std::vector<std::uint8_t> labels;
};

/// The vectors below run along the survivors of every parameter (also biases and batch norm's arrays) in the
/// order of network.parameters(): survivor_count() values.
template <class T>
std::size_t survivor_count(const Network<T>& network);

/// Get and replace the survivors' values.
template <class T>
std::vector<double> survivors_of(const Network<T>& network);
template <class T>
void assign_survivors(Network<T>& network, std::span<const double> values);

/// Returns the gradient g of the mean loss over all images of the batches. The loss is that of training:
/// batch norm takes each batch's mean and variance, so the loss depends on how images are batched, and
/// dropout drops what `step` names, the same in every batch. Afterwards the network's values are as before,
/// running statistics included; each parameter's `gradient` is overwritten. ConfigError: no images.
template <class T>
std::vector<double> mean_gradient(Network<T>& network, std::span<const LabelledBatch<T>> batches,
                                  const TrainingStep& step = {});

/// The Hessian H of the same loss at the survivors' present values w. It is multiplied by vectors v by a
/// central difference of gradients,
///
///     H v = (g(w + h v) - g(w - h v)) / 2h,    h = r (1 + |w|) / |v|,
///
/// with r = 1e-10 in double and 3e-4 in float (Pearlmutter 1994, "Fast exact multiplication by the Hessian",
/// section 2, describes such differences). A product costs two gradients. Where the loss is smooth, its error
/// is rounding, divided by r: about 1e-6 in double and 1e-3 in float. H of a ReLU network is that of the
/// linear piece that contains w. A unit of an image that changes sides within h v adds its gradient's jump,
/// divided by h: r is far smaller than the smooth part alone would need, so that hardly any unit does. Prefer
/// double.
///
/// A unit that no image reaches lies at the kink itself if its bias was never trained and is still 0. Biases
/// (and other values) that are exactly 0 and have a gradient of exactly 0 are therefore held, as if v were 0
/// there, which agrees with a ReLU whose derivative at 0 is 0.
template <class T>
class Hessian {
 public:
  /// Network and batches must outlive this; the network keeps its values and masks meanwhile. ConfigError: no
  /// images.
  Hessian(Network<T>& network, std::span<const LabelledBatch<T>> batches, const TrainingStep& step = {});

  std::size_t size() const { return values_.size(); }
  /// Returns H v; 0 for v = 0. Leaves the network like mean_gradient(). ConfigError: v has not size() values.
  std::vector<double> multiply(std::span<const double> v) const;

 private:
  Network<T>& network_;
  std::span<const LabelledBatch<T>> batches_;
  TrainingStep step_;
  std::vector<double> values_;     // of the survivors
  std::vector<std::size_t> held_;  // the held ones among them
};

}  // namespace ltlab
