#include "kernel_report.h"

#include <string>

#include "format.h"
#include "json_output.h"
#include "ltlab/nn/kernel_choice.h"
#include "text_table.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

bool is_measured(const KernelChoice& choice) {
  return choice.dense_seconds > 0;
}

// Returns "dense" or "sparse 12.3 (dense 45.6)": microseconds.
std::string describe(const KernelChoice& choice) {
  if (!is_measured(choice)) return to_string(choice.kernel);
  const double dense = 1e6 * choice.dense_seconds, sparse = 1e6 * choice.sparse_seconds;
  return choice.kernel == Kernel::dense ? format("dense %.1f (sparse %.1f)", dense, sparse)
                                        : format("sparse %.1f (dense %.1f)", sparse, dense);
}

constexpr std::size_t kKeys = 3;

void add_level(const LevelRecord& level, TextTable& table) {
  std::string parameter;
  for (const KernelChoice& choice : level.kernels) {
    if (choice.parameter != parameter) {
      parameter = choice.parameter;
      table.rows.push_back({std::to_string(level.level), density_text(level.density), parameter});
      table.rows.back().resize(table.columns.size());
    }
    table.rows.back()[kKeys + static_cast<std::size_t>(choice.product)] = describe(choice);
  }
}

}  // namespace

void print_kernels(std::ostream& out, const RunStore& run) {
  using enum Align;
  TextTable table{"Kernels of " + run.folder().string() +
                      ", with the median microseconds of a batch where they were measured:",
                  {{"level", right}, {"density", right}, "parameter"},
                  {},
                  kKeys};
  for (const Product product : kProducts) table.columns.emplace_back(to_string(product));
  for (const unsigned level : run.levels()) add_level(run.read_level(level), table);
  out << '\n';
  print_terminal(out, table);
}

ordered_json kernels_json(const std::vector<KernelChoice>& choices) {
  return json_array(choices, [](const KernelChoice& choice) {
    return ordered_json{{"parameter", choice.parameter},
                        {"product", to_string(choice.product)},
                        {"kernel", to_string(choice.kernel)},
                        {"dense_seconds", json_if(is_measured(choice), choice.dense_seconds)},
                        {"sparse_seconds", json_if(is_measured(choice), choice.sparse_seconds)}};
  });
}

ordered_json kernels_json(const RunStore& run) {
  return json_array(run.levels(), [&](unsigned number) {
    const LevelRecord level = run.read_level(number);
    return ordered_json{
        {"level", level.level}, {"density", level.density}, {"kernels", kernels_json(level.kernels)}};
  });
}

}  // namespace ltlab::app
