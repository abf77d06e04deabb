#include <filesystem>
#include <iostream>
#include <memory>

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
#include "terminal.h"

namespace ltlab::app {
namespace {

bool read_same(const SearchConfig& a, const SearchConfig& b) {
  return a.data == b.data && pretraining_data(a) == pretraining_data(b) && a.model == b.model &&
         a.training.batch == b.training.batch;
}

// Searches, each in its folder; what is there of them is gone on with.
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

// Runs what is missing of searches, one after the other.
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

  // Loaded once for all searches that read the same.
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

// A folder that cannot be used is told before anything is run.
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

void print(std::ostream& out, const Comparison& comparison, ComparisonFormat format) {
  if (format == ComparisonFormat::csv) return print_csv(out, comparison_rows(comparison));
  if (format == ComparisonFormat::json) {
    out << comparison_json(comparison).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  const auto print_table = format == ComparisonFormat::markdown ? print_markdown
                           : format == ComparisonFormat::latex  ? print_latex
                                                                : print_terminal;
  const std::string comment = format == ComparisonFormat::latex ? "% " : "";
  for (const std::string& note : comparison_notes(comparison)) {
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
  print(std::cout, compare(runs, request.options), request.format);
  return static_cast<int>(ExitStatus::done);
}

}  // namespace ltlab::app
