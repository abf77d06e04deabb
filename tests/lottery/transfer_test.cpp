#include "ltlab/lottery/transfer.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"
#include "support/temporary_folder.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

std::vector<Tensor> weights_of(const Network<float>& network, std::uint64_t seed) {
  std::vector<Tensor> tensors = network.tensors();
  for (Tensor& tensor : tensors) tensor = random_tensor(tensor.name, tensor.shape, seed++);
  return tensors;
}

Network<float> network_of(const std::string& model, std::size_t classes) {
  return make_network<float>(model, {6, 1, 1}, classes, 1);
}

std::vector<Mask> masks_of(const Network<float>& network, double density) {
  std::vector<Mask> masks;
  for (const Parameter<float>* parameter : network.parameters()) {
    if (parameter->info().prunable)
      masks.push_back(random_mask(parameter->info().name, parameter->info().shape, density, 5));
  }
  return masks;
}

LevelRecord level_of(unsigned number, std::vector<Mask> masks, std::vector<Tensor> weights) {
  LevelRecord level;
  level.level = number;
  level.density = density(masks);
  level.masks = std::move(masks);
  level.weights = std::move(weights);
  return level;
}

// A run with a dense level and two pruned ones.
void write_run(RunStore store, const Network<float>& network) {
  RunRecord run;
  run.branch = "ticket";
  run.model = "mlp:6-5-4";
  run.init_weights = weights_of(network, 1);
  run.rewind_weights = weights_of(network, 2);
  store.write_run(run);
  const double densities[] = {1.0, 0.6, 0.3};
  for (unsigned level = 0; level < 3; ++level)
    store.write_level(level_of(level, masks_of(network, densities[level]), weights_of(network, 3)));
}

}  // namespace

TEST_CASE("A saved run gives its pruned levels and its rewind weights", "[lottery]") {
  const TemporaryFolder folder;
  const Network<float> network = network_of("mlp:6-5-4", 4);
  write_run(RunStore(folder.path()), network);
  const SavedTickets all = read_saved_tickets(folder.path(), 3);
  REQUIRE(all.masks.size() == 2);
  CHECK(all.masks[0][0].keep == masks_of(network, 0.6)[0].keep);
  CHECK(all.masks[1][0].keep == masks_of(network, 0.3)[0].keep);
  CHECK(all.weights[0].values == weights_of(network, 2)[0].values);
  const SavedTickets one = read_saved_tickets(folder.path() / "level-002.h5", 0);
  REQUIRE(one.masks.size() == 1);
  CHECK(one.masks[0][0].keep == all.masks[1][0].keep);
  CHECK(one.weights[0].values == all.weights[0].values);
  CHECK_THROWS_AS(read_saved_tickets(folder.path() / "level-007.h5", 0), ConfigError);
  CHECK(fitted_masks(all, network, "RUN")[1][1].keep == all.masks[1][1].keep);
}

TEST_CASE("Each replicate has a saved one of its own", "[lottery]") {
  const TemporaryFolder folder;
  RunStore(folder.path()).write_collection({});
  write_run(RunStore(folder.path() / "replicate-1"), network_of("mlp:6-5-4", 4));
  CHECK(read_saved_tickets(folder.path(), 1).masks.size() == 2);
  CHECK_THROWS_WITH(read_saved_tickets(folder.path(), 0), Catch::Contains("replicate-0"));
}

TEST_CASE("A control tells its own weights, or its ticket's", "[lottery]") {
  const TemporaryFolder folder;
  const Network<float> network = network_of("mlp:6-5-4", 4);
  write_run(RunStore(folder.path()), network);
  RunRecord control;
  control.branch = "random-mask";
  RunStore masks(folder.path() / "random-mask-0");
  masks.write_run(control);
  masks.write_level(level_of(1, masks_of(network, 0.5), weights_of(network, 4)));
  CHECK(read_saved_tickets(masks.folder(), 0).weights[0].values == weights_of(network, 2)[0].values);
  control.branch = "random-reinit";
  RunStore reinit(folder.path() / "random-reinit-0");
  reinit.write_run(control);
  LevelRecord level = level_of(1, masks_of(network, 0.5), weights_of(network, 4));
  level.initial_weights = weights_of(network, 9);
  reinit.write_level(level);
  CHECK_THROWS_WITH(read_saved_tickets(reinit.folder(), 0), Catch::Contains("level-001.h5"));
  CHECK(read_saved_tickets(reinit.level_path(1), 0).weights[0].values == weights_of(network, 9)[0].values);
}

