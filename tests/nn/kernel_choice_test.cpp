#include "ltlab/nn/kernel_choice.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"
#include "support/small_networks.h"

using namespace ltlab;
using namespace ltlab::test;

TEST_CASE("Kernel choices are made for masked layers, counted, and can be replayed", "[nn]") {
  Network<float> network = small_network<float>();
  for (const KernelChoice& choice : network.choose_kernels(KernelPolicy::sparse))
    CHECK(choice.kernel == Kernel::dense);
  const double dense_flops =
      2.0 * (3 * (11 * 7 + 7 * 5) + 2 * 13 * 11);  // the first layer has no backward-data
  CHECK(network.flops().survivors == dense_flops);
  CHECK(network.flops().kernels == dense_flops);
  const Mask mask = random_mask("fc1.weight", {11, 13}, 0.3, 1);
  network.apply({mask});
  std::vector<KernelChoice> choices = network.choose_kernels(KernelPolicy::automatic);
  CHECK(choices.size() == 8);
  CHECK(choices[0].parameter == "fc1.weight");
  CHECK(choices[0].dense_seconds > 0);
  CHECK(choices[0].sparse_seconds > 0);
  for (KernelChoice& choice : choices)
    choice.kernel = choice.parameter == "fc1.weight" ? Kernel::sparse : Kernel::dense;
  network.set_kernels(choices);
  const double without_zeros = dense_flops - 2.0 * 2 * static_cast<double>(11 * 13 - mask.survivors());
  CHECK(network.flops().survivors == without_zeros);
  CHECK(network.flops().kernels == without_zeros);
  CHECK(network.flops().dense == dense_flops);
  network.choose_kernels(KernelPolicy::dense);
  CHECK(network.flops().survivors == without_zeros);
  CHECK(network.flops().kernels == dense_flops);
}

TEST_CASE("A layer's kernels follow its own policy, the others' the common one", "[nn]") {
  Network<float> network = small_network<float>();
  network.apply({random_mask("fc1.weight", {11, 13}, 0.3, 1), random_mask("fc2.weight", {7, 11}, 0.3, 2),
                 random_mask("fc3.weight", {5, 7}, 0.3, 3)});
  for (const KernelChoice& choice : network.choose_kernels(parse_kernel_policies("sparse,fc2=dense"))) {
    CHECK(choice.kernel == (choice.parameter == "fc2.weight" ? Kernel::dense : Kernel::sparse));
    CHECK(choice.dense_seconds == 0);
  }
  for (const KernelChoice& choice : network.choose_kernels(parse_kernel_policies("sparse,fc3=auto")))
    CHECK((choice.dense_seconds > 0) == (choice.parameter == "fc3.weight"));
}

TEST_CASE("Kernel policies are read from text, and written in one form", "[nn]") {
  CHECK(to_text(parse_kernel_policies("auto")) == "auto");
  CHECK(to_text(parse_kernel_policies("fc3=dense,fc1=auto,sparse")) == "sparse,fc1=auto,fc3=dense");
  CHECK(to_text(parse_kernel_policies("fc3=dense")) == "auto,fc3=dense");
  CHECK(to_text(parse_kernel_policies("dense,fc3=dense")) == "dense");
  CHECK_FALSE(parse_kernel_policies("dense,fc3=sparse").measures());
  CHECK(parse_kernel_policies("dense,fc3=auto").measures());
  CHECK_THROWS_WITH(parse_kernel_policies("sparse,fc3=dens"), Catch::Contains("did you mean 'dense'"));
  CHECK_THROWS_WITH(parse_kernel_policies("sparse,dense"), Catch::Contains("not named"));
  CHECK_THROWS_WITH(parse_kernel_policies("fc1=sparse,fc1=dense"), Catch::Contains("layer 'fc1'"));
  CHECK_THROWS_AS(parse_kernel_policies(""), ConfigError);
  CHECK_THROWS_AS(parse_kernel_policies("sparse,,fc1=dense"), ConfigError);
}
