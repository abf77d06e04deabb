#include "ltlab/analysis/resamples.h"

#include "ltlab/base/random.h"

namespace ltlab {
namespace {

constexpr std::size_t kMostEnumerated = 8;
constexpr std::size_t kResamples = 10000;

using Visit = std::function<void(std::span<const std::size_t>, std::uint64_t)>;

// Goes through all resamples regardless of order: index by index, how often each is drawn.
class Enumeration {
 public:
  Enumeration(std::size_t size, const Visit& visit) : members_(size), visit_(visit) { draw(0, 0, 1); }

 private:
  // The first places of the resample are `taken` by indices below this one, in so many orders.
  void draw(std::size_t index, std::size_t taken, std::uint64_t orders) {
    const std::size_t left = members_.size() - taken;
    if (index + 1 == members_.size()) {
      fill(taken, left, index);
      visit_(members_, orders);
      return;
    }
    std::uint64_t choices = 1;  // of places for `times` draws of this index
    for (std::size_t times = 0; times <= left; ++times) {
      fill(taken, times, index);
      draw(index + 1, taken + times, orders * choices);
      choices = choices * (left - times) / (times + 1);
    }
  }

  void fill(std::size_t from, std::size_t count, std::size_t index) {
    for (std::size_t place = from; place < from + count; ++place) members_[place] = index;
  }

  std::vector<std::size_t> members_;
  const Visit& visit_;
};

}  // namespace

void for_each_resample(std::size_t size, const Visit& visit) {
  if (size <= kMostEnumerated) {
    const Enumeration all(size, visit);
    return;
  }
  RandomStream random({0, "bootstrap"});
  std::vector<std::size_t> members(size);
  for (std::size_t resample = 0; resample < kResamples; ++resample) {
    for (std::size_t& member : members) member = random.below(size);
    visit(members, 1);
  }
}

std::vector<double> resampled(std::span<const double> values, std::span<const std::size_t> members) {
  std::vector<double> result;
  result.reserve(members.size());
  for (const std::size_t member : members) result.push_back(values[member]);
  return result;
}

}  // namespace ltlab
