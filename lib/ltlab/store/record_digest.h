#pragma once

#include <string>

#include "ltlab/store/records.h"

namespace ltlab {

/// Returns a SHA-256 of the whole content of a RunRecord, CollectionRecord, LevelRecord or
/// TrainingCheckpoint, to the last bit, however it is stored: equal records have equal digests. A file that
/// was written and read again can thus be compared with the intended record.
template <class Record>
std::string record_digest(const Record& record);

}  // namespace ltlab
