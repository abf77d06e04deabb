#include "comparison_runner.h"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "ltlab/base/error.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/dense_copy.h"
#include "ltlab/lottery/search.h"
#include "ltlab/store/session_lock.h"

namespace ltlab::app {
namespace fs = std::filesystem;
namespace {

// Returns searches, each in its own folder; existing ones are resumed.
std::vector<SearchRequest> requests(const NamedSearches& searches, const fs::path& out, unsigned workers) {
  std::vector<SearchRequest> result;
  for (const auto& [name, config] : searches) {
    SearchRequest& search = result.emplace_back();
    search.config = config;
    search.out = (out / name).string();
    search.workers = workers;
    search.resume = true;
  }
  return result;
}

// Begins a search with the dense networks that another one has trained already.
void copy_dense_networks(const SearchRequest& search, const SearchRequest& other) {
  const unsigned replicates = search.config.replicates;
  if (other.config.replicates != replicates) return;
  for (unsigned r = 0; r < replicates; ++r) {
    const RunStore from(replicate_folder(other.out, replicates, r)),
        to(replicate_folder(search.out, replicates, r));
    if (copy_dense(from, to, search.config))
      std::cerr << "ltlab: the dense network of seed " << search.config.seed + r << " is that of "
                << other.out << '\n';
  }
}

// Tells what to do with a folder of an earlier version, whose comparison files left `retrain-order` new.
void refuse_earlier_order(const SearchRequest& search) {
  const std::optional<CollectionRecord> stored = stored_settings(RunStore(search.out));
  const bool was_new = stored && !setting(stored->config, "retrain-order");
  if (was_new && search.config.retraining_order == RetrainingOrder::original) {
    throw ConfigError("'" + search.out +
                      "' was run with an order of images for each level, which was the default of comparison "
                      "files before: add the line retrain-order = new to the file, or give another --out");
  }
}

}  // namespace

Folders ComparisonRunner::run(const NamedSearches& searches, const fs::path& out) {
  const std::vector<SearchRequest> all = requests(searches, out, workers_);
  for (const SearchRequest& search : all) {
    refuse_earlier_order(search);
    check_folder(search);
  }
  Folders folders;
  folders.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!app::is_finished(all[i])) run_search(searches[i].first, all[i]);
    finished_.push_back(all[i]);
    folders.emplace_back(searches[i].first, all[i].out);
  }
  return folders;
}

bool ComparisonRunner::is_finished(const NamedSearches& searches, const fs::path& out) {
  return std::ranges::all_of(requests(searches, out, 1),
                             [](const SearchRequest& search) { return app::is_finished(search); });
}

void ComparisonRunner::run_search(const std::string& name, const SearchRequest& search) {
  const SessionLock lock(search.out);
  check_folder(search);
  for (const SearchRequest& other : finished_) copy_dense_networks(search, other);
  SearchProgress progress(search.config, search.workers);
  std::cerr << "ltlab: variant '" << name << "'\n";
  run_session(search, data_.of(search.config), signals_.source(), progress);
}

}  // namespace ltlab::app
