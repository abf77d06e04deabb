#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>

#include "commands.h"
#include "comparison_file.h"
#include "comparison_json.h"
#include "comparison_report.h"
#include "comparison_runner.h"
#include "crossed_report.h"
#include "image_report.h"
#include "json_output.h"
#include "ltlab/base/error.h"
#include "ltlab/base/names.h"
#include "ltlab/base/text.h"
#include "ltlab/config/config_text.h"
#include "ltlab/config/values.h"
#include "ltlab/data/dataset.h"
#include "ltlab/lottery/dense_copy.h"
#include "ltlab/lottery/search.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/session_lock.h"
#include "matching_options.h"
#include "search_options.h"
#include "search_session.h"
#include "stop_signals.h"
#include "structure_report.h"
#include "terminal.h"
#include "tuning.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

constexpr char kUsage[] = R"(usage: ltlab compare [NAME=]RUN... [OPTION...]
       ltlab compare --config FILE [OPTION...]

Holds searches, and the controls inside them, against the first one: accuracy, early stop and training FLOPs
by density, with intervals and tests, paired where networks saw the same order of images; the sparsest density
that matches the dense network; the area under the curve; the Pareto front of accuracy against FLOPs.

A comparison file has the base's settings, `option = value` a line as in --config of `ltlab search`, and those
of each variant that differ, `variant.NAME.option = value`. What is missing of their searches is run, with the
same seeds; what is there is not run again.

)";

enum class Format { terminal, markdown, csv, latex, json };

const NameTable<Format>& format_names() {
  using enum Format;
  static const NameTable<Format> table(
      "format",
      {{terminal, "terminal"}, {markdown, "markdown"}, {csv, "csv"}, {latex, "latex"}, {json, "json"}});
  return table;
}

// Returns what prints a table in a format of tables.
auto print_table_of(Format format) {
  return format == Format::markdown ? print_markdown : format == Format::latex ? print_latex : print_terminal;
}

// What `ltlab compare` is asked to do.
struct Request {
  Folders runs;
  std::vector<TunedSearch> tunings;                    // of the file
  std::string config;                                  // comparison file; empty: none, compare `runs`
  std::string out;                                     // folder of the file's runs
  std::string data_directory;                          // as in DatasetOptions
  std::string densities, tables, format = "terminal";  // as written
  std::vector<std::string> table_names = comparison_table_names();
  unsigned workers = 1;
  bool images = false;  // compare predictions image by image
  ComparisonOptions options;
};

po::options_description compare_options(Request& request) {
  po::options_description options("Options", 110, 55);
  // clang-format off
  options.add_options()
      ("help,h", "this text")
      ("config", po::value(&request.config)->value_name("FILE"), "run what this file names, then compare it")
      ("out", po::value(&request.out)->value_name("DIR"), "folder of the file's runs (masks/FILE without its suffix)")
      ("data-dir", po::value(&request.data_directory)->value_name("DIR"), "where the data files lie, as of `ltlab search`")
      ("workers", po::value<Count>()->value_name("N"), "trainings side by side (the processor's cores)")
      ("pairs", po::bool_switch(&request.options.pairs), "test every pair of variants, too")
      ("density-tolerance", po::value(&request.options.density_tolerance)->value_name("X"), "densities are compared that differ by at most this fraction (0.02)")
      ("densities", po::value(&request.densities)->value_name("D1,D2,..."), "compare only there and where dense, as 0.2,0.1,0.05: fewer tests to correct for (everywhere)")
      ("allow-different", po::bool_switch(&request.options.allow_different), "compare runs whose data, model or budget differ")
      ("images", po::bool_switch(&request.images), "compare predictions of the test images, too: who is right where, calibration, accuracy by class; reads the data")
      ("table", po::value(&request.tables)->value_name("NAME,..."), ("print only some: " + listed(comparison_table_names())).c_str())
      ("format", po::value(&request.format)->value_name("NAME"), "terminal (default) | markdown | csv | latex | json");
  // clang-format on
  add_matching_options(options);
  return options;
}

// Splits "a=masks/x" into name and folder; "masks/x" is called x.
std::pair<std::string, std::string> parse_run(const std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || fs::exists(word))
    return {fs::weakly_canonical(word).filename().string(), word};
  if (equals == 0)
    throw ConfigError("'" + word + "' gives the run no name: write NAME=RUN, or the folder alone");
  return {word.substr(0, equals), word.substr(equals + 1)};
}

