#include "store/sample_run.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ltlab::test {
namespace {

Tensor sample_tensor(const std::string& name, const Shape& shape, float first) {
  Tensor tensor{name, shape, AlignedVector<float>(element_count(shape))};
  for (std::size_t i = 0; i < tensor.values.size(); ++i)
    tensor.values[i] = first + 0.1F * static_cast<float>(i);
  return tensor;
}

std::vector<Tensor> sample_weights(float first) {
  return {sample_tensor("fc1.weight", {4, 6}, first), sample_tensor("fc1.bias", {4}, first),
          sample_tensor("fc10.weight", {2, 4}, first), sample_tensor("fc10.bias", {2}, first)};
}

Tensor masked(const Mask& mask, Tensor tensor) {
  for (std::size_t i = 0; i < mask.size(); ++i) tensor.values[i] *= static_cast<float>(mask.keep[i]);
  return tensor;
}

// Moves every survivor to another place.
std::vector<Mask> rotated(std::vector<Mask> masks) {
  for (Mask& mask : masks) std::rotate(mask.keep.begin(), mask.keep.begin() + 1, mask.keep.end());
  return masks;
}

void write_control(RunStore& ticket, const std::string& branch, std::uint64_t seed) {
  RunStore store(ticket.folder() / (branch + "-0"));
  store.write_run(sample_run(branch, seed));
  for (const unsigned level : {1U, 2U}) {
    store.write_level(
        sample_level(level, branch == "random-mask" ? rotated(sample_masks(level)) : sample_masks(level)));
  }
  ticket.link_members();
}

}  // namespace

RunRecord sample_run(const std::string& branch, std::uint64_t seed) {
  RunRecord run;
  run.config = "model = mlp:6-4-2\n";
  run.extent = "levels = 3\n";
  run.model = "mlp:6-4-2";
  run.branch = branch;
  run.seed = seed;
  run.dataset = "embedded";
  run.dataset_fingerprint = "0123456789abcdef";
  run.data_directory = "/data";
  run.rewind_step = 10;
  run.init_weights = sample_weights(1);
  run.rewind_weights = sample_weights(2);
  run.rewind_optimizer = {sample_tensor("momentum/fc1.weight", {4, 6}, 3), sample_tensor("steps", {}, 10),
                          sample_tensor("momentum/fc1.bias", {4}, 4)};
  run.started_utc = "2026-01-31T12:00:00Z";
  return run;
}

std::vector<Mask> sample_masks(unsigned level) {
  std::vector<Mask> masks{full_mask("fc1.weight", {4, 6}), full_mask("fc10.weight", {2, 4})};
  for (Mask& mask : masks) {
    std::fill(mask.keep.begin() + static_cast<std::ptrdiff_t>(mask.size() >> level), mask.keep.end(),
              std::uint8_t{0});
  }
  return masks;
}

LevelRecord sample_level(unsigned level) {
  return sample_level(level, sample_masks(level));
}

LevelRecord sample_level(unsigned level, std::vector<Mask> masks) {
  LevelRecord record;
  record.level = level;
  record.density = density(masks);
  record.masks = std::move(masks);
  record.weights = sample_weights(5);
  for (const Mask& mask : record.masks) {
    const auto weight = std::find_if(record.weights.begin(), record.weights.end(),
                                     [&](const Tensor& tensor) { return tensor.name == mask.name; });
    for (std::size_t i = 0; i < mask.size(); ++i) weight->values[i] *= static_cast<float>(mask.keep[i]);
  }
  record.metrics = {{10, 0, std::numeric_limits<double>::quiet_NaN(), 2.3, 0.1, 0.01},
                    {20, 0.1, 1.5, 1.2, 0.6, 0.02},
                    {30, 0.1, 0.7, 1.3, 0.7, 0.03}};
  record.kernels = {{"fc1.weight", Product::forward, Kernel::sparse, 2e-5, 1e-5},
                    {"fc10.weight", Product::backward_weights, Kernel::dense, 0, 0}};
  record.predictions = {{{0, 1, 1, 0, 1, 1, 0, 0, 1, 0}, {0.5F, 1, 0.75F, 0.5F, 1, 1, 0.9F, 0.9F, 0.6F, 1}},
                        {{1, 1, 0, 0, 0, 1, 0, 1, 1, 1}, {0.7F, 1, 0.5F, 0.5F, 1, 1, 0.9F, 0.9F, 0.6F, 1}}};
  record.steps = 30;
  record.first_step = 10;
  record.test_loss = 0.31;
  record.test_accuracy = 0.9;
  record.validation_loss = 1.3;
  record.validation_accuracy = 0.7;
  record.early_stop_step = 20;
  record.early_stop_validation_loss = 1.2;
  record.early_stop_test_loss = 0.33;
  record.early_stop_test_accuracy = 0.89;
  record.cost = {0.03, 1e6, 3e6};
  record.started_utc = "2026-01-31T12:00:01Z";
  record.finished_utc = "2026-01-31T12:00:02Z";
  return record;
}

TrainingCheckpoint sample_checkpoint(unsigned level) {
  const LevelRecord trained = sample_level(level);
  TrainingCheckpoint checkpoint;
  checkpoint.level = level;
  checkpoint.step = 25;
  checkpoint.masks = trained.masks;
  // Names as a trainer might give them, in an order that no sorting of names gives.
  const Mask &first = trained.masks[0], &second = trained.masks[1];
  checkpoint.state = {masked(first, sample_tensor("weights/fc1.weight", {4, 6}, -1)),
                      masked(second, sample_tensor("best/fc10.weight", {2, 4}, 0.5F)),
                      masked(first, sample_tensor("optimizer/velocity/fc1.weight", {4, 6}, 1e-42F)),
                      sample_tensor("weights/fc1.bias", {4}, 0.3F),
                      masked(first, sample_tensor("best/fc1.weight", {4, 6}, 3e38F)),
                      masked(second, sample_tensor("weights/fc10.weight", {2, 4}, 2))};
  checkpoint.metrics = {trained.metrics[0], trained.metrics[1]};
  checkpoint.kernels = trained.kernels;
  checkpoint.loss_sum = 0.1 + 0.2;
  checkpoint.loss_count = 5;
  checkpoint.wall_seconds = 1.0 / 3.0;
  checkpoint.started_utc = "2026-01-31T12:00:01Z";
  return checkpoint;
}

void write_sample_collection(const std::filesystem::path& folder) {
  RunStore top(folder);
  top.write_collection({sample_run().config, sample_run().extent, "/data", "2026-01-31T12:00:00Z"});
  for (const std::uint64_t seed : {0, 1}) {
    RunStore replicate(folder / ("replicate-" + std::to_string(seed)));
    replicate.write_run(sample_run("ticket", seed));
    for (const unsigned level : {0U, 1U, 2U}) replicate.write_level(sample_level(level));
    write_control(replicate, "random-reinit", seed);
    write_control(replicate, "random-mask", seed);
    top.link_members();
  }
}

}  // namespace ltlab::test
