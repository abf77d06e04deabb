#include "ltlab/store/file_checks.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <iterator>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/text.h"
#include "ltlab/store/fields.h"

namespace ltlab {
namespace {

using Faults = std::vector<std::string>;

void check_finite(const std::vector<Tensor>& tensors, const std::string& group, Faults& faults) {
  for (const Tensor& tensor : tensors) {
    const auto bad =
        std::count_if(tensor.values.begin(), tensor.values.end(), [](float v) { return !std::isfinite(v); });
    if (bad > 0)
      faults.push_back(group + "/" + tensor.name + ": " + std::to_string(bad) + " values are not finite");
  }
}

void check_ones_and_zeros(const std::vector<Mask>& masks, Faults& faults) {
  for (const Mask& mask : masks) {
    const auto bad = std::ranges::count_if(mask.keep, [](std::uint8_t keep) { return keep > 1; });
    if (bad > 0)
      faults.push_back("mask/" + mask.name + ": " + std::to_string(bad) + " values are neither 0 nor 1");
  }
}

void check_densities(const LevelRecord& level, Faults& faults) {
  const double found = density(level.masks);
  if (std::abs(found - level.density) <= 1e-12) return;
  faults.push_back("attribute 'density' says " + figure_text(level.density) + ", but the masks have " +
                   figure_text(found));
}

void check_masked_weights(const std::vector<Mask>& masks, const std::vector<Tensor>& weights,
                          const std::string& group, Faults& faults) {
  for (const Mask& mask : masks) {
    const Tensor* tensor = find_named(weights, mask.name);
    if (!tensor || tensor->shape != mask.shape) {
      faults.push_back("mask/" + mask.name + " of shape " + extents_text(mask.shape) + " has no like in " +
                       group + "/");
      continue;
    }
    std::size_t alive = 0;
    for (std::size_t i = 0; i < mask.size(); ++i) alive += mask.keep[i] == 0 && tensor->values[i] != 0;
    if (alive > 0)
      faults.push_back(group + "/" + mask.name + ": " + std::to_string(alive) +
                       " pruned weights are not zero");
  }
}

// ------------------------------------------------------------------------------------------------- ranges

// `where` is "attribute 'test_loss'", or "metrics, row 3, column 'train_loss'".
void check_number(const std::string& where, double value, FieldRange range, Faults& faults) {
  const bool is_fraction = range == FieldRange::from_0_to_1;
  if (range == FieldRange::any || (std::isfinite(value) && value >= 0 && (!is_fraction || value <= 1)))
    return;
  faults.push_back(where + " says " + figure_text(value) + ", which is not " +
                   (is_fraction ? "between 0 and 1" : "a number from 0 on"));
}

// Checks for "2026-01-31T12:00:00Z", the form of utc_now().
void check_time(const std::string& where, std::string_view text, Faults& faults) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
  const bool like = std::ranges::equal(text, kForm, [](char c, char form) {
    return form == '0' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == form;
  });
  if (!like) faults.push_back(where + " says '" + std::string(text) + "', which is no time in UTC");
}

// Checks for 64 hexadecimal digits, the form of Sha256::hex(); an optional digest may be empty.
void check_digest(const std::string& where, const std::string& text, Faults& faults) {
  constexpr std::size_t kDigits = 64;
  const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!text.empty() && (text.size() != kDigits || !is_hex))
    faults.push_back(where + " says '" + text + "', which is no SHA-256");
}

// Checks each field; `kind` is its role in a file. One for which `may_be_unknown` holds may be NaN.
template <class Record>
void check_fields(
    const Record& record, Faults& faults, const std::string& kind = "attribute",
    const std::function<bool(const std::string&)>& may_be_unknown = [](const auto&) { return false; }) {
  for (const Field<Record>& field : fields<Record>()) {
    const FieldValue value = field.get(record);
    const std::string where = kind + " '" + field.name + "'";
    const auto* number = std::get_if<double>(&value);
    if (number && !(std::isnan(*number) && may_be_unknown(field.name)))
      check_number(where, *number, field.range, faults);
    if (field.range == FieldRange::time) check_time(where, std::get<std::string>(value), faults);
    if (field.range == FieldRange::digest) check_digest(where, std::get<std::string>(value), faults);
  }
}

