#include <boost/program_options.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "inspect_tree.h"
#include "ltlab/analysis/level_structure.h"
#include "ltlab/base/error.h"
#include "ltlab/store/run_store.h"
#include "structure_report.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

using nlohmann::ordered_json;

enum class Output { text, json, csv };

// A folder of a run, its run.h5 or a level's file: the run, and the level that was named.
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
  switch (read_kind(path)) {
    case FileKind::level:
      return {store, path};
    case FileKind::checkpoint:
      throw ConfigError("'" + path.string() +
                        "' is a level in training: finish it with `ltlab search --resume`");
    default:
      return {store, std::nullopt};
  }
}

// Reports levels one after the other; only the one before is held.
class LevelReporter {
 public:
  explicit LevelReporter(const RunStore& store) : store_(store), context_(store.folder()) {}

  // The record is kept until the next call.
  LevelReport report(const fs::path& file) {
    const bool nests = !context_.run() || context_.run()->branch == "ticket";
    LevelRecord level = read_level_file(file);
    if (nests && level.level > 0 && (!record_ || record_->level + 1 != level.level)) {
      record_.reset();
      if (store_.has_level(level.level - 1)) record_ = store_.read_level(level.level - 1);
    }
    const LevelRecord* before = nests && record_ && level.level > 0 ? &*record_ : nullptr;
    LevelReport report = report_level(level, before, context_);
    record_ = std::move(level);
    return report;
  }
  const LevelRecord& record() const { return *record_; }

 private:
  RunStore store_;
  RunContext context_;
  std::optional<LevelRecord> record_;
};

void print_document(const ordered_json& document) {
  constexpr auto kReplace = ordered_json::error_handler_t::replace;  // a path need not be UTF-8
  std::cout << document.dump(2, ' ', false, kReplace) << '\n';
}

void print_machine(const std::vector<LevelReport>& levels, const std::string& path, Output output) {
  if (output == Output::csv) return print_csv(std::cout, levels);
  print_document({{"path", path}, {"levels", levels_json(levels)}});
}

void inspect_level(const RunStore& store, const fs::path& file, Output output) {
  LevelReporter reporter(store);
  const LevelReport report = reporter.report(file);
  if (output != Output::text) return print_machine({report}, file.string(), output);
  std::cout << file.string() << '\n';
  print_level(std::cout, report, reporter.record());
}

void inspect_run(const RunStore& store, Output output) {
  LevelReporter reporter(store);
  std::vector<LevelReport> levels;
  for (const unsigned level : store.levels()) levels.push_back(reporter.report(store.level_path(level)));
  if (output != Output::text) return print_machine(levels, store.folder().string(), output);
  print_tree(std::cout, store);
  if (levels.empty()) return;
  print_levels(std::cout, levels);
  print_level(std::cout, levels.back(), reporter.record());
}

void inspect_collection(const RunStore& store, Output output) {
  if (output == Output::csv)
    throw ConfigError("'" + store.folder().string() + "' holds several runs: name one of them for --csv");
  if (output == Output::json) return print_document(tree_json(store));
  print_tree(std::cout, store);
}

void inspect_one(const Subject& subject, const std::optional<unsigned>& level, Output output) {
  if (subject.level_file) return inspect_level(subject.store, *subject.level_file, output);
  if (subject.store.holds_collection()) return inspect_collection(subject.store, output);
  if (level) return inspect_level(subject.store, subject.store.level_path(*level), output);
  inspect_run(subject.store, output);
}

}  // namespace

int inspect_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("help", "show this text")("level", po::value<unsigned>(), "the level to look at")(
      "json", "print for machines: one JSON document")("csv", "print a table for machines");
  po::options_description all(options);
  all.add_options()("path", po::value<std::vector<std::string>>(), "run folders or files");
  const po::variables_map values =
      parse_arguments(arguments, all, po::positional_options_description().add("path", -1));
  if (values.count("help") > 0) {
    std::cout << "Usage: ltlab inspect RUN|FILE\n\n" << options;
    return static_cast<int>(ExitStatus::done);
  }
  if (values.count("path") == 0)
    throw ConfigError("ltlab inspect: name at least one run folder or file; see --help");
  if (values.count("json") > 0 && values.count("csv") > 0)
    throw ConfigError("ltlab inspect: --json or --csv, not both");
  const Output output = values.count("json") > 0  ? Output::json
                        : values.count("csv") > 0 ? Output::csv
                                                  : Output::text;
  std::optional<unsigned> level;
  if (values.count("level") > 0) level = values["level"].as<unsigned>();
  inspect_one(parse_subject(values["path"].as<std::vector<std::string>>().front()), level, output);
  return static_cast<int>(ExitStatus::done);
}

}  // namespace ltlab::app
