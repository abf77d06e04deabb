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
  template <class... Values>
  void add_all(const Values&... values) {
    (add(values), ...);
  }

  template <class Number>
  requires std::is_arithmetic_v<Number>
  void add(const Number& number) { hash_.add(std::as_bytes(std::span(&number, 1))); }

  void add(const std::string& text) {
    add(text.size());
    hash_.add(std::as_bytes(std::span(text)));
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

  template <class Value>
  void add(const std::optional<Value>& value) {
    add(value.has_value());
    if (value) add(*value);
  }

  void add(const Tensor& tensor) {
    const auto& [name, shape, values] = tensor;
    add_all(name, shape, values);
  }

  void add(const Mask& mask) {
    const auto& [name, shape, keep] = mask;
    add_all(name, shape, keep);
  }

  template <class Record>
  void add_fields(const Record& record) {
    for (const Field<Record>& field : fields<Record>())
      std::visit([&](const auto& value) { add(value); }, field.get(record));
  }

  void add(const MetricsRow& row) { add_fields(row); }
  void add(const KernelChoice& choice) { add_fields(choice); }
  void add(const RunTotals& totals) { add_fields(totals); }

  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

}  // namespace

std::string record_digest(const RunRecord& run) {
  RecordDigest digest;
  digest.add_fields(run);
  digest.add_all(run.init_weights, run.rewind_weights, run.rewind_optimizer, run.totals);
  return digest.hex();
}

std::string record_digest(const CollectionRecord& collection) {
  RecordDigest digest;
  digest.add_fields(collection);
  digest.add(collection.totals);
  return digest.hex();
}

std::string record_digest(const LevelRecord& level) {
  RecordDigest digest;
  digest.add_fields<LevelSummary>(level);
  digest.add_all(level.masks, level.weights, level.initial_weights, level.optimizer, level.metrics,
                 level.kernels, level.model);
  return digest.hex();
}

std::string record_digest(const TrainingCheckpoint& checkpoint) {
  RecordDigest digest;
  digest.add_fields(checkpoint);
  digest.add_all(checkpoint.masks, checkpoint.state, checkpoint.metrics, checkpoint.kernels);
  return digest.hex();
}

}  // namespace ltlab
