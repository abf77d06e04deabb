#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "commands.h"
#include "compare_options.h"
#include "comparison_file.h"
#include "comparison_report.h"
#include "ltlab/base/error.h"
#include "ltlab/lottery/dense_copy.h"
#include "ltlab/lottery/search.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/session_lock.h"
#include "search_session.h"
#include "stop_signals.h"
#include "structure_report.h"
#include "terminal.h"

namespace ltlab::app {
namespace {

bool read_same(const SearchConfig& a, const SearchConfig& b) {
  return a.data == b.data && pretraining_data(a) == pretraining_data(b) && a.model == b.model &&
         a.training.batch == b.training.batch;
}

// Returns searches, each in its own folder; existing ones are resumed.
std::vector<SearchRequest> requests(const CompareRequest& request, const NamedSearches& searches) {
  std::vector<SearchRequest> result;
  for (const auto& [name, config] : searches) {
    SearchRequest& search = result.emplace_back();
    search.config = config;
    search.out = (std::filesystem::path(request.out) / name).string();
    search.workers = request.workers;
    search.resume = true;
  }
  return result;
}

// Runs the missing parts of searches, one after the other.
class Runner {
 public:
  explicit Runner(std::string first) : first_(std::move(first)) {}

  void run(const std::string& name, const SearchRequest& search) {
    const SessionLock lock(search.out);
    check_folder(search);
    copy_dense_networks(search);
    SearchProgress progress(search.config, search.workers);
    std::cerr << "ltlab: variant '" << name << "'\n";
    try {
      run_session(search, data_of(search.config), signals_.source(), progress);
    } catch (...) {
      progress.finish();
      throw;
    }
    progress.finish();
  }

 private:
  // The dense network, which most variants share, is trained by the first search alone.
  void copy_dense_networks(const SearchRequest& search) {
    const unsigned replicates = search.config.replicates;
    for (unsigned r = 0; r < replicates; ++r) {
      const RunStore from(replicate_folder(first_, replicates, r)),
          to(replicate_folder(search.out, replicates, r));
      if (copy_dense(from, to, search.config))
        std::cerr << "ltlab: the dense network of seed " << search.config.seed + r << " is that of " << first_
                  << '\n';
    }
  }

  // Loads data once for all searches that read the same.
  const SearchData& data_of(const SearchConfig& config) {
    if (!data_ || !read_same(loaded_for_, config)) {
      data_.reset();
      data_ = std::make_unique<SearchData>(config);
      loaded_for_ = config;
    }
    return *data_;
  }

  StopSignals signals_;
  std::string first_;  // the folder of the first search
  SearchConfig loaded_for_;
  std::unique_ptr<SearchData> data_;
};

// Reports an unusable folder before anything is run.
void run_file(CompareRequest& request) {
  const NamedSearches named =
      read_comparison_file(request.config, request.data_directory, request.options.allow_different);
  const std::vector<SearchRequest> searches = requests(request, named);
  for (const SearchRequest& search : searches) check_folder(search);
  Runner runner(searches.front().out);
  for (std::size_t i = 0; i < searches.size(); ++i) {
    if (!is_finished(searches[i])) runner.run(named[i].first, searches[i]);
    request.runs.emplace_back(named[i].first, searches[i].out);
  }
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
std::vector<std::string> collapse_notes(const CompareRequest& request) {
  std::vector<std::string> notes;
  for (const auto& [name, folder] : request.runs) {
    const RunStore top(folder);
    std::vector<RunStore> tickets{top};
    if (top.holds_collection()) tickets.clear();
    for (const std::string& member : top.holds_collection() ? top.members() : std::vector<std::string>())
      tickets.emplace_back(top.folder() / member);
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

void print(std::ostream& out, const Comparison& comparison, const std::vector<std::string>& collapses,
           ComparisonFormat format) {
  if (format == ComparisonFormat::csv) return print_csv(out, comparison_rows(comparison));
  if (format == ComparisonFormat::json) {
    nlohmann::ordered_json document = comparison_json(comparison);
    document["layer_collapse"] = collapses;
    out << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  const auto print_table = format == ComparisonFormat::markdown ? print_markdown
                           : format == ComparisonFormat::latex  ? print_latex
                                                                : print_terminal;
  const std::string comment = format == ComparisonFormat::latex ? "% " : "";
  std::vector<std::string> notes = comparison_notes(comparison);
  notes.insert(notes.end(), collapses.begin(), collapses.end());
  for (const std::string& note : notes) {
    if (format == ComparisonFormat::terminal)
      print_line(out, note);
    else
      out << comment << note << '\n';
  }
  if (format == ComparisonFormat::latex) out << "% Needs \\usepackage{booktabs}.\n";
  for (const TextTable& table : comparison_tables(comparison)) {
    if (table.rows.empty()) continue;
    out << '\n';
    print_table(out, table);
  }
}

}  // namespace

int compare_command(const Arguments& arguments) {
  CompareRequest request = parse_compare(arguments);
  if (request.help) {
    std::cout << request.help_text;
    return static_cast<int>(ExitStatus::done);
  }
  try {
    if (!request.config.empty()) run_file(request);
  } catch (const Interrupted&) {
    std::cerr << "ltlab: interrupted; what was done is saved, the same command goes on\n";
    return static_cast<int>(ExitStatus::interrupted);
  }
  std::vector<RecordedRun> runs;
  for (const auto& [name, folder] : request.runs) runs.push_back(read_recorded_run(folder, name));
  print(std::cout, compare(runs, request.options), collapse_notes(request), request.format);
  return static_cast<int>(ExitStatus::done);
}

}  // namespace ltlab::app