void check_steps(const std::string& name, std::uint64_t step, std::uint64_t most, Faults& faults) {
  if (step > most)
    faults.push_back("attribute '" + name + "' says step " + std::to_string(step) + ", but the last one is " +
                     std::to_string(most));
}

// ------------------------------------------------------------------------------------------------- tables

void check_rows(const std::vector<MetricsRow>& rows, std::uint64_t last_step, Faults& faults) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const MetricsRow& row = rows[r];
    const std::string where = "metrics, row " + std::to_string(r);
    if (r > 0 && row.step <= rows[r - 1].step)
      faults.push_back("metrics: step " + std::to_string(row.step) + " in row " + std::to_string(r) +
                       " comes after step " + std::to_string(rows[r - 1].step));
    if (r > 0 && row.wall_seconds < rows[r - 1].wall_seconds)
      faults.push_back(where + ": column 'wall_seconds' goes back");
    if (row.step > last_step)
      faults.push_back(where + ": step " + std::to_string(row.step) + ", but the last one is " +
                       std::to_string(last_step));
    // There is no training loss before the first step.
    check_fields(row, faults, where + ", column",
                 [r](auto& field) { return r == 0 && field == "train_loss"; });
  }
}

// Checks the attributes that repeat metrics.
void check_metrics(const LevelRecord& level, Faults& faults) {
  const std::vector<MetricsRow>& rows = level.metrics;
  check_rows(rows, level.steps, faults);
  if (rows.empty()) return;
  const MetricsRow& last = rows.back();
  if (last.step != level.steps)
    faults.push_back("attribute 'steps' says " + std::to_string(level.steps) + ", but metrics end at step " +
                     std::to_string(last.step));
  if (last.validation_loss != level.validation_loss || last.validation_accuracy != level.validation_accuracy)
    faults.push_back("attributes 'validation_loss' and 'validation_accuracy' say " +
                     figure_text(level.validation_loss) + " and " + figure_text(level.validation_accuracy) +
                     ", but the last row of metrics " + figure_text(last.validation_loss) + " and " +
                     figure_text(last.validation_accuracy));
  if (last.wall_seconds > level.cost.wall_seconds)
    faults.emplace_back("attribute 'wall_seconds' says less than the last row of metrics");
  const auto begin = std::ranges::lower_bound(rows, level.mask_step, {}, &MetricsRow::step);
  const auto least = std::ranges::min_element(begin, rows.end(), {}, &MetricsRow::validation_loss);
  if (least == rows.end()) return;
  const std::string since =
      level.mask_step > 0 ? ", of those from step " + std::to_string(level.mask_step) + " on" : "";
  if (least->step != level.early_stop_step || least->validation_loss != level.early_stop_validation_loss) {
    faults.push_back("attribute 'early_stop_step' says step " + std::to_string(level.early_stop_step) +
                     ", but validation loss is least (" + figure_text(least->validation_loss) + ") at step " +
                     std::to_string(least->step) + since);
  }
}

void check_kernels(const std::vector<KernelChoice>& rows, const std::vector<Mask>& masks, Faults& faults) {
  std::set<std::pair<std::string, Product>> seen;
  for (const KernelChoice& row : rows) {
    const std::string where =
        std::string("kernels, ").append(to_string(row.product)) + " of '" + row.parameter + "'";
    if (!find_named(masks, row.parameter)) faults.push_back(where + ": no mask has that name");
    if (!seen.emplace(row.parameter, row.product).second) faults.push_back(where + " is told twice");
    check_fields(row, faults, where + ", column");
  }
}

