#include "ltlab/store/record_digest.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "ltlab/base/sha256.h"
#include "ltlab/store/fields.h"

namespace ltlab {
namespace {

// Computes the digest over all fields and arrays of records.
class RecordDigest {
 public:
  // Adds a number, a text, an array or the fields of a record.
  template <class Value>
  void add(const Value& value) {
    if constexpr (std::is_arithmetic_v<Value> || std::is_same_v<Value, std::string>) {
      hash_.add_value(value);
    } else if constexpr (std::is_same_v<Value, Tensor> || std::is_same_v<Value, Mask>) {
      const auto& [name, shape, values] = value;
      add(name);
      add(shape);
      add(values);
    } else {
      for (const Field<Value>& field : fields<Value>())
        std::visit([&](const auto& one) { add(one); }, field.get(value));
    }
  }

  template <class Value, class Allocator>
  void add(const std::vector<Value, Allocator>& values) {
    add(values.size());
    if constexpr (std::is_arithmetic_v<Value>) {
      hash_.add(std::as_bytes(std::span(values)));
    } else {
      for (const Value& value : values) add(value);
    }
  }

  void add(const LevelPredictions& predictions) {
    for (const Predictions& of : {predictions.test, predictions.validation}) {
      add(of.classes);
      add(of.probabilities);
    }
  }

  template <class Value>
  void add(const std::optional<Value>& value) {
    add(value.has_value());
    if (value) add(*value);
  }

  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

}  // namespace

template <class Record>
std::string record_digest(const Record& record) {
  RecordDigest digest;
  digest.add<Figures<Record>>(record);
  for_each_part(record, [&](const char*, const auto& part, bool = false) { digest.add(part); });
  return digest.hex();
}

template std::string record_digest(const RunRecord& run);
template std::string record_digest(const CollectionRecord& collection);
template std::string record_digest(const LevelRecord& level);
template std::string record_digest(const TrainingCheckpoint& checkpoint);

}  // namespace ltlab
