// Has libFuzzer drive the target that `--target=NAME` names: it passes over what begins with two dashes.
#include <cstdlib>
#include <string_view>

#include "fuzz/targets.h"

namespace {

const ltlab::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view kTarget = "--target=";
  for (int i = 1; i < *argc; ++i) {
    const std::string_view word = (*argv)[i];
    if (word.starts_with(kTarget)) chosen = &ltlab::fuzz::target(std::string(word.substr(kTarget.size())));
  }
  if (!chosen) std::exit(2);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({data, size});
  return 0;
}
