#include <boost/program_options.hpp>
#include <filesystem>
#include <iostream>
#include <limits>
#include <set>

#include "commands.h"
#include "format.h"
#include "json_output.h"
#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/run_store.h"
#include "report/page_parts.h"
#include "report/report_data.h"
#include "study_package.h"
#include "text_table.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

constexpr char kUsage[] = R"(Usage: ltlab report RUN... -o report.html

Makes a page of runs to look at in a browser: accuracy and early stop by density, with controls; training
curves; each layer's density; masks and weights as images at every level, and of a first layer that takes
pixels the survivors at each; the overlap of tickets; kernels and cost; provenance. The page is one file,
needs no network, and holds its data as JSON in the element 'data'.

The folder of a study is shown with its runs, its claims and their verdicts.

It stays under 5 MB: images of masks and weights that do not fit are left out, those of controls and of
later replicates first, and the page tells so. --full keeps them.

)";

constexpr std::size_t kMostBytes = 4'900'000;  // of data in a page that is to stay under 5 MB

po::options_description report_options() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("help", "show this text");
  add("out,o", po::value<std::string>()->value_name("FILE.html"), "the page to write");
  add("force", "replace the page that is there");
  add("full", "keep all masks and weights, however large the page becomes");
  return options;
}

// Adds the folders of runs inside `folder`, and, as many levels down, inside those that are no runs.
void add_runs_inside(const fs::path& folder, unsigned levels, std::vector<std::string>& runs) {
  std::set<fs::path> inside;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !entry.is_symlink()) inside.insert(entry.path());
  }
  for (const fs::path& one : inside) {
    if (RunStore(one).has_run())
      runs.push_back(one.string());
    else if (levels > 1)
      add_runs_inside(one, levels - 1, runs);
  }
}

// Adds a run, or those of a study, whose verdicts lie in its folder: of each specification, or of the only
// one.
void add_runs(const fs::path& folder, std::vector<std::string>& runs, nlohmann::ordered_json& studies) {
  if (RunStore(folder).has_run() || !fs::is_regular_file(folder / kVerdicts)) {
    runs.push_back(folder.string());
    return;
  }
  studies.push_back(read_verdicts(folder));
  add_runs_inside(folder, 2, runs);
}

// Names runs by their folders' names, or by their paths where those are the same.
std::vector<ReportedRun> named(const std::vector<std::string>& folders) {
  std::vector<ReportedRun> runs;
  std::set<std::string> names;
  for (const std::string& folder : folders) {
    runs.push_back({fs::weakly_canonical(folder).filename().string(), folder});
    names.insert(runs.back().name);
  }
  if (names.size() == runs.size()) return runs;
  for (ReportedRun& run : runs) run.name = run.folder.string();
  return runs;
}

// Replaces every occurrence of the place.
void fill_in(std::string& page, const std::string& place, const std::string& text) {
  for (std::size_t at = page.find(place); at != std::string::npos; at = page.find(place, at + text.size()))
    page.replace(at, place.size(), text);
}

// A path need not be UTF-8, but a page must be.
std::string as_utf8(const std::string& text) {
  return nlohmann::ordered_json::parse(json_text(text)).get<std::string>();
}

// Returns the whole page, which shows the data under the title.
std::string report_page(const std::string& title, const nlohmann::ordered_json& data) {
  std::string page = kPageHtml;
  fill_in(page, "{{title}}", escaped(as_utf8(title), {{'<', "&lt;"}, {'&', "&amp;"}}));
  fill_in(page, "{{style}}", kPageCss);
  fill_in(page, "{{script}}", kPageJs);
  // '<' must begin neither a tag nor "</script>"; JSON has it only in strings, where this is equivalent.
  fill_in(page, "{{data}}", escaped(json_text(data), {{'<', "\\u003c"}}));
  return page;
}

void write(const fs::path& out, const std::string& page) {
  const FolderLock lock(fs::absolute(out).parent_path());
  write_atomically(lock, out.filename(), std::as_bytes(std::span(page)));
}

}  // namespace

int report_command(const Arguments& arguments) {
  const po::options_description options = report_options();
  const po::variables_map values = parse_arguments(arguments, options, "run");
  if (print_help(values, kUsage, options)) return 0;
  if (values.count("run") == 0) throw ConfigError("ltlab report: name at least one run folder; see --help");
  if (values.count("out") == 0)
    throw ConfigError("ltlab report: name the page to write, as in -o report.html");
  std::vector<std::string> folders;
  nlohmann::ordered_json studies = nlohmann::ordered_json::array();
  for (const std::string& folder : values["run"].as<std::vector<std::string>>())
    add_runs(folder, folders, studies);
  const std::vector<ReportedRun> runs = named(folders);
  const fs::path out = values["out"].as<std::string>();
  check_output_file(out, values.count("force") > 0);  // before minutes of reading
  const std::size_t most = values.count("full") > 0 ? std::numeric_limits<std::size_t>::max() : kMostBytes;
  auto data = report_data(runs, most);
  data["studies"] = studies;
  const std::string title = join(runs, ", ", [](const ReportedRun& run) { return run.name; });
  const std::string page = report_page(title, data);
  write(out, page);
  std::cout << out.string() << format(": %.1f MB", 1e-6 * static_cast<double>(page.size()));
  if (const LeftOut left = left_out(data); left.images > 0)
    std::cout << format(", without %zu of %zu images of masks and weights: --full keeps them", left.images,
                        left.of);
  std::cout << '\n';
  return 0;
}

}  // namespace ltlab::app
