// What ltlab costs. Three commands, each one thread unless told otherwise:
//
//   machine   what the core can do at most: multiply-adds, and bytes from each cache level
//   kernels   each sparse kernel against the fastest dense one, side by side
//   steps     whole training steps, comparable to scripts/bench_pytorch.py steps
//
// scripts/bench.sh runs them all, beside PyTorch, and keeps what they say in results/performance/.
#include <hwy/targets.h>

#include <dnnl.hpp>
#include <iostream>
#include <map>

#include "commands.h"
#include "ltlab/base/error.h"

namespace {

using ltlab::bench::Arguments;

constexpr const char* kUsage =
    "usage: ltlab-bench COMMAND [OPTION...]\n\n"
    "  machine   measure the core: multiply-adds, bandwidth of each cache level and of memory\n"
    "  kernels   measure sparse kernels beside the fastest dense ones\n"
    "  steps     measure whole training steps of a model\n\n"
    "ltlab-bench COMMAND --help tells a command's options.\n";

int run(const Arguments& words) {
  const std::map<std::string, int (*)(const Arguments&)> commands = {
      {"machine", ltlab::bench::machine_command},
      {"kernels", ltlab::bench::kernels_command},
      {"steps", ltlab::bench::steps_command}};
  if (!words.empty() && (words.front() == "--help" || words.front() == "-h")) {
    std::cout << kUsage;
    return 0;
  }
  const auto found = words.empty() ? commands.end() : commands.find(words.front());
  if (found == commands.end()) throw ltlab::ConfigError("use machine, kernels or steps; see --help");
  return found->second(Arguments(words.begin() + 1, words.end()));
}

}  // namespace

int main(int argc, char** argv) {
  try {
#ifdef LTLAB_BENCH_AVX2
    hwy::DisableTargets(HWY_AVX2 - 1);  // the better a target, the lower its bit
    dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2);
#endif
    return run({argv + 1, argv + argc});
  } catch (const ltlab::Error& error) {
    std::cerr << "ltlab-bench: " << error.what() << '\n';
    return static_cast<int>(error.status());
  } catch (const std::exception& error) {
    std::cerr << "ltlab-bench: " << error.what() << '\n';
    return static_cast<int>(ltlab::ExitStatus::io);
  }
}
