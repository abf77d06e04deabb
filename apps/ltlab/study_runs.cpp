#include "study_runs.h"

#include <algorithm>
#include <filesystem>

#include "ltlab/analysis/alpha_spending.h"
#include "ltlab/store/run_store.h"
#include "tuning.h"

namespace ltlab::app {

namespace fs = std::filesystem;
namespace {

NamedSearches with_replicates(NamedSearches searches, unsigned replicates) {
  for (auto& [name, config] : searches) config.replicates = replicates;
  return searches;
}

unsigned recorded_replicates(const fs::path& folder) {
  return fs::exists(folder) ? static_cast<unsigned>(RunStore(folder).tickets().size()) : 0;
}

// Leaves the networks whose seed passes.
template <typename Passes>
void keep_if(StudyVariants& variants, const Passes& passes) {
  for (auto& [name, variant] : variants) {
    for (auto& [level, networks] : variant.levels)
      std::erase_if(networks, [&](const auto& network) { return !passes(network.first); });
    std::erase_if(variant.levels, [](const auto& level) { return level.second.empty(); });
  }
}

}  // namespace

std::vector<Look> looks_of(const ComparisonFile& file) {
  constexpr double kAlpha = 0.05;
  const std::vector<unsigned>& planned = file.study.looks;
  if (planned.empty()) return {{file.searches().front().second.replicates, kAlpha}};
  std::vector<double> information;
  information.reserve(planned.size());
  for (const unsigned seeds : planned)
    information.push_back(static_cast<double>(seeds) / static_cast<double>(planned.back()));
  const std::vector<double> alphas = nominal_levels(information, kAlpha, Spending::obrien_fleming);
  std::vector<Look> looks;
  looks.reserve(planned.size());
  for (std::size_t i = 0; i < planned.size(); ++i) looks.push_back({planned[i], alphas[i]});
  return looks;
}

NamedSearches searches_at(const Specification& specification, const std::string& out, const Look& look,
                          const Look& last) {
  NamedSearches searches = with_replicates(specification.searches, look.seeds);
  for (auto& [name, config] : searches) {
    const unsigned recorded = recorded_replicates(search_folder(specification, out, name));
    config.replicates = std::clamp(recorded, look.seeds, last.seeds);
  }
  return searches;
}

StudyVariants read_variants(const Folders& folders, const StudyLines& study) {
  StudyVariants variants;
  for (const auto& [name, folder] : folders) {
    for (Variant& variant : variants_of(read_recorded_run(folder, name)))
      variants.emplace(variant.name, std::move(variant));
  }
  keep_if(variants, [&](std::uint64_t seed) { return !study.exclusions.contains(seed); });
  return variants;
}

void keep_seeds(StudyVariants& variants, std::uint64_t first, unsigned seeds) {
  keep_if(variants, [&](std::uint64_t seed) { return seed - first < seeds; });
}

Folders recorded_searches(const ComparisonFile& file, const std::string& out) {
  Folders folders;
  for (const auto& [name, config] : file.searches()) {
    const fs::path folder = search_folder(file.specifications.front(), out, name);
    if (!fs::exists(folder) || !RunStore(folder).has_run()) return {};
    folders.emplace_back(name, folder.string());
  }
  return folders;
}

bool is_study_finished(const ComparisonFile& file, const std::string& out) {
  const unsigned seeds = looks_of(file).back().seeds;
  return std::ranges::all_of(file.specifications, [&](const Specification& specification) {
    if (!are_trials_finished(specification, out)) return false;
    const Specification chosen = tuned(specification, read_tunings(specification, out));
    return ComparisonRunner::is_finished(with_replicates(chosen.searches, seeds),
                                         specification_folder(specification, out));
  });
}

}  // namespace ltlab::app
