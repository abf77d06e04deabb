#include "inspect_tree.h"

#include <algorithm>
#include <cmath>

#include "format.h"
#include "record_json.h"
#include "terminal.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

// Returns "levels 0 to 18, density 100.00 to 1.85 %, test 98.14 to 98.02 %".
std::string describe_levels(const RunStore& store) {
  const std::vector<unsigned> levels = store.levels();
  if (levels.empty()) return "no level yet";
  const LevelSummary first = store.read_summary(levels.front()), last = store.read_summary(levels.back());
  const bool single = levels.size() == 1,
             tested = !std::isnan(first.test_accuracy);  // an import may have none
  std::string text = single ? format("level %u, density ", first.level)
                            : format("levels %u to %u, density ", first.level, last.level) +
                                  density_number(first.density) + " to ";
  text += density_text(last.density);
  if (!tested) return text;
  return text + (single ? ", test " : format(", test %.2f to ", 100 * first.test_accuracy)) +
         format("%.2f %%", 100 * last.test_accuracy);
}

std::string describe_run(const RunStore& store) {
  if (store.holds_collection()) return format("%zu replicates", store.members().size());
  const RunIdentity run = store.read_identity();
  return format("%s, seed %llu, ", run.branch.c_str(), static_cast<unsigned long long>(run.seed)) +
         describe_levels(store);
}

void print_below(std::ostream& out, const RunStore& store, const std::string& indent) {
  const std::vector<std::string> members = store.members();
  std::size_t names = 0;  // the width of the longest
  for (const std::string& member : members) names = std::max(names, display_width(member));
  for (const std::string& member : members) {
    const bool last = member == members.back();
    const RunStore inside(store.folder() / member);
    const std::string below = indent + (last ? "   " : "│  ");
    const std::string blanks(names - std::min(names, display_width(member)), ' ');
    print_line(out, indent + (last ? "└─ " : "├─ ") + member + blanks + "  " + describe_run(inside),
               display_width(below) + names + 2);
    print_below(out, inside, below);
  }
}

}  // namespace

void print_tree(std::ostream& out, const RunStore& top) {
  print_line(out, top.folder().string() + ": " + describe_run(top), 2);
  print_below(out, top, "");
}

ordered_json tree_json(const RunStore& top) {
  ordered_json tree = {{"folder", top.folder().string()}, {"kind", to_string(top.read_kind())}};
  if (!top.holds_collection()) {
    const RunIdentity run = top.read_identity();
    tree["branch"] = run.branch;
    tree["seed"] = run.seed;
    tree["levels"] = ordered_json::array();
    for (const unsigned level : top.levels()) tree["levels"].push_back(record_json(top.read_summary(level)));
  }
  tree["members"] = ordered_json::array();
  for (const std::string& member : top.members())
    tree["members"].push_back(tree_json(RunStore(top.folder() / member)));
  return tree;
}

}  // namespace ltlab::app
