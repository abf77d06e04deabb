#include "kernel_report.h"

#include <string>

#include "format.h"
#include "ltlab/nn/kernel_choice.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

bool is_measured(const KernelRecord& record) {
  return record.dense_seconds > 0;
}

// "dense" or "sparse 12.3 (dense 45.6)": microseconds.
std::string describe(const KernelRecord& record) {
  if (!is_measured(record)) return record.kernel;
  const double dense = 1e6 * record.dense_seconds, sparse = 1e6 * record.sparse_seconds;
  return record.kernel == to_string(Kernel::dense) ? format("dense %.1f (sparse %.1f)", dense, sparse)
                                                   : format("sparse %.1f (dense %.1f)", sparse, dense);
}

void print_level(std::ostream& out, const LevelRecord& level) {
  std::string parameter;
  for (const KernelRecord& record : level.kernels) {
    if (record.parameter != parameter) {
      parameter = record.parameter;
      out << format("\n%5u  %7.2f %%   %-14s", level.level, 100 * level.density, parameter.c_str());
    }
    out << format("| %-16s %-32s", record.product.c_str(), describe(record).c_str());
  }
}

}  // namespace

void print_kernels(std::ostream& out, const RunStore& run) {
  out << "\nKernels of " << run.folder().string()
      << ", with the median microseconds of a batch where they were measured:\nlevel   density   parameter";
  for (const unsigned level : run.levels()) print_level(out, run.read_level(level));
  out << '\n';
}

ordered_json kernels_json(const RunStore& run) {
  ordered_json levels = ordered_json::array();
  for (const unsigned number : run.levels()) {
    const LevelRecord level = run.read_level(number);
    ordered_json kernels = ordered_json::array();
    for (const KernelRecord& record : level.kernels) {
      const auto seconds = [&](double value) {
        return is_measured(record) ? ordered_json(value) : ordered_json();
      };
      kernels.push_back({{"parameter", record.parameter},
                         {"product", record.product},
                         {"kernel", record.kernel},
                         {"dense_seconds", seconds(record.dense_seconds)},
                         {"sparse_seconds", seconds(record.sparse_seconds)}});
    }
    levels.push_back({{"level", level.level}, {"density", level.density}, {"kernels", kernels}});
  }
  return levels;
}

}  // namespace ltlab::app
