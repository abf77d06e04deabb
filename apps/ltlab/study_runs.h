#pragma once

#include <string>
#include <vector>

#include "comparison_file.h"
#include "comparison_runner.h"
#include "ltlab/study/verdicts.h"
#include "study_report.h"

namespace ltlab::app {

/// Returns the looks that a study takes at growing data; one, of all its seeds, where it plans none. Together
/// they spend 5 %, by the spending function of O'Brien and Fleming's type.
std::vector<Look> looks_of(const ComparisonFile& file);

/// Returns a specification's searches with the seeds of one of the looks, or with those of a later look that
/// are recorded in `out` already: a study that is run again leaves none of them out.
NamedSearches searches_at(const Specification& specification, const std::string& out, const Look& look,
                          const Look& last);

/// Reads the variants of recorded searches, without the seeds that the study excludes. Errors as of
/// read_recorded_run().
StudyVariants read_variants(const Folders& folders, const StudyLines& study);

/// Leaves only the first seeds from `first` on, those that a look is about.
void keep_seeds(StudyVariants& variants, std::uint64_t first, unsigned seeds);

/// Returns the folders of the main specification's searches in a study's folder; empty unless each of them
/// has a run.
Folders recorded_searches(const ComparisonFile& file, const std::string& out);

/// Returns whether every trial and search of every specification is finished, with the seeds of the last
/// look.
bool is_study_finished(const ComparisonFile& file, const std::string& out);

}  // namespace ltlab::app