// Arrays of a parameter have its shape, such as an optimizer's "first/fc1.weight".
void check_optimizer(const std::vector<Tensor>& arrays, const std::vector<Tensor>& parameters,
                     const std::string& group, Faults& faults) {
  for (const Tensor& array : arrays) {
    if (array.name == "steps" && !holds_count(array))
      faults.push_back(group + "/steps is no number of steps");
    const Tensor* parameter = find_named(parameters, array.name.substr(array.name.find('/') + 1));
    if (parameter && parameter->shape != array.shape)
      faults.push_back(group + "/" + array.name + " is of shape " + extents_text(array.shape) +
                       ", its parameter of " + extents_text(parameter->shape));
  }
}

// Checks what training resumes from: the weights, the best so far and the optimizer's, zero where masked.
void check_state(const TrainingCheckpoint& checkpoint, Faults& faults) {
  const std::vector<Tensor> weights = without_prefix(checkpoint.state, "weights/");
  const std::vector<Tensor> best = without_prefix(checkpoint.state, "best/");
  check_masked_weights(checkpoint.masks, weights, "state/weights", faults);
  check_masked_weights(checkpoint.masks, best, "state/best", faults);
  check_optimizer(without_prefix(checkpoint.state, "optimizer/"), weights, "state/optimizer", faults);
}

// The weights of the rewind step are those of step 0, trained.
void check_rewind(const RunRecord& run, Faults& faults) {
  check_optimizer(run.rewind_optimizer, run.init_weights, "rewind_optimizer", faults);
  if (run.rewind_weights.empty() || run.init_weights.empty()) return;
  std::ranges::move(unlike_initial(run.rewind_weights, "rewind", run.init_weights),
                    std::back_inserter(faults));
}

// An accuracy is a number of images over all.
void check_accuracy(const std::string& name, double accuracy, std::size_t images, Faults& faults) {
  const double right = accuracy * static_cast<double>(images);
  if (std::abs(right - std::round(right)) > 1e-6)
    faults.push_back("attribute '" + name + "' says " + figure_text(accuracy) + ", which is no part of the " +
                     std::to_string(images) + " images that were predicted");
}

// Checks what is told of one set, whose predictions have such names.
void check_predictions(const Predictions& predictions, const std::string& name, std::size_t classes,
                       Faults& faults) {
  const std::string where = "predictions/" + name;
  if (predictions.classes.size() != predictions.probabilities.size())
    faults.push_back(where + "_class and " + name + "_probability are of different lengths");
  const auto unknown =
      std::ranges::count_if(predictions.classes, [&](std::uint8_t one) { return one >= classes; });
  if (unknown > 0)
    faults.push_back(where + "_class: " + std::to_string(unknown) + " are none of the " +
                     std::to_string(classes) + " classes");
  // The likeliest class has at least its equal share, but for rounding.
  const double least = (1 - 1e-4) / static_cast<double>(classes);
  const auto wrong = std::ranges::count_if(predictions.probabilities, [&](float probability) {
    return !(probability >= least && probability <= 1);
  });
  if (wrong > 0)
    faults.push_back(where + "_probability: " + std::to_string(wrong) +
                     " cannot be those of the likeliest class");
}

// The output layer comes last, and has as many rows as there are classes.
void check_predictions(const LevelRecord& level, Faults& faults) {
  if (level.predictions.empty() || level.weights.empty() || level.weights.back().shape.empty()) return;
  const std::size_t classes = level.weights.back().shape.front();
  const auto& [test, validation] = level.predictions;
  check_predictions(test, "test", classes, faults);
  check_predictions(validation, "validation", classes, faults);
  check_accuracy("test_accuracy", level.test_accuracy, test.classes.size(), faults);
  check_accuracy("validation_accuracy", level.validation_accuracy, validation.classes.size(), faults);
}

