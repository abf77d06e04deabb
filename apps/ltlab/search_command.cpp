#include <unistd.h>

#include <iostream>
#include <new>
#include <string>

#include "commands.h"
#include "json_output.h"
#include "kernel_report.h"
#include "ltlab/analysis/compared_run.h"
#include "ltlab/base/error.h"
#include "ltlab/config/config_lines.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/search.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/session_lock.h"
#include "search_options.h"
#include "search_progress.h"
#include "search_report.h"
#include "search_session.h"
#include "stop_signals.h"

namespace ltlab::app {
namespace {

void show(const SearchRequest& request, const SearchResults& results) {
  const RunStore first(replicate_folder(request.out, request.config.replicates, 0));
  const SearchFindings findings{results, layer_collapse(RunStore(request.out)), first.read_run().classes,
                                request.matching};
  if (!request.json) {
    print_report(std::cout, findings);
    if (request.explain_kernels) print_kernels(std::cout, first);
    return;
  }
  nlohmann::ordered_json report = report_json(findings);
  report["run"] = request.out;
  report["config"] = written_config(request.config);
  if (request.explain_kernels) report["kernels"] = kernels_json(first);
  print_json(std::cout, report);
}

// A run that exists already has its own settings.
SearchData load_data(const SearchRequest& request) {
  const RunStore store(request.out);
  if (!request.resume || !store.has_run()) return SearchData(request.config);
  return as_stored(store.run_path().string(), [&] { return SearchData(request.config); });
}

// The advice for when the system again does what it refused.
std::string how_to_go_on(const SearchRequest& request) {
  try {
    if (RunStore(request.out).has_run()) return ". What was stored is whole: then go on with --resume";
    return ". Nothing is stored yet: then give the same command again";
  } catch (const IoError&) {
    return ". What was stored is whole";
  }
}

}  // namespace

int search_command(const Arguments& arguments) {
  const SearchRequest request = parse_search(arguments);
  if (request.help) return 0;
  const bool read_only = access(request.out.c_str(), F_OK) == 0 && access(request.out.c_str(), W_OK) != 0;
  if (request.resume && read_only && is_finished(request)) {
    show(request, recorded_results(read_recorded_run(request.out, request.out)));
    return 0;
  }
  const SessionLock lock(request.out);
  check_folder(request);
  const StopSignals signals;
  SearchResults results;
  try {
    SearchProgress progress(request.config, request.workers);
    run_session(request, load_data(request), signals.source(), progress);
    results = progress.results();
  } catch (const Interrupted&) {
    throw Error(
        ExitStatus::interrupted,
        "interrupted; what was done is saved, go on with: ltlab search --resume --out " + request.out);
  } catch (const IoError& error) {
    throw IoError(error.what() + how_to_go_on(request));
  } catch (const std::bad_alloc&) {
    throw IoError("out of memory: free some, or take fewer --workers" + how_to_go_on(request));
  }
  show(request, results);
  return 0;
}

}  // namespace ltlab::app
