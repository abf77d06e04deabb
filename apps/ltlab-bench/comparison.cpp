#include "comparison.h"

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>

#include "ltlab/base/error.h"
#include "spread.h"

namespace ltlab::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
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
  constexpr int kAttempts = 5;
  constexpr double kUndisturbed = 0.97;
  Block best;
  for (int attempt = 0; attempt < kAttempts && best.processor_share < kUndisturbed; ++attempt) {
    const Block block = time_block(run, least);
    if (block.processor_share > best.processor_share) best = block;
  }
  return best;
}

// The seconds of one side, a round each.
using Seconds = std::vector<double>;

struct PartSeconds {
  Seconds sparse;
  std::vector<Seconds> dense;  // in the order of Part::dense
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

class Rounds {
 public:
  Rounds(const Comparison& comparison, const Care& care) : comparison_(comparison), care_(care) {
    for (const Part& part : comparison.parts) {
      check_sides(part);
      parts_.push_back({{}, std::vector<Seconds>(part.dense.size())});
    }
  }

  // Seconds of the sparse side.
  double add_round() {
    double sparse = 0;
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      const Part& part = comparison_.parts[p];
      sparse += time(part.sparse, parts_[p].sparse);
      for (std::size_t s = 0; s < part.dense.size(); ++s) time(part.dense[s], parts_[p].dense[s]);
    }
    return sparse;
  }

  const std::vector<PartSeconds>& parts() const { return parts_; }
  double processor_share() const { return processor_share_; }

 private:
  double time(const Side& side, Seconds& to) {
    const Block block = time_undisturbed_block(side.run, care_.block_seconds);
    processor_share_ = std::min(processor_share_, block.processor_share);
    to.push_back(block.seconds);
    return block.seconds;
  }

  const Comparison& comparison_;
  Care care_;
  std::vector<PartSeconds> parts_;
  double processor_share_ = 1;  // of the most disturbed block
};

void add_to(Seconds& sum, const Seconds& more) {
  sum.resize(more.size(), 0.0);
  std::transform(sum.begin(), sum.end(), more.begin(), sum.begin(), std::plus<>());
}

// The number of the side of least median; `library` restricts the choice, unless it is empty.
std::size_t fastest(const Part& part, const PartSeconds& seconds, const std::string& library) {
  std::size_t best = part.dense.size();
  for (std::size_t s = 0; s < part.dense.size(); ++s) {
    if (!library.empty() && part.dense[s].library != library) continue;
    if (best == part.dense.size() || spread(seconds.dense[s]).median < spread(seconds.dense[best]).median)
      best = s;
  }
  return best;
}

// Each round's sum over all parts of the fastest dense side, where `library` has one.
Seconds dense_seconds(const Comparison& comparison, const Rounds& rounds, const std::string& library) {
  Seconds sum;
  for (std::size_t p = 0; p < comparison.parts.size(); ++p) {
    const PartSeconds& seconds = rounds.parts()[p];
    const std::size_t side = fastest(comparison.parts[p], seconds, library);
    if (side < seconds.dense.size()) add_to(sum, seconds.dense[side]);
  }
  return sum;
}

std::string fastest_names(const Comparison& comparison, const Rounds& rounds) {
  std::string names;
  for (std::size_t p = 0; p < comparison.parts.size(); ++p) {
    const Part& part = comparison.parts[p];
    if (part.dense.empty()) continue;
    const Side& side = part.dense[fastest(part, rounds.parts()[p], "")];
    names += (names.empty() ? "" : " + ") + side.library + (side.variant.empty() ? "" : " " + side.variant);
  }
  return names;
}

// Every comparison has the same counters, as Google Benchmark's CSV needs.
class Counters {
 public:
  explicit Counters(benchmark::State& state) : state_(state) {}
  void set(const std::string& name, double value) { state_.counters[name] = benchmark::Counter(value); }
  void set_seconds(const std::string& side, const Seconds& seconds) {
    const Spread of = spread(seconds.empty() ? Seconds{0} : seconds);
    set(side + "_seconds", of.median);
    set(side + "_seconds_q1", of.quartile1);
    set(side + "_seconds_q3", of.quartile3);
  }

 private:
  benchmark::State& state_;
};

void count_work(Counters& counters, const Work& work, double seconds, const Machine& machine) {
  const double gflops = work.flops / seconds / 1e9;
  counters.set("sparse_gflops", gflops);
  counters.set("peak_percent", 100 * gflops / machine.fma_gflops);
  counters.set("l1_percent", 100 * work.moved_bytes / seconds / 1e9 / machine.l1_gbs);
  counters.set("memory_percent", 100 * work.operand_bytes / seconds / 1e9 / machine.memory_gbs);
  counters.set("flops_per_operand_byte", work.flops / work.operand_bytes);
  counters.set("flops_per_moved_byte", work.flops / work.moved_bytes);
  counters.set("flops", work.flops);
}

void count_ratio(Counters& counters, const Seconds& dense, const Seconds& sparse) {
  Seconds ratios(sparse.size());
  std::transform(dense.begin(), dense.end(), sparse.begin(), ratios.begin(), std::divides<>());
  const Spread ratio = spread(ratios);
  counters.set("ratio", ratio.median);
  counters.set("ratio_min", ratio.min);
  counters.set("ratio_max", ratio.max);
  counters.set("ratio_q1", ratio.quartile1);
  counters.set("ratio_q3", ratio.quartile3);
}

void count(benchmark::State& state, const Case& one, const Comparison& comparison, const Rounds& rounds,
           const Machine& machine) {
  Counters counters(state);
  Seconds sparse, sparse_only{0};
  for (std::size_t p = 0; p < comparison.parts.size(); ++p) {
    add_to(sparse, rounds.parts()[p].sparse);
    if (comparison.parts[p].dense.empty()) sparse_only = rounds.parts()[p].sparse;
  }
  const Seconds dense = dense_seconds(comparison, rounds, "");
  counters.set("outputs", one.outputs);
  counters.set("inputs", one.inputs);
  counters.set("batch", one.batch);
  counters.set("density", one.density);
  counters.set_seconds("sparse", sparse);
  counters.set_seconds("dense", dense);
  for (const char* library : {"onednn", "openblas", "eigen"})
    counters.set_seconds(library, dense_seconds(comparison, rounds, library));
  counters.set("dense_gflops", comparison.work.dense_flops / spread(dense).median / 1e9);
  counters.set("refresh_seconds", spread(sparse_only).median);
  count_work(counters, comparison.work, spread(sparse).median, machine);
  count_ratio(counters, dense, sparse);
  counters.set("processor_share", rounds.processor_share());
  state.SetLabel(fastest_names(comparison, rounds));
}

}  // namespace

Work operator+(const Work& a, const Work& b) {
  return {a.flops + b.flops, a.dense_flops + b.dense_flops, a.operand_bytes + b.operand_bytes,
          a.moved_bytes + b.moved_bytes};
}

void register_case(const Case& one, const Machine& machine, const Care& care) {
  const auto run = [one, machine, care](benchmark::State& state) {
    try {
      const Comparison comparison = one.make();
      Rounds rounds(comparison, care);
      for (auto _ : state) state.SetIterationTime(rounds.add_round());
      count(state, one, comparison, rounds, machine);
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
    }
  };
  benchmark::RegisterBenchmark(one.name.c_str(), run)->UseManualTime()->Iterations(care.rounds);
}

}  // namespace ltlab::bench
