#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "comparison_file.h"
#include "search_session.h"
#include "stop_signals.h"

namespace ltlab::app {

/// Names of searches, and their folders.
using Folders = std::vector<std::pair<std::string, std::string>>;

/// Runs searches that are compared, one after the other, each as far as it is missing.
class ComparisonRunner {
 public:
  explicit ComparisonRunner(unsigned workers) : workers_(workers) {}

  /// Completes each search in `out`/NAME, and returns names and folders. A dense network that several of
  /// them share, with those of earlier calls, is trained by the first alone. Data are loaded once for all
  /// that read the same. Errors as of check_folder() and run_session(); those of folders before anything is
  /// run.
  Folders run(const NamedSearches& searches, const std::filesystem::path& out);
  /// Returns whether each search is finished in `out`/NAME.
  static bool is_finished(const NamedSearches& searches, const std::filesystem::path& out);

 private:
  void run_search(const std::string& name, const SearchRequest& search);

  unsigned workers_;
  StopSignals signals_;
  SharedData data_;
  std::vector<SearchRequest> finished_;
};

}  // namespace ltlab::app
