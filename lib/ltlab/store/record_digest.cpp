#include "ltlab/store/record_digest.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "ltlab/base/sha256.h"

namespace ltlab {
namespace {

// Structured bindings name every member of a record, so that one that is added and forgotten here does not
// compile.
class RecordDigest {
 public:
  template <class... Values>
  void add_all(const Values&... values) {
    (add(values), ...);
  }

  template <class Number>
  requires(std::is_arithmetic_v<Number> || std::is_enum_v<Number>) void add(const Number& number) {
    hash_.add(std::as_bytes(std::span(&number, 1)));
  }

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

  void add(const MetricsRow& row) {
    const auto& [step, rate, train_loss, validation_loss, validation_accuracy, seconds] = row;
    add_all(step, rate, train_loss, validation_loss, validation_accuracy, seconds);
  }

  void add(const KernelChoice& choice) {
    const auto& [parameter, product, kernel, dense_seconds, sparse_seconds] = choice;
    add_all(parameter, product, kernel, dense_seconds, sparse_seconds);
  }

  void add(const Cost& cost) {
    const auto& [seconds, flops, dense_flops] = cost;
    add_all(seconds, flops, dense_flops);
  }

  void add(const RunTotals& totals) {
    const auto& [cost, finished] = totals;
    add_all(cost, finished);
  }

  void add(const LevelSummary& summary) {
    const auto& [level, density, steps, first_step, test_loss, test_accuracy, validation_loss,
                 validation_accuracy, mask_step, early_step, early_validation_loss, early_test_loss,
                 early_test_accuracy, cost, started, finished] = summary;
    add_all(level, density, steps, first_step, test_loss, test_accuracy, validation_loss, validation_accuracy,
            mask_step, early_step, early_validation_loss, early_test_loss, early_test_accuracy, cost, started,
            finished);
  }

  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

}  // namespace

std::string record_digest(const RunRecord& run) {
  const auto& [config, extent, model, branch, seed, trial, dataset, fingerprint, directory, rewind_step,
               origin, init, rewind, optimizer, started, totals] = run;
  RecordDigest digest;
  digest.add_all(config, extent, model, branch, seed, trial, dataset, fingerprint, directory, rewind_step,
                 origin, init, rewind, optimizer, started, totals);
  return digest.hex();
}

std::string record_digest(const CollectionRecord& collection) {
  const auto& [config, extent, directory, started, totals] = collection;
  RecordDigest digest;
  digest.add_all(config, extent, directory, started, totals);
  return digest.hex();
}

std::string record_digest(const LevelRecord& level) {
  RecordDigest digest;
  digest.add(static_cast<const LevelSummary&>(level));
  digest.add_all(level.masks, level.weights, level.initial_weights, level.optimizer, level.metrics,
                 level.kernels, level.model);
  return digest.hex();
}

std::string record_digest(const TrainingCheckpoint& checkpoint) {
  const auto& [level, step, masks, state, metrics, kernels, loss_sum, loss_count, seconds, started, mask_step,
               flops] = checkpoint;
  RecordDigest digest;
  digest.add_all(level, step, masks, state, metrics, kernels, loss_sum, loss_count, seconds, started,
                 mask_step, flops);
  return digest.hex();
}

}  // namespace ltlab
