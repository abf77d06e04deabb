#pragma once

#include <string>

#include "ltlab/store/records.h"

namespace ltlab {

/// SHA-256 over all that a record says, to the last bit, however it is stored: of two records it is the same
/// where they say the same. So a file that was written and read again can be held against what was meant.
std::string record_digest(const RunRecord& run);
std::string record_digest(const CollectionRecord& collection);
std::string record_digest(const LevelRecord& level);
std::string record_digest(const TrainingCheckpoint& checkpoint);

}  // namespace ltlab
