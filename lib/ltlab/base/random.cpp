#include "ltlab/base/random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace ltlab {
namespace {

// FNV-1a: stable across platforms, unlike std::hash.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325ull;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return value;
}

}  // namespace

RandomStream::RandomStream(const StreamName& name)
    : key_{{name.seed, hash(name.purpose)}}, counter_{{0, name.level, name.index, 0}} {}

RandomStream::result_type RandomStream::operator()() {
  if (used_ == 4) {
    block_ = r123::Philox4x64{}(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

double RandomStream::uniform() {
  return static_cast<double>((*this)() >> 11) * 0x1.0p-53;
}

double RandomStream::normal() {
  if (std::exchange(has_spare_normal_, false)) return spare_normal_;
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_normal_ = radius * std::sin(angle);
  has_spare_normal_ = true;
  return radius * std::cos(angle);
}

double RandomStream::truncated_normal() {
  while (true) {
    const double value = normal();
    if (std::abs(value) <= 2.0) return value;
  }
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  // Reject the incomplete last interval, so that every remainder is equally likely.
  const std::uint64_t incomplete = (max() - bound + 1) % bound;
  while (true) {
    const std::uint64_t value = (*this)();
    if (value <= max() - incomplete) return value % bound;
  }
}

void RandomStream::shuffle(std::span<std::uint32_t> values) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
}

std::vector<std::uint32_t> RandomStream::permutation(std::uint32_t size) {
  std::vector<std::uint32_t> values(size);
  std::iota(values.begin(), values.end(), 0u);
  shuffle(values);
  return values;
}

}  // namespace ltlab
