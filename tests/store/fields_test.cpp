#include "ltlab/store/fields.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "ltlab/store/record_files.h"
#include "store/sample_run.h"
#include "support/temporary_folder.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

const char* type_name(const FieldValue& value) {
  const char* const names[] = {"text", "float64", "uint64"};
  return names[value.index()];
}

// The rows of masks/README.md that describe the fields of a record.
template <class Record>
std::string table() {
  std::string text = "| name | type | unit | what |\n|---|---|---|---|\n";
  for (const Field<Record>& field : fields<Record>())
    text += "| `" + field.name + "` | " + type_name(field.get(Record())) + " | " + field.unit + " | " +
            field.meaning + " |\n";
  return text;
}

std::string readme() {
  std::ostringstream text;
  text << std::ifstream(std::string(LTLAB_TESTS) + "/../masks/README.md").rdbuf();
  return text.str();
}

template <class Record>
void check_names_differ() {
  std::set<std::string> names;
  for (const Field<Record>& field : fields<Record>()) CHECK(names.insert(field.name).second);
}

}  // namespace

TEMPLATE_TEST_CASE("masks/README.md has a table of each record's fields, and each is set and told alike",
                   "[store]", LevelSummary, MetricsRow, KernelChoice, RunIdentity, RunRecord,
                   CollectionRecord, RunTotals, TrainingCheckpoint) {
  CHECK_THAT(readme(), Catch::Contains(table<TestType>()));
  check_names_differ<TestType>();
  TestType record{};
  double number = 0.5;
  for (const Field<TestType>& field : fields<TestType>()) {
    CAPTURE(field.name);
    FieldValue value = field.get(record);
    const bool is_word = std::is_same_v<TestType, KernelChoice> && field.name != "parameter";
    if (auto* text = std::get_if<std::string>(&value)) *text = is_word ? *text : "text of " + field.name;
    if (auto* real = std::get_if<double>(&value)) *real = number;
    if (auto* count = std::get_if<std::uint64_t>(&value)) *count = static_cast<std::uint64_t>(2 * number);
    field.set(record, value);
    CHECK(field.get(record) == value);
    number += 1;
  }
  // No two are the same member.
  for (const Field<TestType>& one : fields<TestType>()) {
    for (const Field<TestType>& other : fields<TestType>()) {
      if (one.name != other.name && one.get(record).index() == other.get(record).index() &&
          !std::is_same_v<TestType, KernelChoice>)
        CHECK(one.get(record) != other.get(record));
    }
  }
}

TEST_CASE("A figure that older files lack says nothing", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  LevelRecord level = sample_level(0);
  level.mask_step = 0;
  store.write_level(level);
  CHECK(store.read_summary(0).mask_step == 0);
  level.mask_step = level.steps;
  store.write_level(level);
  CHECK(store.read_summary(0).mask_step == level.steps);
}

TEST_CASE("Predictions are read as they were written, also by themselves, and older files have none",
          "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  LevelRecord level = sample_level(1);
  store.write_level(level);
  CHECK(store.read_level(1).predictions == level.predictions);
  CHECK(store.read_predictions(1) == level.predictions);
  CHECK_FALSE(level.predictions.empty());
  level.predictions = {};
  store.write_level(level);
  CHECK(store.read_level(1).predictions.empty());
  CHECK(store.read_predictions(1).empty());
}
