#pragma once

#include <string>

#include "ltlab/store/records.h"

namespace ltlab {

/// Returns a SHA-256 of a record's whole content, to the last bit, however it is stored: equal records have
/// equal digests. A file that was written and read again can thus be compared with the intended record.
std::string record_digest(const RunRecord& run);
std::string record_digest(const CollectionRecord& collection);
std::string record_digest(const LevelRecord& level);
std::string record_digest(const TrainingCheckpoint& checkpoint);

}  // namespace ltlab