// Kernels do at least what the surviving weights need.
void check_flops(const Cost& cost, Faults& faults) {
  if (cost.kernel_flops == 0 || cost.kernel_flops >= cost.flops) return;
  faults.push_back("attribute 'kernel_flops' says " + figure_text(cost.kernel_flops) +
                   ", less than 'flops', " + figure_text(cost.flops));
}

// Checks the figures of a training; an import has none of them.
void check_training(const LevelRecord& level, Faults& faults) {
  check_flops(level.cost, faults);
  if (level.metrics.empty()) faults.emplace_back("metrics has no row");
  check_steps("first_step", level.first_step, level.steps, faults);
  check_steps("mask_step", level.mask_step, level.steps, faults);
  check_steps("early_stop_step", level.early_stop_step, level.steps, faults);
}

}  // namespace

std::string figure_text(double number) {
  TextStream text;
  text.precision(6);
  text << number;
  return text.str();
}

std::vector<std::string> unlike_initial(const std::vector<Tensor>& arrays, const std::string& group,
                                        const std::vector<Tensor>& init) {
  Faults faults;
  if (arrays.size() != init.size()) {
    faults.push_back(group + "/ has " + std::to_string(arrays.size()) + " parameters, init/ of run.h5 has " +
                     std::to_string(init.size()));
  }
  for (const Tensor& tensor : arrays) {
    const Tensor* initial = find_named(init, tensor.name);
    if (initial && initial->shape == tensor.shape) continue;
    faults.push_back(group + "/" + tensor.name + " of shape " + extents_text(tensor.shape) +
                     " has no like in init/ of run.h5");
  }
  return faults;
}

void require_sound(const std::filesystem::path& file, const std::vector<std::string>& faults,
                   const std::string& advice) {
  if (!faults.empty())
    throw StoreError("'" + file.string() + "' cannot be right: " + faults.front() + "; " + advice);
}

std::vector<std::string> faults_of(const LevelRecord& level, const std::string& branch) {
  Faults faults;
  check_ones_and_zeros(level.masks, faults);
  check_densities(level, faults);
  check_finite(level.weights, "weights", faults);
  check_finite(level.initial_weights, "initial", faults);
  check_finite(level.optimizer, "optimizer", faults);
  check_masked_weights(level.masks, level.weights, "weights", faults);
  if (!level.initial_weights.empty())
    check_masked_weights(level.masks, level.initial_weights, "initial", faults);
  check_optimizer(level.optimizer, level.weights, "optimizer", faults);
  const bool imported = branch == "imported";
  if (!imported) check_training(level, faults);
  check_fields<LevelSummary>(level, faults, "attribute", [&](const auto&) { return imported; });
  check_metrics(level, faults);
  check_kernels(level.kernels, level.masks, faults);
  check_predictions(level, faults);
  return faults;
}

std::vector<std::string> faults_of(const RunRecord& run) {
  Faults faults;
  check_finite(run.init_weights, "init", faults);
  check_finite(run.rewind_weights, "rewind", faults);
  check_finite(run.rewind_optimizer, "rewind_optimizer", faults);
  check_rewind(run, faults);
  check_fields(run, faults);
  if (run.totals) check_fields(*run.totals, faults);
  return faults;
}

std::vector<std::string> faults_of(const CollectionRecord& collection) {
  Faults faults;
  check_fields(collection, faults);
  if (collection.totals) check_fields(*collection.totals, faults);
  return faults;
}

std::vector<std::string> faults_of(const TrainingCheckpoint& checkpoint) {
  Faults faults;
  check_state(checkpoint, faults);
  if (checkpoint.metrics.empty()) faults.emplace_back("metrics has no row");
  check_ones_and_zeros(checkpoint.masks, faults);
  check_finite(checkpoint.state, "state", faults);
  check_steps("mask_step", checkpoint.mask_step, checkpoint.step, faults);
  check_fields(checkpoint, faults);
  check_rows(checkpoint.metrics, checkpoint.step, faults);
  check_kernels(checkpoint.kernels, checkpoint.masks, faults);
  return faults;
}

}  // namespace ltlab
