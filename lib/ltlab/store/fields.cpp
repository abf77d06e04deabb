#include "ltlab/store/fields.h"

#include <limits>
#include <type_traits>
#include <utility>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

template <class Number>
FieldValue to_value(const Number& number) {
  return std::conditional_t<std::is_floating_point_v<Number>, double, std::uint64_t>{number};
}
FieldValue to_value(const std::string& text) {
  return text;
}
FieldValue to_value(const Product& product) {
  return std::string(to_string(product));
}
FieldValue to_value(const Kernel& kernel) {
  return std::string(to_string(kernel));
}

template <class Value>
void from_value(const FieldValue& value, Value& to) {
  to = std::get<Value>(value);
}
void from_value(const FieldValue& value, unsigned& to) {
  const auto number = std::get<std::uint64_t>(value);
  if (number > std::numeric_limits<unsigned>::max())
    throw ConfigError("there is no level " + std::to_string(number));
  to = static_cast<unsigned>(number);
}
void from_value(const FieldValue& value, Product& to) {
  to = parse_product(std::get<std::string>(value));
}
void from_value(const FieldValue& value, Kernel& to) {
  to = parse_kernel(std::get<std::string>(value));
}

// Makes a field that `at` finds in the record.
template <class Record, class At>
Field<Record> field(At at, std::string name, std::string unit, std::string meaning,
                    FieldRange range = FieldRange::any, bool optional = false) {
  return {std::move(name),
          std::move(unit),
          std::move(meaning),
          range,
          optional,
          [at](const Record& record) { return to_value(at(record)); },
          [at](Record& record, const FieldValue& value) { from_value(value, at(record)); }};
}

// Gives a member's place and name.
// clang-format off
#define AT(member) [](auto& r) -> auto& { return r.member; }, #member
#define IN(record, member) [](auto& r) -> auto& { return r.record.member; }, #member
// clang-format on

constexpr bool kOptional = true;
using enum FieldRange;

}  // namespace

// One line per field reads best.
// clang-format off

template <>
std::vector<Field<LevelSummary>> list_fields() {
  const auto of = [](auto... facts) { return field<LevelSummary>(facts...); };
  return {
      of(AT(level), "", "0: the dense network"),
      of(AT(density), "", "weights that the masks keep, of all that may be pruned"),
      of(AT(steps), "", "of a whole training, counted from initialization"),
      of(AT(first_step), "", "at which this training began: the rewind step"),
      of(AT(test_loss), "nats", "mean cross-entropy after training", from_0),
      of(AT(test_accuracy), "", "fraction of the test images classified correctly after training", from_0_to_1),
      of(AT(validation_loss), "nats", "mean cross-entropy after training", from_0),
      of(AT(validation_accuracy), "", "fraction of the validation images classified correctly after training", from_0_to_1),
      of(AT(mask_step), "", "at which masks changed last; absent where they never did in training", any, kOptional),
      of(AT(early_stop_step), "", "of least validation loss, since masks changed last"),
      of(AT(early_stop_validation_loss), "nats", "at that step", from_0),
      of(AT(early_stop_test_loss), "nats", "at that step", from_0),
      of(AT(early_stop_test_accuracy), "", "at that step", from_0_to_1),
      of(IN(cost, wall_seconds), "s", "that training took, over all sessions", from_0),
      of(IN(cost, flops), "FLOP", "of forward and backward products over the steps done, by surviving weights, a multiply-add as two; in runs of ltlab 0.1.0 what the kernels did", from_0),
      of(IN(cost, dense_flops), "FLOP", "what the unpruned network would have needed", from_0),
      of(IN(cost, kernel_flops), "FLOP", "what the kernels did, of which dense ones multiply by zeros too; absent in runs of ltlab 0.1.0", from_0, kOptional),
      of(AT(order_sha256), "", "of the order in which training sees the images, as told below; absent in imports and older files", digest, kOptional),
      of(AT(started_utc), "UTC", "ISO 8601", time),
      of(AT(finished_utc), "UTC", "ISO 8601", time),
  };
}

template <>
std::vector<Field<MetricsRow>> list_fields() {
  const auto of = [](auto... facts) { return field<MetricsRow>(facts...); };
  return {
      of(AT(step), "", "optimizer steps done"),
      of(AT(learning_rate), "", "of the last of them; 0 before the first", from_0),
      of(AT(train_loss), "nats", "mean cross-entropy of the training images since the row before; NaN before the first step", from_0),
      of(AT(validation_loss), "nats", "mean cross-entropy over the validation set", from_0),
      of(AT(validation_accuracy), "", "fraction of it", from_0_to_1),
      of(AT(wall_seconds), "s", "on this level so far, over all sessions; alone not reproducible", from_0),
  };
}

