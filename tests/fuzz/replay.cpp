// Feeds files to the targets, without libFuzzer: seeds, the crashes that were found, and mutations of both.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>

#include "data/sample_files.h"
#include "fuzz/targets.h"
#include "support/temporary_folder.h"

namespace ltlab::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "usage: ltlab_fuzz_replay seeds FOLDER\n"
    "       ltlab_fuzz_replay TARGET MUTATIONS FOLDER...\n"
    "  seeds   write inputs that are right, a folder a target\n"
    "  TARGET  feed it right inputs, every file of each FOLDER that is there, and MUTATIONS of each of "
    "them; status 1 where a right one is refused\n";

std::vector<fs::path> files_of(const std::vector<fs::path>& folders) {
  std::vector<fs::path> files;
  for (const fs::path& folder : folders) {
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

test::Bytes mutated(test::Bytes bytes, std::mt19937& random) {
  constexpr std::uint8_t kTelling[] = {0, 1, 0x7f, 0x80, 0xff};
  if (random() % 8 == 0) bytes.resize(random() % (bytes.size() + 1));
  const std::size_t changes = std::size_t{1} << random() % 5;
  for (std::size_t i = 0; i < changes && !bytes.empty(); ++i) {
    std::uint8_t& byte = bytes[random() % bytes.size()];
    const auto value = static_cast<std::uint8_t>(random());
    const std::uint8_t choices[] = {value, kTelling[value % 5],
                                    static_cast<std::uint8_t>(byte ^ (1U << value % 8))};
    byte = choices[random() % 3];
  }
  return bytes;
}

// Where the program ends here, the input is the file that it leaves. Whether it was taken.
bool feed(const Target& to, const test::Bytes& input) {
  constexpr unsigned kSeconds = 300;  // a target reads a file a few times, each within a child's limits
  const fs::path kept = fs::absolute("fuzz-" + to.name + "-last");
  test::save(input, kept);
  ::alarm(kSeconds);
  const bool taken = to.run(input);
  ::alarm(0);
  fs::remove(kept);
  return taken;
}

bool is_seed(const fs::path& file) {
  return file.parent_path().parent_path().filename() == "seeds";
}

// Whether all that is right was taken.
bool replay(const Target& to, std::size_t mutations, std::vector<fs::path> folders) {
  const test::TemporaryFolder seeds;
  write_seeds(seeds.path() / "seeds");
  folders.push_back(seeds.path() / "seeds" / to.name);
  std::mt19937 random(1);
  const std::vector<fs::path> files = files_of(folders);
  bool passed = true;
  for (const fs::path& file : files) {
    const test::Bytes input = test::load(file);
    const bool taken = feed(to, input);
    if (!taken && is_seed(file)) {
      std::printf("%s: '%s' is right, and was refused\n", to.name.c_str(), file.filename().c_str());
      passed = false;
    }
    for (std::size_t m = 0; m < mutations; ++m) feed(to, mutated(input, random));
  }
  std::printf("%s: %zu files and %zu mutations of each\n", to.name.c_str(), files.size(), mutations);
  return passed;
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "seeds") {
    write_seeds(words[1]);
  } else if (words.size() >= 2) {
    return replay(target(words[0]), std::stoul(words[1]), {words.begin() + 2, words.end()}) ? 0 : 1;
  } else {
    std::fputs(kUsage, stderr);
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace ltlab::fuzz

int main(int argc, char** argv) {
  return ltlab::fuzz::run({argv + 1, argv + argc});
}
