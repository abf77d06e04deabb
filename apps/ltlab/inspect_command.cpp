#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "format.h"
#include "json_output.h"
#include "ltlab/analysis/level_structure.h"
#include "ltlab/base/error.h"
#include "ltlab/store/run_store.h"
#include "overlap_report.h"
#include "structure_report.h"
#include "terminal.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

using nlohmann::ordered_json;

constexpr char kUsage[] = R"(Usage: ltlab inspect RUN|FILE
       ltlab inspect [--match masks|weights] A B ...

Looks at a run folder or a level's file: the runs inside; level by level what was pruned; and of one level
(the last, or --level) each layer's density, the density effective on paths from inputs to outputs, dead
inputs, outputs and neurons, degrees, weights and signs before and after training, the magnitude below which
the level's weights were pruned, and empty blocks.

Of several runs or files it compares the masks: Jaccard index, Hamming distance and signs, against the overlap
of random masks of the same densities, and of those that also keep each input's number of weights; of more
than two the matrix of similarities and clusters. A run stands for its levels, or for --level; a collection for
those of its replicates.

)";

// The run that a path stands for (its folder, run.h5 or a level's file), and the level that was named.
struct Subject {
  RunStore store;
  std::optional<fs::path> level_file;
};

Subject parse_subject(const fs::path& path) {
  if (!fs::exists(path)) throw ConfigError("there is no '" + path.string() + "': name a run folder or file");
  if (fs::is_directory(path)) {
    RunStore store(path);
    if (!store.has_run())
      throw DataError("'" + path.string() + "' holds no run.h5: name the folder of a run");
    return {store, std::nullopt};
  }
  RunStore store(path.parent_path());
  const FileKind kind = read_kind(path);
  if (kind == FileKind::checkpoint)
    throw ConfigError("'" + path.string() +
                      "' is a level in training: finish it with `ltlab search --resume`");
  return {store, kind == FileKind::level ? std::optional(path) : std::nullopt};
}

fs::path existing_level(const RunStore& store, unsigned level) {
  if (store.has_level(level)) return store.level_file(level);
  throw ConfigError("'" + store.folder().string() + "' has no level " + std::to_string(level) +
                    ": give --level one of those that `ltlab inspect` shows");
}

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

// Prints one line per run, with the runs inside it below: its branch, seed, levels, and the density and test
// accuracy of the first and the last level.
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
    tree["levels"] = json_array(top.levels(), [&](unsigned n) { return record_json(top.read_summary(n)); });
  }
  tree["members"] = json_array(
      top.members(), [&](const std::string& name) { return tree_json(RunStore(top.folder() / name)); });
  return tree;
}

void print_machine(const std::vector<LevelReport>& levels, const std::string& path, Output output) {
  if (output == Output::csv) return print_csv(std::cout, levels);
  print_json(std::cout, {{"path", path}, {"levels", levels_json(levels)}});
}

void inspect_level(const RunStore& store, const fs::path& file, Output output) {
  LevelReporter reporter(store);
  const LevelReport report = reporter.report(file);
  if (output != Output::text) return print_machine({report}, file.string(), output);
  print_line(std::cout, file.string());
  print_level(std::cout, report, reporter.record());
}

void inspect_run(const RunStore& store, Output output) {
  LevelReporter reporter(store);
  std::vector<LevelReport> levels;
  for (const unsigned level : store.levels()) levels.push_back(reporter.report(store.level_file(level)));
  if (output != Output::text) return print_machine(levels, store.folder().string(), output);
  print_tree(std::cout, store);
  if (levels.empty()) return;
  print_levels(std::cout, levels);
  print_level(std::cout, levels.back(), reporter.record());
}

void inspect_collection(const RunStore& store, Output output) {
  if (output == Output::csv)
    throw ConfigError("'" + store.folder().string() + "' holds several runs: name one of them for --csv");
  if (output == Output::json) return print_json(std::cout, tree_json(store));
  print_tree(std::cout, store);
}

void inspect_one(const Subject& subject, const std::optional<unsigned>& level, Output output) {
  if (subject.level_file && level)
    throw ConfigError("--level names one of a run's levels, and '" + subject.level_file->string() +
                      "' is one: leave it out");
  if (subject.level_file) return inspect_level(subject.store, *subject.level_file, output);
  if (subject.store.holds_collection()) {
    if (level)
      throw ConfigError("'" + subject.store.folder().string() +
                        "' holds several runs: name one of them for --level, or compare them by --compare");
    return inspect_collection(subject.store, output);
  }
  if (level) return inspect_level(subject.store, existing_level(subject.store, *level), output);
  inspect_run(subject.store, output);
}

