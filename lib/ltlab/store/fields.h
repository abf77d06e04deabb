#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "ltlab/store/records.h"

namespace ltlab {

/// A field's value as a file holds it.
using FieldValue = std::variant<std::string, double, std::uint64_t>;

/// The range of a field, whatever the others say.
enum class FieldRange { any, from_0, from_0_to_1, time };

/// One text or figure of a record, with everything known about it: an attribute of the record's file, or a
/// column of a table.
template <class Record>
struct Field {
  std::string name;
  std::string unit;     ///< "nats", "UTC"; empty for counts, fractions and texts
  std::string meaning;  ///< for masks/README.md
  FieldRange range = FieldRange::any;
  /// Whether a file may lack it, as older ones do, where it says nothing; it then reads as in Record{}.
  bool optional = false;

  std::function<FieldValue(const Record& record)> get;
  /// `value` has the type of get(). ConfigError where it is not one of the possible words or numbers.
  std::function<void(Record& record, const FieldValue& value)> set;
};

/// Returns all fields of a record, in the order in which files are described: for a LevelSummary, RunRecord,
/// CollectionRecord, TrainingCheckpoint, RunTotals, RunIdentity, MetricsRow or KernelChoice.
template <class Record>
const std::vector<Field<Record>>& fields();

}  // namespace ltlab