template <>
std::vector<Field<KernelChoice>> list_fields() {
  const auto of = [](auto... facts) { return field<KernelChoice>(facts...); };
  return {
      of(AT(parameter), "", "that has the mask"),
      of(AT(product), "", "`forward`, `backward-data` or `backward-weights`"),
      of(AT(kernel), "", "that ran it: `dense` or `sparse`"),
      of(AT(dense_seconds), "s", "measured for the choice; 0 where nothing was", from_0),
      of(AT(sparse_seconds), "s", "likewise", from_0),
  };
}

template <>
std::vector<Field<RunIdentity>> list_fields() {
  const auto of = [](auto... facts) { return field<RunIdentity>(facts...); };
  return {
      of(AT(config_sha256), "", "of `config`"),
      of(AT(branch), "", "`ticket`, the name of a control, `pretraining`, `copy` or `imported`"),
      of(AT(dataset_fingerprint), "", "of the images and labels"),
      of(AT(seed), "", "of this replicate"),
      of(AT(trial), "", "of a control or copy"),
  };
}

template <>
std::vector<Field<RunRecord>> list_fields() {
  const auto of = [](auto... facts) { return field<RunRecord>(facts...); };
  return {
      of(AT(config), "", "what decides the results, a line `name = value` each, as for `--config`"),
      of(AT(extent), "", "how far the search goes, likewise"),
      of(AT(model), "", "a name, or a model's text"),
      of(AT(model_text), "", "the model's text whatever its name, on one line; absent in runs of ltlab 0.1.0", any, kOptional),
      of(AT(image), "pixels", "of the images: channels, height and width, as 1x28x28; absent in runs of ltlab 0.1.0", any, kOptional),
      of(AT(branch), "", "as in every file"),
      of(AT(seed), "", "as in every file"),
      of(AT(trial), "", "as in every file"),
      of(AT(dataset), "", "its name"),
      of(AT(dataset_fingerprint), "", "as in every file"),
      of(AT(classes), "", "of the dataset; absent in imports and older files", any, kOptional),
      of(AT(data_directory), "", "that `--data-dir` or the path of `h5:FILE` gave; else absent", any, kOptional),
      of(AT(rewind_step), "", "to which survivors return"),
      of(AT(init_origin), "", "the file, seen from here, whose weights pretraining left as those of step 0; else absent", any, kOptional),
      of(AT(started_utc), "UTC", "ISO 8601", time),
  };
}

template <>
std::vector<Field<CollectionRecord>> list_fields() {
  const auto of = [](auto... facts) { return field<CollectionRecord>(facts...); };
  return {
      of(AT(config), "", "as in a run"),
      of(AT(extent), "", "as in a run"),
      of(AT(data_directory), "", "as in a run", any, kOptional),
      of(AT(started_utc), "UTC", "ISO 8601", time),
  };
}

template <>
std::vector<Field<RunTotals>> list_fields() {
  const auto of = [](auto... facts) { return field<RunTotals>(facts...); };
  return {
      of(IN(cost, wall_seconds), "s", "sum over the levels", from_0),
      of(IN(cost, flops), "FLOP", "sum over the levels", from_0),
      of(IN(cost, dense_flops), "FLOP", "sum over the levels", from_0),
      of(IN(cost, kernel_flops), "FLOP", "sum over the levels that tell it", from_0, kOptional),
      of(AT(finished_utc), "UTC", "when the last level was finished", time),
  };
}

template <>
std::vector<Field<TrainingCheckpoint>> list_fields() {
  const auto of = [](auto... facts) { return field<TrainingCheckpoint>(facts...); };
  return {
      of(AT(level), "", "in training"),
      of(AT(step), "", "optimizer steps done"),
      of(AT(loss_sum), "nats", "of training images since the last row of `metrics`", from_0),
      of(AT(loss_count), "", "images in it"),
      of(AT(wall_seconds), "s", "so far, over all sessions", from_0),
      of(AT(started_utc), "UTC", "ISO 8601", time),
      of(AT(mask_step), "", "at which masks changed last; absent where they have not", any, kOptional),
      of(AT(flops), "FLOP", "done until then, scores included, by surviving weights; absent where there are none", from_0, kOptional),
      of(AT(kernel_flops), "FLOP", "the same that the kernels did; absent in runs of ltlab 0.1.0 too", from_0, kOptional),
  };
}

// clang-format on

#undef AT
#undef IN

}  // namespace ltlab