// Adds the levels' files that a subject stands for: all of a run, or the one that --level names.
void add_files(const Subject& subject, const std::optional<unsigned>& level, std::vector<fs::path>& files) {
  const RunStore& store = subject.store;
  if (subject.level_file) {
    files.push_back(*subject.level_file);
  } else if (store.holds_collection()) {
    for (const std::string& member : store.members())
      add_files({RunStore(store.folder() / member), std::nullopt}, level, files);
  } else if (level) {
    files.push_back(existing_level(store, *level));
  } else {
    for (const unsigned number : store.levels()) files.push_back(store.level_file(number));
  }
}

void inspect_several(const std::vector<fs::path>& files, const std::optional<MatchOptions>& match,
                     Output output) {
  if (files.size() < 2) throw DataError("there are no two levels to compare: name more runs or files");
  std::vector<NamedNetwork> networks;
  for (const fs::path& file : files) {
    const LevelRecord level = read_level_file(file);
    networks.push_back({file.string(), level.density, masked_network(level, RunContext(file.parent_path()))});
  }
  const auto pairs = compare_all(networks, match);
  if (output == Output::json) return print_json(std::cout, overlaps_json(networks, pairs, match));
  if (output == Output::csv) return print_overlaps_csv(std::cout, networks, pairs);
  print_overlaps(std::cout, networks, pairs, match);
}

po::options_description inspect_options() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("help", "show this text");
  add("level", po::value<Count>()->value_name("N"), "look at this level of a run, or compare it");
  add("compare", "compare levels of a single run or collection with each other");
  add("match", po::value<std::string>()->value_name("masks|weights"),
      "match hidden neurons before comparing: so that masks have most survivors in common, or trained "
      "weights the greatest sum of products");
  add("draws", po::value<Count>()->value_name("N"),
      "random masks to match, which tell what matching finds by chance (20)");
  add("json", "print for machines: one JSON document");
  add("csv", "print for machines: a table");
  return options;
}

// Reads a count of at most a million, which nothing here comes near.
std::optional<unsigned> parse_number(const po::variables_map& values, const std::string& name) {
  if (values.count(name) == 0) return std::nullopt;
  const std::uint64_t value = values[name].as<Count>().value;
  if (value > 1'000'000) throw ConfigError("ltlab inspect: --" + name + " must be at most a million");
  return static_cast<unsigned>(value);
}

std::optional<MatchOptions> parse_match(const po::variables_map& values) {
  const std::optional<unsigned> draws = parse_number(values, "draws");
  if (values.count("match") == 0) {
    if (draws) throw ConfigError("ltlab inspect: --draws needs --match");
    return std::nullopt;
  }
  MatchOptions match{match_by_names().parse(values["match"].as<std::string>())};
  match.draws = draws.value_or(match.draws);
  if (match.draws < 2) throw ConfigError("ltlab inspect: --draws must be at least 2");
  return match;
}

}  // namespace

int inspect_command(const Arguments& arguments) {
  const po::options_description options = inspect_options();
  const po::variables_map values = parse_arguments(arguments, options, "path");
  if (print_help(values, kUsage, options)) return 0;
  if (values.count("path") == 0)
    throw ConfigError("ltlab inspect: name at least one run folder or file; see --help");
  const Output output = parse_output(values, "inspect");
  const std::optional<MatchOptions> match = parse_match(values);
  const std::optional<unsigned> level = parse_number(values, "level");

  std::vector<Subject> subjects;
  for (const std::string& path : values["path"].as<std::vector<std::string>>())
    subjects.push_back(parse_subject(path));
  if (subjects.size() == 1 && values.count("compare") == 0) {
    if (match) throw ConfigError("ltlab inspect: --match needs two or more to compare, or --compare");
    inspect_one(subjects.front(), level, output);
    return 0;
  }
  std::vector<fs::path> files;
  for (const Subject& subject : subjects) add_files(subject, level, files);
  inspect_several(files, match, output);
  return 0;
}

}  // namespace ltlab::app
