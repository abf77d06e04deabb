// Compares the scores of pruning at initialization with PyTorch's.
#include "ltlab/lottery/network_scores.h"
#include "support/pytorch_fixtures.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

// A model of the fixtures with its weights and images, in double.
struct Case {
  explicit Case(const hdf5::Group& stored)
      : network(make_network<double>(stored.string_attribute("description"), image_of(stored),
                                     kPyTorchClasses, read(stored, "logits").size() / kPyTorchClasses)) {
    std::vector<Tensor> tensors;
    for (const Parameter<double>* array : network.arrays()) tensors.push_back(recipe(array->info()));
    network.assign(tensors);
    batches.push_back({recipe_images<double>(network.input()), {}});
    for (std::size_t i = 0; i < network.batch(); ++i)
      batches[0].labels.push_back(static_cast<std::uint8_t>(i * 7 % kPyTorchClasses));
  }

  static ImageShape image_of(const hdf5::Group& stored) {
    const std::vector<double> extents = read(stored, "image");
    return {static_cast<std::size_t>(extents[0]), static_cast<std::size_t>(extents[1]),
            static_cast<std::size_t>(extents[2])};
  }

  Network<double> network;
  std::vector<LabelledBatch<double>> batches;
};

NetworkScores compute(const std::string& score, Case& c) {
  return score_network<double>(score_names().parse(score), c.network, c.batches);
}

}  // namespace

TEST_CASE("SNIP, GraSP and synaptic flow agree with PyTorch's within 1e-5", "[lottery]") {
  const std::string score = GENERATE("snip", "grasp", "synflow");
  CAPTURE(score);
  const hdf5::File file = fixtures();
  int models = 0;
  for (const hdf5::Link& link : file.links()) {
    const hdf5::Group stored = file.group(link.name);
    if (!stored.contains(score)) continue;
    ++models;
    Case c(stored);
    const NetworkScores found = compute(score, c);
    const std::vector<std::string> names = words(stored.string_attribute(score + "_of"));
    const std::vector<double> rows = read(stored, score);
    REQUIRE(found.size() == names.size());
    std::size_t array = 0;
    for (const Parameter<double>* parameter : c.network.parameters()) {
      if (!parameter->info().prunable) continue;
      const auto row =
          static_cast<std::size_t>(std::ranges::find(names, parameter->info().name) - names.begin());
      REQUIRE(row < names.size());
      const std::vector<double>& scores = found[array++];
      check_array(names[row], AlignedVector<double>(scores.begin(), scores.end()),
                  &rows[row * (1 + kSamples)], 1e-5);
    }
  }
  CHECK(models == 2);
}
