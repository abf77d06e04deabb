#include "ltlab/train/data_order.h"

#include <algorithm>
#include <utility>

#include "ltlab/base/random.h"

namespace ltlab {

DataOrder::DataOrder(std::vector<std::uint32_t> images, std::size_t batch, std::uint64_t seed,
                     std::uint64_t level)
    : images_(std::move(images)),
      batch_(batch),
      seed_(seed),
      level_(level),
      steps_per_epoch_((images_.size() + batch - 1) / batch),
      order_(epoch(epoch_)) {}

std::vector<std::uint32_t> DataOrder::epoch(std::uint64_t number) const {
  std::vector<std::uint32_t> order = images_;
  RandomStream({seed_, "data-order", level_, number}).shuffle(order);
  return order;
}

std::span<const std::uint32_t> DataOrder::batch(std::uint64_t step) {
  if (const std::uint64_t epoch = step / steps_per_epoch_; epoch != epoch_) {
    order_ = this->epoch(epoch);
    epoch_ = epoch;
  }
  const std::size_t begin = static_cast<std::size_t>(step % steps_per_epoch_) * batch_;
  return std::span(order_).subspan(begin, std::min(batch_, order_.size() - begin));
}

}  // namespace ltlab
