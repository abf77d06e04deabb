#include "ltlab/dense/channel_blocks.h"

#include <catch2/catch.hpp>

#include "support/plain_convolution.h"

using namespace ltlab;
using namespace ltlab::test;

TEST_CASE("Blocks of channels are gathered and scattered back, whatever the border, block and lanes",
          "[dense]") {
  for (const std::size_t block : {4, 8, 16})
    for (const std::size_t border : {0, 1, 2})
      for (const auto& [panels, lanes] : {std::pair{2, 16}, {1, 16}, {1, 12}, {1, 4}}) {
        INFO("block " << block << ", border " << border << ", panels " << panels << ", lanes " << lanes);
        const ImageShape image{32, 5, 3};
        const std::size_t positions = image.height * image.width;
        const Activations<float> x = random_activations<float>({image, 32, kLaneMultiple, border}, 1);
        const PanelRun run{x.shape(), static_cast<std::size_t>(panels), static_cast<std::size_t>(lanes)};
        const std::size_t panel_size = image.features() * run.lanes;
        AlignedVector<float> blocked(run.panels * panel_size);
        gather_channel_blocks(run, block, x.row(0, 0, 0), blocked.data());
        Activations<float> back(x.shape()), expected = back;
        scatter_channel_blocks(run, block, blocked.data(), back.row(0, 0, 0));
        for (std::size_t f = 0; f < image.features(); ++f)
          for (std::size_t p = 0; p < run.panels; ++p)
            for (std::size_t l = 0; l < run.lanes; ++l) {
              const std::size_t c = f / positions, position = f % positions, n = p * kLaneMultiple + l;
              REQUIRE(blocked[p * panel_size + (c / block * positions + position) * block * run.lanes +
                              l * block + c % block] == x.at(f, n));
              expected.at(f, n) = x.at(f, n);
            }
        REQUIRE(std::equal(back.data(), back.data() + back.size(), expected.data()));
      }
}
