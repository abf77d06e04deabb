#include <ltlab/base/random.h>
#include <ltlab/version.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
  ltlab::RandomStream stream({.seed = 1, .purpose = "consumer"});
  std::vector<std::uint32_t> order = stream.permutation(100);
  std::sort(order.begin(), order.end());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    if (order[i] != i) return 1;
  }
  std::printf("a permutation of %zu numbers by the installed ltlab %s\n", order.size(), LTLAB_VERSION);
  return 0;
}
