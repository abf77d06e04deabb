#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "ltlab/store/records.h"

namespace ltlab {

/// As a file holds it.
using FieldValue = std::variant<std::string, double, std::uint64_t>;

/// What a field can say, whatever the others do.
enum class FieldRange { any, from_0, from_0_to_1, time };

/// One text or figure of a record, and all that is known of it: an attribute of the record's file, or a
/// column of a table.
template <class Record>
struct Field {
  std::string name;
  std::string unit;     ///< "nats", "UTC"; empty for counts, fractions and texts
  std::string meaning;  ///< for masks/README.md
  FieldRange range = FieldRange::any;
  /// Whether a file lacks it where it says nothing, and older files did: read, it then is as in Record{}.
  bool optional = false;

  std::function<FieldValue(const Record& record)> get;
  /// `value` is of the type of get(). ConfigError where it is none of the words or numbers that there can be.
  std::function<void(Record& record, const FieldValue& value)> set;
};

/// All fields of a record, in the order in which files are described: of a LevelSummary, RunRecord,
/// CollectionRecord, TrainingCheckpoint, RunTotals, RunIdentity, MetricsRow or KernelChoice.
template <class Record>
const std::vector<Field<Record>>& fields();

}  // namespace ltlab
