#include "inspect_tree.h"

#include <cmath>

#include "format.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

// "levels 0 to 18, density 100.00 to 1.85 %, test 98.14 to 98.02 %"
std::string describe_levels(const RunStore& store) {
  const std::vector<unsigned> levels = store.levels();
  if (levels.empty()) return "no level yet";
  const LevelSummary first = store.read_summary(levels.front()), last = store.read_summary(levels.back());
  std::string text = format("levels %u to %u, density %.2f to %.2f %%", first.level, last.level,
                            100 * first.density, 100 * last.density);
  if (std::isnan(first.test_accuracy)) return text;  // an import that does not tell
  return text + format(", test %.2f to %.2f %%", 100 * first.test_accuracy, 100 * last.test_accuracy);
}

std::string describe_run(const RunStore& store) {
  if (store.holds_collection()) return format("%zu replicates", store.members().size());
  const RunIdentity run = read_identity(store.run_path());
  return format("%s, seed %llu, ", run.branch.c_str(), static_cast<unsigned long long>(run.seed)) +
         describe_levels(store);
}

void print_below(std::ostream& out, const RunStore& store, const std::string& indent) {
  const std::vector<std::string> members = store.members();
  for (const std::string& member : members) {
    const bool last = member == members.back();
    const RunStore inside(store.folder() / member);
    out << indent << (last ? "└─ " : "├─ ") << format("%-16s ", member.c_str()) << describe_run(inside)
        << '\n';
    print_below(out, inside, indent + (last ? "   " : "│  "));
  }
}

ordered_json level_json(const LevelSummary& level) {
  return {{"level", level.level}, {"density", level.density}, {"test_accuracy", level.test_accuracy}};
}

}  // namespace

void print_tree(std::ostream& out, const RunStore& top) {
  out << top.folder().string() << ": " << describe_run(top) << '\n';
  print_below(out, top, "");
}

ordered_json tree_json(const RunStore& top) {
  ordered_json tree = {{"folder", top.folder().string()}, {"kind", to_string(read_kind(top.run_path()))}};
  if (!top.holds_collection()) {
    const RunIdentity run = read_identity(top.run_path());
    tree["branch"] = run.branch;
    tree["seed"] = run.seed;
    tree["levels"] = ordered_json::array();
    for (const unsigned level : top.levels()) tree["levels"].push_back(level_json(top.read_summary(level)));
  }
  tree["members"] = ordered_json::array();
  for (const std::string& member : top.members())
    tree["members"].push_back(tree_json(RunStore(top.folder() / member)));
  return tree;
}

}  // namespace ltlab::app
