#include "machine.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "machine.cpp"
// The order matters.
// clang-format off
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>
// clang-format on

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace ltlab::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// More independent sums than needed for two multiply-adds a cycle of latency 4 (or 5); with two constants
// they fit the 16 registers of AVX2.
constexpr std::size_t kSums = 12;

// sum = sum x factor + factor, `rounds` times in each lane of kSums registers. Nothing can be folded away:
// the factor is an argument, each round needs the one before, and the sums are returned. Returns the
// multiply-adds done through `count`.
float chains(std::size_t rounds, float factor, double* count) {
  const hn::ScalableTag<float> d;
  const auto f = hn::Set(d, factor);
  hn::Vec<decltype(d)> sums[kSums];
  for (std::size_t i = 0; i < kSums; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
  for (std::size_t round = 0; round < rounds; ++round) {
    for (auto& sum : sums) sum = hn::MulAdd(sum, f, f);
  }
  auto total = sums[0];
  for (std::size_t i = 1; i < kSums; ++i) total = hn::Add(total, sums[i]);
  *count = static_cast<double>(rounds * kSums * hn::Lanes(d));
  return hn::GetLane(hn::SumOfLanes(d, total));
}

// Reads `size` floats (a multiple of 1024) from start to end, `rounds` times.
float read(const float* HWY_RESTRICT from, std::size_t size, std::size_t rounds, float factor) {
  const hn::ScalableTag<float> d;
  constexpr std::size_t kStreams = 8;
  const std::size_t n = hn::Lanes(d);
  const auto f = hn::Set(d, factor);
  hn::Vec<decltype(d)> sums[kStreams];
  for (auto& sum : sums) sum = hn::Zero(d);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < size; i += kStreams * n) {
      for (std::size_t j = 0; j < kStreams; ++j)
        sums[j] = hn::MulAdd(f, hn::Load(d, from + i + j * n), sums[j]);
    }
  }
  auto total = sums[0];
  for (std::size_t j = 1; j < kStreams; ++j) total = hn::Add(total, sums[j]);
  return hn::GetLane(hn::SumOfLanes(d, total));
}

}  // namespace ltlab::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>

#include "commands.h"
#include "ltlab/base/aligned.h"
#include "ltlab/kernels/sparse_products.h"
#include "measuring.h"

namespace ltlab::bench {

HWY_EXPORT(chains);
HWY_EXPORT(read);

namespace {

constexpr int kAttempts = 15;
constexpr double kAttemptBytes = 2e8;  // some milliseconds, also from memory

// Returns the least time that `work` takes. `work` returns a number that depends on all it did.
template <class Work>
double least_seconds(const Work& work) {
  double least = std::numeric_limits<double>::infinity();
  volatile float kept = work();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double start = seconds_of(CLOCK_MONOTONIC);
    kept = work();
    least = std::min(least, seconds_of(CLOCK_MONOTONIC) - start);
  }
  static_cast<void>(kept);
  return least;
}

double fma_gflops() {
  double count = 0;
  const volatile float factor = 0.5f;
  const double seconds =
      least_seconds([&] { return HWY_DYNAMIC_DISPATCH(chains)(1'000'000, factor, &count); });
  return 2 * count / seconds / 1e9;
}

// Measures reading a buffer of about `bytes`.
double read_gbs(std::size_t bytes) {
  const AlignedVector<float> buffer(std::max<std::size_t>(1, bytes / 4096) * 1024, 1.0f);
  const double size = static_cast<double>(buffer.size()) * sizeof(float);
  const auto rounds = static_cast<std::size_t>(std::max(1.0, kAttemptBytes / size));
  const volatile float factor = 0.5f;
  const double seconds =
      least_seconds([&] { return HWY_DYNAMIC_DISPATCH(read)(buffer.data(), buffer.size(), rounds, factor); });
  return size * static_cast<double>(rounds) / seconds / 1e9;
}

// Returns the size of the data or unified cache of that level, or the usual size where Linux does not report
// it. (sysconf reports the host's third level inside a virtual machine.)
std::size_t cache_bytes(int level, std::size_t usual) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::ifstream level_file(folder + "level"), type_file(folder + "type"), size_file(folder + "size");
    int found = 0;
    std::string type;
    std::size_t kib = 0;
    if (level_file >> found && type_file >> type && size_file >> kib && found == level &&
        type != "Instruction")
      return kib << 10;
  }
  return usual;
}

}  // namespace

Machine measure_machine() {
  Machine machine;
  machine.l1_bytes = cache_bytes(1, std::size_t{32} << 10);
  machine.l2_bytes = cache_bytes(2, std::size_t{1} << 20);
  machine.l3_bytes = cache_bytes(3, std::size_t{32} << 20);
  machine.fma_gflops = fma_gflops();
  machine.l1_gbs = read_gbs(machine.l1_bytes / 2);
  machine.l2_gbs = read_gbs(machine.l2_bytes / 2);
  machine.l3_gbs = read_gbs(std::max(2 * machine.l2_bytes, machine.l3_bytes / 4));  // other cores share it
  machine.memory_gbs = read_gbs(4 * machine.l3_bytes);
  return machine;
}

nlohmann::ordered_json to_json(const Machine& machine) {
  return {
      {"simd_target", simd_target()}, {"fma_gflops", machine.fma_gflops}, {"l1_gbs", machine.l1_gbs},
      {"l2_gbs", machine.l2_gbs},     {"l3_gbs", machine.l3_gbs},         {"memory_gbs", machine.memory_gbs},
      {"l1_bytes", machine.l1_bytes}, {"l2_bytes", machine.l2_bytes},     {"l3_bytes", machine.l3_bytes}};
}

int machine_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  po::options_description options("Options");
  options.add_options()("help", "show this text");
  if (app::parse_arguments(arguments, options).count("help") > 0) {
    std::cout
        << "Usage: ltlab-bench machine\n\nMeasures what one core does at most, and prints it as JSON.\n\n"
        << options;
    return 0;
  }
  std::cout << to_json(measure_machine()).dump(2) << '\n';
  return 0;
}

}  // namespace ltlab::bench
#endif  // HWY_ONCE
