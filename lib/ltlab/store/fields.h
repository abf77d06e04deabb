#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "ltlab/store/records.h"

namespace ltlab {

/// A field's value as a file holds it.
using FieldValue = std::variant<std::string, double, std::uint64_t>;

/// The range of a field, whatever the others say.
enum class FieldRange { any, from_0, from_0_to_1, time, digest };

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

/// Makes what fields() returns.
template <class Record>
std::vector<Field<Record>> list_fields();

/// Returns all fields of a record, in the order in which files are described: for a LevelSummary, RunRecord,
/// CollectionRecord, TrainingCheckpoint, RunTotals, RunIdentity, MetricsRow or KernelChoice.
template <class Record>
const std::vector<Field<Record>>& fields() {
  static const std::vector<Field<Record>> all = list_fields<Record>();
  return all;
}

/// The record whose fields() count for a record: a level's are those of its summary.
template <class Record>
using Figures = std::conditional_t<std::is_same_v<Record, LevelRecord>, LevelSummary, Record>;

/// Calls visit(name, part, may_lack) for all that a record holds beside its fields: arrays, tables, a text
/// and totals. Their order and names are those of groups, tables and attributes in its file; `may_lack` is
/// given, and true, where a file without arrays has no group for them.
template <class Record, class Visit>
void for_each_part(Record& record, const Visit& visit) {
  if constexpr (requires { record.totals; }) visit("totals", record.totals);
  if constexpr (requires { record.init_weights; }) {
    visit("init", record.init_weights);
    visit("rewind", record.rewind_weights);
    visit("rewind_optimizer", record.rewind_optimizer);
  }
  if constexpr (requires { record.masks; }) visit("mask", record.masks);
  if constexpr (requires { record.weights; }) {
    visit("weights", record.weights);
    visit("initial", record.initial_weights, true);
    visit("optimizer", record.optimizer, true);
    visit("predictions", record.predictions, true);
    visit("model", record.model);
  }
  if constexpr (requires { record.state; }) visit("state", record.state);
  if constexpr (requires { record.metrics; }) {
    visit("metrics", record.metrics);
    visit("kernels", record.kernels);
  }
}

}  // namespace ltlab
