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
      steps_per_epoch_((images_.size() + batch - 1) / batch) {
  shuffle(0);
}

std::span<const std::uint32_t> DataOrder::batch(std::uint64_t step) {
  const std::uint64_t epoch = step / steps_per_epoch_;
  if (epoch != epoch_) shuffle(epoch);
  const std::size_t begin = static_cast<std::size_t>(step % steps_per_epoch_) * batch_;
  return std::span(order_).subspan(begin, std::min(batch_, order_.size() - begin));
}

void DataOrder::shuffle(std::uint64_t epoch) {
  order_ = images_;
  RandomStream({seed_, "data-order", level_, epoch}).shuffle(order_);
  epoch_ = epoch;
}

}  // namespace ltlab
