#include "ltlab/analysis/mask_structure.h"

#include <catch2/catch.hpp>

#include "ltlab/analysis/level_structure.h"
#include "ltlab/base/error.h"
#include "ltlab/prune/pruning.h"
#include "ltlab/prune/scores.h"
#include "store/sample_run.h"
#include "support/temporary_folder.h"

using namespace ltlab;

namespace {

Tensor tensor(const std::string& name, const Shape& shape, std::initializer_list<float> values) {
  return {name, shape, AlignedVector<float>(values.begin(), values.end())};
}

}  // namespace

TEST_CASE("A layer's structure counts survivors, degrees and the dead", "[analysis]") {
  // Neuron 0 has two inputs and leads out, neuron 1 has one and leads nowhere, neuron 2 has none.
  const std::vector<Mask> masks = {{"fc1.weight", {3, 4}, {1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}},
                                   {"fc2.weight", {2, 3}, {1, 0, 1, 0, 0, 0}}};
  const std::vector<LayerStructure> layers = mask_structure(masks, chain_wiring(masks.size()));
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].survivors == 3);
  CHECK(layers[0].density() == Approx(0.25));
  CHECK(layers[0].effective_survivors == 2);
  CHECK(layers[0].output_degrees == std::vector<std::size_t>{2, 1, 0});
  CHECK(layers[0].input_degrees == std::vector<std::size_t>{1, 2, 0, 0});
  CHECK(layers[0].dead_inputs == 2);
  CHECK(layers[0].dead_outputs == 1);
  CHECK(layers[0].dead_neurons == 2);
  CHECK(layers[1].effective_density().value() == Approx(1.0 / 6));
  CHECK(layers[1].dead_inputs == 1);
  CHECK(layers[1].dead_outputs == 1);
  CHECK(layers[1].dead_neurons == 1);

  const LayerStructure unwired = mask_structure(masks, std::nullopt).front();
  CHECK(unwired.survivors == 3);
  CHECK_FALSE(unwired.effective_survivors);
  CHECK_FALSE(unwired.dead_neurons);
}

TEST_CASE("Empty blocks of random masks are as many as expected, of block masks more", "[analysis]") {
  const std::vector<Mask> random = random_masks({[] {
                                                  Mask mask = full_mask("conv.weight", {64, 64, 3, 3});
                                                  std::fill(mask.keep.begin() + 3000, mask.keep.end(), 0);
                                                  return mask;
                                                }()},
                                                1, 0, 0);
  const LayerStructure layer = mask_structure(random, chain_wiring(1)).front();
  REQUIRE(layer.blocks.size() == 4);
  CHECK(layer.blocks[3].width == 9);
  for (const BlockStructure& block : layer.blocks) CHECK(block.empty == Approx(block.expected).margin(0.03));

  Mask blocky = full_mask("fc.weight", {32, 32});
  for (std::size_t i = 0; i < blocky.size(); ++i) blocky.keep[i] = (i / 32 / 4 + i % 32 / 4) % 2;
  const BlockStructure square = mask_structure({blocky}, chain_wiring(1)).front().blocks[2];
  CHECK(square.height == 4);
  CHECK(square.width == 4);
  CHECK(square.empty == Approx(0.5));
  CHECK(square.expected < 1e-4);
}

TEST_CASE("Weight statistics are of the survivors alone", "[analysis]") {
  const Mask mask{"fc.weight", {2, 3}, {1, 1, 0, 1, 0, 1}};
  const auto after = tensor("fc.weight", {2, 3}, {0.5F, -1.0F, 9.0F, 0.25F, -9.0F, -0.75F});
  const auto statistics = weight_statistics(mask, after);
  REQUIRE(statistics);
  CHECK(statistics->mean == Approx(-0.25));
  CHECK(statistics->deviation == Approx(0.7359800721939872));  // numpy: std(ddof=1)
  CHECK(statistics->least_magnitude == 0.25);
  CHECK(statistics->greatest_magnitude == 1);
  CHECK(statistics->positive == 0.5);
  const auto before = tensor("fc.weight", {2, 3}, {0.1F, 0.1F, 1.0F, 0.1F, 1.0F, -0.1F});
  CHECK(sign_agreement(mask, before, after) == 0.75);

  const Mask none{"fc.weight", {2, 3}, {0, 0, 0, 0, 0, 0}};
  CHECK_FALSE(weight_statistics(none, after));
  CHECK_FALSE(sign_agreement(none, before, after));
  CHECK_THROWS_AS(weight_statistics(mask, tensor("fc.weight", {6}, {1, 2, 3, 4, 5, 6})), StoreError);
}

TEST_CASE("The pruning threshold parts what magnitude pruning pruned from what it kept", "[analysis]") {
  const Mask before = full_mask("fc.weight", {2, 3});
  const auto trained = tensor("fc.weight", {2, 3}, {0.5F, -0.25F, 0.125F, 1.0F, -2.0F, 0.375F});
  const std::vector<double> magnitudes = score_weights(Score::magnitude, {before, trained, trained});
  const Mask after = prune_by_score({{before, magnitudes}}, {{{0}, 3}}, {}).front();
  CHECK(pruning_threshold(before, trained, after) == 0.375);
  CHECK(weight_statistics(after, trained)->least_magnitude == 0.5);
  CHECK_FALSE(pruning_threshold(after, trained, after));
}

TEST_CASE("Histograms count every value, the ends included", "[analysis]") {
  const Histogram h = histogram({0, 1, 2, 3, 4, 4}, 4);
  CHECK(h.least == 0);
  CHECK(h.greatest == 4);
  CHECK(h.counts == std::vector<std::size_t>{1, 1, 1, 3});
  CHECK(histogram({7, 7}, 3).counts == std::vector<std::size_t>{2, 0, 0});
  CHECK(histogram({}, 2).counts == std::vector<std::size_t>{0, 0});
  CHECK(degree_histogram({3, 5, 5, 8}, 40).counts == std::vector<std::size_t>{1, 0, 2, 0, 0, 1});
  CHECK(degree_histogram({0, 1, 2, 3, 4}, 2).counts == std::vector<std::size_t>{3, 2});
}

TEST_CASE("A level's report tells where weights began, in a control's ticket too", "[analysis]") {
  const test::TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  RunStore ticket(folder.path() / "replicate-0");
  RunRecord run = ticket.read_run();
  run.model = "imported";  // whose layers have names that no model of ours has
  ticket.write_run(run);
  const RunContext context(ticket.folder());
  const LevelRecord before = ticket.read_level(1), level = ticket.read_level(2);
  const LevelReport report = report_level(level, &before, context);
  REQUIRE(report.layers.size() == level.masks.size());
  for (std::size_t l = 0; l < level.masks.size(); ++l) {
    const LayerReport& layer = report.layers[l];
    CHECK(layer.pruned == before.masks[l].survivors() - level.masks[l].survivors());
    CHECK(layer.before);
    CHECK(layer.after);
  }
  CHECK_FALSE(report.effective_density());
  CHECK_FALSE(report.dead_neurons());
  RunRecord silent = test::sample_run("random-mask", 0);  // what its ticket tells, a control does not repeat
  silent.init_weights.clear();
  silent.rewind_weights.clear();
  RunStore control(ticket.folder() / "random-mask-1");
  control.write_run(silent);
  CHECK(find_named(RunContext(control.folder()).initial_weights(level), "fc1.weight")->values[0] == 2);
  CHECK(RunContext(folder.path() / "none").initial_weights(level).empty());
  CHECK_FALSE(report_level(level, nullptr, context).layers[0].pruned);
}
