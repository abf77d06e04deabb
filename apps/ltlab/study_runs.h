#pragma once

#include <string>
#include <utility>
#include <vector>

#include "comparison_file.h"
#include "ltlab/study/verdicts.h"
#include "study_report.h"

namespace ltlab::app {

/// Names of searches, and their folders.
using Folders = std::vector<std::pair<std::string, std::string>>;

/// Returns the looks that a study takes at growing data; one, of all its seeds, where it plans none. Together
/// they spend 5 %, by the spending function of O'Brien and Fleming's type.
std::vector<Look> looks_of(const ComparisonFile& file);

/// Returns searches with so many replicates.
NamedSearches with_replicates(NamedSearches searches, unsigned replicates);

/// Reads the variants of recorded searches, without the seeds that the study excludes. Errors as of
/// read_recorded_run().
StudyVariants read_variants(const Folders& folders, const StudyLines& study);

/// Returns the folders of the main specification's searches in a study's folder; empty unless each of them
/// has a run.
Folders recorded_folders(const ComparisonFile& file, const std::string& out);

/// Returns whether every search of every specification is finished, with the seeds of the last look.
bool is_study_finished(const ComparisonFile& file, const std::string& out);

}  // namespace ltlab::app
