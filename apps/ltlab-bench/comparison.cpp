#include "comparison.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>

#include "ltlab/base/error.h"
#include "measuring.h"

namespace ltlab::bench {
namespace {

constexpr const char* kTogether = "together";

Work operator+(const Work& a, const Work& b) {
  return {a.flops + b.flops, a.dense_flops + b.dense_flops, a.operand_bytes + b.operand_bytes,
          a.moved_bytes + b.moved_bytes};
}

// Seconds a call, and the share of the block's time that this thread had a core.
struct Block {
  double seconds = 0, processor_share = 0;
};

Block time_block(const std::function<void()>& run, double least) {
  run();
  const double processor = seconds_of(CLOCK_THREAD_CPUTIME_ID), start = seconds_of(CLOCK_MONOTONIC);
  double calls = 0, elapsed = 0;
  do {
    run();
    ++calls;
    elapsed = seconds_of(CLOCK_MONOTONIC) - start;
  } while (elapsed < least);
  return {elapsed / calls, std::min(1.0, (seconds_of(CLOCK_THREAD_CPUTIME_ID) - processor) / elapsed)};
}

// The least disturbed of a few blocks, the first if it was not disturbed.
Block time_undisturbed_block(const std::function<void()>& run, double least) {
  constexpr int kAttempts = 3;
  constexpr double kUndisturbed = 0.97;
  Block best;
  for (int attempt = 0; attempt < kAttempts && best.processor_share < kUndisturbed; ++attempt) {
    const Block block = time_block(run, least);
    if (block.processor_share > best.processor_share) best = block;
  }
  return best;
}

// The seconds of one side, one value per round.
using Seconds = std::vector<double>;

struct MeasuredSide {
  std::string library, variant;
  Seconds seconds;
};

struct MeasuredPart {
  std::string name;
  Work work;
  Seconds sparse;
  std::vector<MeasuredSide> dense;
};

struct Measurement {
  std::vector<MeasuredPart> parts;
  double processor_share = 1;  // of the most disturbed block
};

// A dense side that computes something else would make the comparison worthless.
void check_sides(const Part& part) {
  double expected = std::nan("");
  const auto check = [&](const Side& side) {
    side.run();
    if (side.output.empty()) return;
    const double sum = std::accumulate(side.output.begin(), side.output.end(), 0.0);
    const double size = std::accumulate(side.output.begin(), side.output.end(), 0.0,
                                        [](double total, float value) { return total + std::abs(value); });
    if (std::isnan(expected)) expected = sum;
    if (!(std::abs(sum - expected) <= 1e-4 * size)) {
      throw NumericError(side.library + " " + side.variant + " computes another " + part.name +
                         ": its sum is " + std::to_string(sum) + ", not " + std::to_string(expected));
    }
  };
  check(part.sparse);
  for (const Side& side : part.dense) check(side);
}

Measurement measure(const Comparison& comparison, const Care& care) {
  Measurement result;
  for (const Part& part : comparison.parts) {
    check_sides(part);
    result.parts.push_back({part.name, part.work, {}, {}});
    for (const Side& side : part.dense) result.parts.back().dense.push_back({side.library, side.variant, {}});
  }
  const auto time = [&](const Side& side, Seconds& to) {
    const Block block = time_undisturbed_block(side.run, care.block_seconds);
    result.processor_share = std::min(result.processor_share, block.processor_share);
    to.push_back(block.seconds);
  };
  for (int round = 0; round < care.rounds; ++round) {
    for (std::size_t p = 0; p < result.parts.size(); ++p) {
      const Part& part = comparison.parts[p];
      time(part.sparse, result.parts[p].sparse);
      for (std::size_t s = 0; s < part.dense.size(); ++s)
        time(part.dense[s], result.parts[p].dense[s].seconds);
    }
  }
  return result;
}

// One part of a measurement alone, or all "together".
Measurement only(const std::string& part, Measurement measurement) {
  if (part != kTogether) std::erase_if(measurement.parts, [&](const auto& p) { return p.name != part; });
  return measurement;
}

void add_to(Seconds& sum, const Seconds& more) {
  sum.resize(more.size(), 0.0);
  std::transform(sum.begin(), sum.end(), more.begin(), sum.begin(), std::plus<>());
}

Seconds sparse_seconds(const Measurement& measurement) {
  Seconds sum;
  for (const MeasuredPart& part : measurement.parts) add_to(sum, part.sparse);
  return sum;
}

// Returns the dense side with the least median, of `library` unless that is empty; null where there is none.
const MeasuredSide* fastest(const MeasuredPart& part, const std::string& library) {
  const MeasuredSide* best = nullptr;
  for (const MeasuredSide& side : part.dense) {
    if (!library.empty() && side.library != library) continue;
    if (!best || spread(side.seconds).median < spread(best->seconds).median) best = &side;
  }
  return best;
}

// Returns each round's sum over all parts of the fastest dense side, where `library` has one.
Seconds dense_seconds(const Measurement& measurement, const std::string& library) {
  Seconds sum;
  for (const MeasuredPart& part : measurement.parts) {
    if (const MeasuredSide* side = fastest(part, library)) add_to(sum, side->seconds);
  }
  return sum;
}

std::string fastest_names(const Measurement& measurement) {
  std::string names;
  for (const MeasuredPart& part : measurement.parts) {
    const MeasuredSide* side = fastest(part, "");
    if (!side) continue;
    names += (names.empty() ? "" : " + ") + side->library;
    if (!side->variant.empty()) names += " " + side->variant;
  }
  return names;
}

// Every comparison has the same counters, as Google Benchmark's CSV needs.
using Counters = benchmark::UserCounters;

void count_seconds(Counters& counters, const std::string& side, const Seconds& seconds) {
  const Spread of = spread(seconds.empty() ? Seconds{0} : seconds);
  counters[side + "_seconds"] = of.median;
  counters[side + "_seconds_q1"] = of.quartile1;
  counters[side + "_seconds_q3"] = of.quartile3;
}

void count_work(Counters& counters, const Work& work, double seconds, const Machine& machine) {
  const double gflops = work.flops / seconds / 1e9;
  counters["sparse_gflops"] = gflops;
  counters["peak_percent"] = 100 * gflops / machine.fma_gflops;
  counters["l1_percent"] = 100 * work.moved_bytes / seconds / 1e9 / machine.l1_gbs;
  counters["memory_percent"] = 100 * work.operand_bytes / seconds / 1e9 / machine.memory_gbs;
  counters["flops_per_operand_byte"] = work.flops / work.operand_bytes;
  counters["flops_per_moved_byte"] = work.flops / work.moved_bytes;
  counters["flops"] = work.flops;
}

void count_ratio(Counters& counters, const Seconds& dense, const Seconds& sparse) {
  Seconds ratios(sparse.size());
  std::transform(dense.begin(), dense.end(), sparse.begin(), ratios.begin(), std::divides<>());
  const Spread ratio = spread(ratios);
  counters["ratio"] = ratio.median;
  counters["ratio_min"] = ratio.min;
  counters["ratio_max"] = ratio.max;
  counters["ratio_q1"] = ratio.quartile1;
  counters["ratio_q3"] = ratio.quartile3;
}

void count(benchmark::State& state, const Case& one, const Measurement& measurement, const Machine& machine) {
  Counters& counters = state.counters;
  const Seconds sparse = sparse_seconds(measurement), dense = dense_seconds(measurement, "");
  Seconds sparse_only{0};
  Work work;
  for (const MeasuredPart& part : measurement.parts) {
    work = work + part.work;
    if (part.dense.empty()) sparse_only = part.sparse;
  }
  counters["outputs"] = static_cast<double>(one.shape.convolution.outputs);
  counters["inputs"] = static_cast<double>(one.shape.convolution.input.channels);
  counters["batch"] = static_cast<double>(one.shape.batch);
  counters["density"] = one.shape.density;
  count_seconds(counters, "sparse", sparse);
  count_seconds(counters, "dense", dense);
  for (const char* library : {"onednn", "openblas", "eigen"})
    count_seconds(counters, library, dense_seconds(measurement, library));
  counters["dense_gflops"] = work.dense_flops / spread(dense).median / 1e9;
  counters["refresh_seconds"] = spread(sparse_only).median;
  count_work(counters, work, spread(sparse).median, machine);
  count_ratio(counters, dense, sparse);
  counters["processor_share"] = measurement.processor_share;
  state.SetLabel(fastest_names(measurement));
}

}  // namespace

std::string Case::name(const std::string& part) const {
  const ConvolutionShape& c = shape.convolution;
  std::string extents = std::to_string(c.outputs) + "x" + std::to_string(c.input.channels);
  if (c.input.height > 1) extents += "@" + std::to_string(c.input.height);
  std::string percent = std::to_string(100 * shape.density);
  percent.erase(percent.find_last_not_of('0') + 1);
  if (percent.ends_with('.')) percent.pop_back();
  return family + "/" + extents + "/batch:" + std::to_string(shape.batch) + "/density:" + percent + "/" +
         part;
}

void register_case(const Case& one, const Machine& machine, const Care& care) {
  const auto measured = std::make_shared<std::optional<Measurement>>();
  const auto add = [&](const std::string& part) {
    const auto run = [=](benchmark::State& state) {
      try {
        if (!*measured) *measured = measure(one.make(one.shape), care);
        const Measurement told = only(part, **measured);
        const Seconds seconds = sparse_seconds(told);
        std::size_t round = 0;
        for (auto _ : state) state.SetIterationTime(seconds[round++]);
        count(state, one, told, machine);
      } catch (const std::exception& error) {
        state.SkipWithError(error.what());
      }
    };
    benchmark::RegisterBenchmark(one.name(part).c_str(), run)->UseManualTime()->Iterations(care.rounds);
  };
  for (const std::string& part : one.parts) add(part);
  add(kTogether);
}

}  // namespace ltlab::bench