// Refuses options for the file's runs where there is no file.
void require_config(const po::variables_map& values) {
  for (const char* name : {"out", "workers", "data-dir"}) {
    const bool reads_data = values["images"].as<bool>() && name == std::string("data-dir");
    if (values.count(name) > 0 && !reads_data)
      throw ConfigError("--" + std::string(name) + " is for --config, and there is none: leave it out");
  }
}

void read_subjects(const po::variables_map& values, Request& request) {
  const bool runs = values.count("run") > 0, config = values.count("config") > 0;
  if (runs == config)
    throw ConfigError("ltlab compare: name runs, or a file by --config" +
                      std::string(runs ? ", not both" : "") + "; see --help");
  if (runs) {
    require_config(values);
    for (const std::string& word : values["run"].as<std::vector<std::string>>())
      request.runs.push_back(parse_run(word));
    return;
  }
  if (values.count("out") == 0) request.out = (fs::path("masks") / fs::path(request.config).stem()).string();
  if (request.out.empty()) throw ConfigError("--out names no folder: give one, or leave it out");
}

ComparisonFile read_file(const Request& request) {
  return read_comparison_file(request.config, request.data_directory, request.options.allow_different);
}

// Runs what is missing of a crossed design, and prints what each of its seeds adds to the spread.
void run_crossed(const ComparisonFile& file, const Request& request, Format format) {
  located("config file '" + request.config + "': ", [&] { require_crossed_seeds(file); });
  ComparisonRunner runner(request.workers);
  for (const Specification& specification : file.specifications)
    runner.run(specification.searches, specification_folder(specification, request.out));
  const std::vector<CrossedResult> results = crossed_results(file, request.out);
  if (format == Format::json) return print_json(std::cout, crossed_json(file, results));
  const TextTable table = crossed_table(file, results);
  if (format == Format::csv) return print_csv(std::cout, table);
  print_table_of(format)(std::cout, table);
}

// Runs what is missing of the file's trials and searches.
void run_file(const ComparisonFile& file, Request& request) {
  ComparisonRunner runner(request.workers);
  const Specification& only = file.specifications.front();
  request.tunings = run_trials(runner, only, request.out);
  request.runs = runner.run(tuned(only, request.tunings).searches, request.out);
}

// Reads the runs, those that were tuned with their trials.
std::vector<RecordedRun> read_runs(const Request& request) {
  std::vector<RecordedRun> runs;
  for (const auto& [name, folder] : request.runs) {
    RecordedRun& run = runs.emplace_back(read_recorded_run(folder, name));
    const auto tuning = std::ranges::find(request.tunings, name, &TunedSearch::name);
    if (tuning != request.tunings.end()) run.trials = tuning->trials;
  }
  return runs;
}

// Returns the first level from which on no path leads through a ticket; none if one leads through the last.
std::optional<LevelReport> first_cut(const RunStore& ticket) {
  const std::vector<unsigned> levels = ticket.levels();
  LevelReporter reporter(ticket);
  const auto report = [&](unsigned level) { return reporter.report(ticket.level_path(level)); };
  if (levels.empty() || !is_cut(report(levels.back()))) return std::nullopt;
  return report(*std::ranges::find_if(levels, [&](unsigned level) { return is_cut(report(level)); }));
}

// Returns a sentence for each run whose tickets, or some of them, collapse.
std::vector<std::string> collapse_notes(const Request& request) {
  std::vector<std::string> notes;
  for (const auto& [name, folder] : request.runs) {
    const std::vector<RunStore> tickets = runs_in(RunStore(folder));
    std::vector<LevelReport> cut;
    for (const RunStore& ticket : tickets) {
      if (std::optional<LevelReport> first = first_cut(ticket)) cut.push_back(std::move(*first));
    }
    if (cut.empty()) continue;
    const auto level_of = [](const LevelReport& report) { return report.summary.level; };
    const LevelReport& first = *std::ranges::min_element(cut, {}, level_of);
    const std::string of = tickets.size() > 1 ? " (" + std::to_string(cut.size()) + " of " +
                                                    std::to_string(tickets.size()) + " replicates)"
                                              : "";
    notes.push_back("Layer collapse in '" + name + "'" + of + " from level " +
                    std::to_string(level_of(first)) + " on: " + collapse_text(first));
  }
  return notes;
}

