#include "ltlab/config/search_config.h"

#include <algorithm>

#include "ltlab/data/sources.h"
#include "ltlab/data/user_arrays.h"

namespace ltlab {

const NameTable<Control>& control_names() {
  using enum Control;
  static const NameTable<Control> table("control", {{random_reinit, "random-reinit"},
                                                    {random_mask, "random-mask"},
                                                    {global_random_mask, "global-random-mask"},
                                                    {shuffled_weights, "shuffled-weights"},
                                                    {sign_only, "sign-only"},
                                                    {supermask, "supermask"},
                                                    {inverted_mask, "inverted-mask"}});
  return table;
}

bool is_drawn(Control control) {
  return control != Control::sign_only && control != Control::supermask && control != Control::inverted_mask;
}

double SearchConfig::rate_of(const std::string& layer, const Shape& weights, bool output_layer) const {
  if (output_layer && granularity.kind == Granularity::Kind::neuron) return 0;
  if (const auto found = layer_rates.find(layer); found != layer_rates.end()) return found->second;
  if (output_layer) return rate_of_output_layer();
  return weights.size() == 4 ? convolution_rate.value_or(rate) : rate;
}

std::uint64_t SearchConfig::steps_of(unsigned level) const {
  if (level == 0 || level_steps.empty()) return training.steps;
  return level_steps[std::min<std::size_t>(level, level_steps.size()) - 1];
}

const NameTable<Retraining>& retraining_names() {
  using enum Retraining;
  static const NameTable<Retraining> table("retraining technique",
                                           {{weight_rewinding, "weights"},
                                            {learning_rate_rewinding, "learning-rate"},
                                            {fine_tuning, "fine-tune"},
                                            {none, "none"}});
  return table;
}

const NameTable<RetrainingOrder>& retraining_order_names() {
  using enum RetrainingOrder;
  static const NameTable<RetrainingOrder> table("data order", {{fresh, "new"}, {original, "original"}});
  return table;
}

const NameTable<PruningTime>& pruning_time_names() {
  using enum PruningTime;
  static const NameTable<PruningTime> table("time of pruning", {{after_training, "after-training"},
                                                                {one_shot, "one-shot"},
                                                                {before_training, "before-training"},
                                                                {during_training, "during-training"},
                                                                {early_bird, "early-bird"},
                                                                {set, "set"},
                                                                {rigl, "rigl"}});
  return table;
}

const NameTable<GradualCourse>& gradual_course_names() {
  using enum GradualCourse;
  static const NameTable<GradualCourse> table("course of gradual pruning",
                                              {{cubic, "cubic"}, {linear, "linear"}});
  return table;
}

const NameTable<Budget>& budget_names() {
  using enum Budget;
  static const NameTable<Budget> table("budget", {{steps, "steps"}, {flops, "flops"}});
  return table;
}

MaskChanges mask_changes(const SearchConfig& c, std::uint64_t steps) {
  const std::uint64_t begin = c.pruning_time == PruningTime::during_training ? steps / 4 : 0;
  return {c.mask_begin.value_or(begin), c.mask_end.value_or(steps - steps / 4), c.mask_every};
}

DatasetOptions pretraining_data(const SearchConfig& c) {
  DatasetOptions data = c.data;
  if (!c.pretraining.source.empty()) data.source = c.pretraining.source;
  // The folder of a user's arrays need not be that of published data.
  if (is_user_arrays(c.data.source) && !is_user_arrays(data.source) &&
      !holds_data(data.directory, data.source))
    data.directory.clear();
  data.random_labels = c.pretraining.random_labels;
  return data;
}

}  // namespace ltlab
