#include "ltlab/nn/parameter.h"

#include <utility>

#include "ltlab/base/error.h"

namespace ltlab {

template <class T>
Parameter<T>::Parameter(ParameterInfo info)
    : values(element_count(info.shape), static_cast<T>(info.start)),
      gradient(element_count(info.shape)),
      info_(std::move(info)),
      dense_size_(element_count(info_.shape)) {}

template <class T>
void Parameter<T>::apply(const Mask& mask) {
  if (mask.name != info_.name || mask.shape != info_.shape || mask.keep.size() != dense_size_) {
    throw ConfigError("mask '" + mask.name + "' does not fit parameter '" + info_.name +
                      "': name and shape must agree");
  }
  const Tensor before = dense();
  std::vector<std::uint32_t> kept;
  kept.reserve(mask.survivors());
  for (std::uint32_t i = 0; i < dense_size_; ++i) {
    if (mask.keep[i]) kept.push_back(i);
  }
  masked_ = kept.size() < dense_size_;
  survivors_ = masked_ ? std::move(kept) : std::vector<std::uint32_t>();
  const std::size_t size = masked_ ? survivors_.size() : dense_size_;
  values = AlignedVector<T>(size);
  gradient = AlignedVector<T>(size);
  assign(before);
}

template <class T>
Tensor Parameter<T>::expand(const std::string& name, std::span<const T> compact) const {
  Tensor tensor{name, info_.shape, AlignedVector<float>(dense_size_, 0.0f)};
  for (std::size_t i = 0; i < compact.size(); ++i) {
    tensor.values[masked_ ? survivors_[i] : i] = static_cast<float>(compact[i]);
  }
  return tensor;
}

template <class T>
void Parameter<T>::compress(const Tensor& dense, std::span<T> compact) const {
  if (dense.shape != info_.shape) {
    throw ConfigError("tensor '" + dense.name + "' does not fit parameter '" + info_.name +
                      "': shapes differ");
  }
  for (std::size_t i = 0; i < compact.size(); ++i) {
    compact[i] = static_cast<T>(dense.values[masked_ ? survivors_[i] : i]);
  }
}

template class Parameter<float>;
template class Parameter<double>;

}  // namespace ltlab