TEST_CASE("An import without initial weights gives masks alone", "[lottery]") {
  const TemporaryFolder folder;
  const Network<float> network = network_of("mlp:6-5-4", 4);
  RunRecord run;
  run.branch = "imported";
  RunStore store(folder.path());
  store.write_run(run);
  store.write_level(level_of(0, masks_of(network, 0.5), weights_of(network, 4)));
  const SavedTickets tickets = read_saved_tickets(folder.path(), 0);
  CHECK(tickets.masks.size() == 1);
  CHECK(tickets.weights.empty());
}

TEST_CASE("Saved masks must fit the model, but for the classes", "[lottery]") {
  const SavedTickets tickets{{masks_of(network_of("mlp:6-5-4", 4), 0.5)}, {}};
  const auto other = fitted_masks(tickets, network_of("mlp:6-5-3", 3), "RUN");
  CHECK(other[0][0].keep == tickets.masks[0][0].keep);
  CHECK(other[0][1].survivors() == 15);
  CHECK_THROWS_WITH(fitted_masks(tickets, network_of("mlp:6-7-4", 4), "RUN"),
                    Catch::Contains("RUN") && Catch::Contains("fc1.weight") && Catch::Contains("7 x 6"));
  CHECK_THROWS_WITH(fitted_masks(tickets, network_of("mlp:6-5-4-4", 4), "RUN"),
                    Catch::Contains("fc3.weight"));
  CHECK_THROWS_WITH(fitted_masks(tickets, network_of("mlp:6-4", 4), "RUN"), Catch::Contains("fc2.weight"));
}

TEST_CASE("Tickets of another run are trained from the weights that they started from",
          "[lottery][threads]") {
  const TemporaryFolder origin, folder;
  SearchConfig config = falling_rate_config();
  config.levels = 2;
  search(config, origin);
  const RunStore saved(origin.path());

  SearchConfig transfer = small_config();
  transfer.from = origin.path();
  transfer.seed = 9;
  transfer.controls = {Control::random_reinit};
  const Listener listener = search(transfer, folder, 2);
  CHECK(listener.trained == 3 + 2);
  const RunStore store(folder.path());
  CHECK(listener.densities ==
        std::vector<double>{1, saved.read_level(1).density, saved.read_level(2).density});
  check_same_weights(store.read_run().init_weights, saved.read_run().rewind_weights);
  const LevelRecord level = store.read_level(2);
  for (std::size_t m = 0; m < 2; ++m) CHECK(level.masks[m].keep == saved.read_level(2).masks[m].keep);
  CHECK(level.first_step == 0);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
  CHECK(search(transfer, folder).trained == 0);

  // One level, to tell fewer classes apart: a new output layer, and the others' weights.
  const TemporaryFolder classes;
  transfer.from = saved.level_path(2);
  transfer.model = "mlp:784-20-5";
  transfer.controls.clear();
  Listener other;
  run_search(transfer, five_classes(), classes.path(), 1, other, other.stop);
  const RunStore fewer(classes.path());
  CHECK(fewer.levels() == std::vector<unsigned>{0, 1});
  CHECK(fewer.read_level(1).masks[0].keep == saved.read_level(2).masks[0].keep);
  CHECK(fewer.read_level(1).masks[1].density() == 1);
  CHECK(find_named(fewer.read_run().init_weights, "fc1.weight")->values ==
        find_named(saved.read_run().rewind_weights, "fc1.weight")->values);
}