// Returns the tables' names in a list, all known. ConfigError.
std::vector<std::string> parse_table_names(const std::string& text) {
  const std::vector<std::string> all = comparison_table_names();
  std::vector<std::string> asked = split(text, ',');
  for (const std::string& name : asked) {
    if (std::ranges::count(all, name) == 0) throw unknown_name("table", name, all);
  }
  return asked;
}

// Returns the predictions compared, by the labels of the first run's data, which all have.
std::vector<ImageResult> compared_images(const Request& request, const std::vector<RecordedRun>& runs,
                                         const Comparison& comparison) {
  const RunStore first = runs_in(RunStore(request.runs.front().second)).front();
  const Dataset data = load_dataset(config_of(first, first.read_run(), request.data_directory).data);
  if (data.fingerprint != runs.front().dataset_fingerprint)
    throw DataError("the data are not those that '" + runs.front().name +
                    "' was trained on any more, so that its predictions are of other images");
  return compare_images(all_variants(runs), comparison, data.test.labels, data.classes);
}

// What is printed.
struct Printed {
  Comparison comparison;
  std::vector<ImageResult> images;
  std::vector<TunedSearch> tunings;
  std::vector<std::string> collapses, table_names;

  std::vector<TextTable> tables() const {
    std::vector<TextTable> all = comparison_tables(comparison);
    all.push_back(tuning_table(tunings));
    if (!images.empty()) std::ranges::move(image_tables(images, comparison), std::back_inserter(all));
    std::erase_if(all, [&](const TextTable& table) {
      return table.rows.empty() || std::ranges::count(table_names, table.label) == 0;
    });
    return all;
  }
};

void print(std::ostream& out, const Printed& printed, Format format) {
  const auto& [comparison, images, tunings, collapses, table_names] = printed;
  if (format == Format::csv) return print_csv(out, comparison_rows(comparison));
  if (format == Format::json) {
    nlohmann::ordered_json document = comparison_json(comparison);
    document["layer_collapse"] = collapses;
    if (!tunings.empty()) document["tuning"] = tuning_json(tunings);
    if (!images.empty()) document["images"] = images_json(images, comparison);
    return print_json(out, document);
  }
  const auto print_table = print_table_of(format);
  const std::string comment = format == Format::latex ? "% " : "";
  std::vector<std::string> notes = comparison_notes(comparison);
  notes.insert(notes.end(), collapses.begin(), collapses.end());
  for (const std::string& note : notes) {
    if (format == Format::terminal)
      print_line(out, note);
    else
      out << comment << note << '\n';
  }
  if (format == Format::latex) out << "% Needs \\usepackage{booktabs}.\n";
  for (const TextTable& table : printed.tables()) {
    out << '\n';
    print_table(out, table);
  }
}

}  // namespace

int compare_command(const Arguments& arguments) {
  Request request;
  const po::options_description options = compare_options(request);
  const po::variables_map values = parse_arguments(arguments, options, "run");
  if (print_help(values, kUsage, options)) return 0;
  read_subjects(values, request);
  request.workers = read_workers(values);
  static_cast<MatchingOptions&>(request.options) = read_matching_options(values);
  require_fraction("density-tolerance", request.options.density_tolerance);
  if (values.count("densities") > 0)
    request.options.densities = located("--densities: ", [&] { return parse_densities(request.densities); });
  if (values.count("table") > 0)
    request.table_names = located("--table: ", [&] { return parse_table_names(request.tables); });
  const Format format = format_names().parse(request.format);
  try {
    if (!request.config.empty()) {
      const ComparisonFile file = read_file(request);
      if (!file.grid.empty()) {
        run_crossed(file, request, format);
        return 0;
      }
      run_file(file, request);
    }
  } catch (const Interrupted&) {
    throw Error(ExitStatus::interrupted, "interrupted; what was done is saved, the same command goes on");
  }
  const std::vector<RecordedRun> runs = read_runs(request);
  Printed printed{
      compare(runs, request.options), {}, request.tunings, collapse_notes(request), request.table_names};
  if (request.images) printed.images = compared_images(request, runs, printed.comparison);
  print(std::cout, printed, format);
  return 0;
}

}  // namespace ltlab::app
