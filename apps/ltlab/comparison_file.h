#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ltlab/config/search_config.h"
#include "ltlab/study/study_lines.h"

namespace ltlab::app {

/// Searches, the base first: the name and the config of each.
using NamedSearches = std::vector<std::pair<std::string, SearchConfig>>;

/// Options, and the values that each takes in turn.
using OptionValues = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// How a search is tuned: what it is with each choice of the values that are tried.
struct Tuning {
  OptionValues values;       ///< that are tried
  NamedSearches trials;      ///< of one seed that no replicate has, without controls, by choice
  NamedSearches candidates;  ///< the search itself with the same choices
};

/// One choice of what a comparison file varies for all its searches alike.
struct Specification {
  std::string name;                       ///< "learning-rate-0.0012_batch-60"; empty where nothing is varied
  NamedSearches searches;                 ///< those that are tuned with the first values
  std::map<std::string, Tuning> tunings;  ///< by the name of the search; of those that are tuned
};

/// What a comparison file says.
struct ComparisonFile {
  std::string text;   ///< as it was read
  OptionValues grid;  ///< options that are varied
  /// One for each combination of these values, the last option's changing fastest; the main one first, of the
  /// first value of each option.
  std::vector<Specification> specifications;
  StudyLines study;

  const NamedSearches& searches() const { return specifications.front().searches; }
};

/// Reads lines `option = value`, the base's settings as in --config of a search; lines
/// `variant.NAME.option = value`, in which a variant differs from the base; lines `grid.option = A,B,...`,
/// which make all of these searches once with each value, and with several such lines once with each choice
/// of values; lines `tune.option = A,B,...`, or `variant.NAME.tune.option` for one variant, of values that
/// are tried for each search by itself, unless it sets that option; and the lines of read_study_lines(). A
/// variant has the base's lines, `preset` among them, with its own replacing those of the same name. All have
/// the same seeds and show images in the same order, unless `retrain-order` says otherwise, so that
/// replicates pair. `data_directory` is as for parse_settings(). ConfigError, naming the file and the
/// variant; also where searches would differ in data, model or budget and `allow_different` does not hold,
/// where there is nothing to compare, or a claim names no variant of it.
ComparisonFile read_comparison_file(const std::string& path, const std::string& data_directory,
                                    bool allow_different);

/// Returns the folder of a specification's searches where `out` has all of a comparison.
std::filesystem::path specification_folder(const Specification& specification, const std::string& out);

/// Returns the folder of one of its searches.
std::filesystem::path search_folder(const Specification& specification, const std::string& out,
                                    const std::string& search);

/// Returns the folder of the trials of one that is tuned.
std::filesystem::path tuning_folder(const Specification& specification, const std::string& out,
                                    const std::string& search);

/// Returns those of the folders of searches and trials of a whole comparison that there are.
std::vector<std::filesystem::path> recorded_folders(const ComparisonFile& file, const std::string& out);

/// Returns the names of a comparison's variants: of its searches, and of their controls ("base/random-mask").
std::vector<std::string> variant_names(const NamedSearches& searches);

}  // namespace ltlab::app
