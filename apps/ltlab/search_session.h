#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include "ltlab/analysis/search_results.h"
#include "ltlab/train/trainer.h"
#include "search_options.h"
#include "search_progress.h"

namespace ltlab::app {

/// The data that a search reads.
class SearchData {
 public:
  /// Loads them, and says so on standard error. Errors as of load_dataset().
  explicit SearchData(const SearchConfig& config);

  const TrainingData& own() const { return own_; }
  /// Returns the data of pretraining, which are the search's where it has none of its own.
  const TrainingData& pretraining() const { return pretraining_ ? *pretraining_ : own_; }

 private:
  TrainingData own_;
  std::optional<TrainingData> pretraining_;
};

/// Loads data once for searches that read the same, one after the other.
class SharedData {
 public:
  /// Returns the data of a search, until the next call. Errors as of SearchData.
  const SearchData& of(const SearchConfig& config);

 private:
  SearchConfig loaded_for_;
  std::unique_ptr<SearchData> data_;
};

/// Checks that the search may use its folder; deletes nothing. ConfigError where it holds a run that is
/// neither to be resumed nor replaced, or one of other settings.
void check_folder(const SearchRequest& request);

/// Returns whether the folder holds the whole search asked for: it ended with these settings and this extent,
/// and its levels cost what it recorded then. StoreError, IoError as from the store.
bool is_finished(const SearchRequest& request);

/// Completes a search, whose folder was checked and is locked; shows its progress on standard error. Errors
/// as of run_search().
void run_session(const SearchRequest& request, const SearchData& data, const std::stop_source& stop,
                 SearchProgress& progress);

}  // namespace ltlab::app
