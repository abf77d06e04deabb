#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ltlab/base/random.h"
#include "ltlab/store/run_store.h"
#include "store/sample_run.h"
#include "support/temporary_folder.h"

namespace ltlab {
namespace {

struct Output {
  int status;
  std::string text;  // stdout and stderr
};

Output run(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  return {::pclose(pipe), text};
}

bool has_module(const std::string& module) {
  return run("/usr/bin/python3 -c 'import " + module + "'").status == 0;
}

Output run_python(const std::filesystem::path& folder, const std::string& script) {
  std::ofstream(folder / "script.py") << script;
  return run("cd " + folder.string() + " && /usr/bin/python3 script.py");
}

TEST_CASE("h5py and pandas read every dataset of a run without ltlab", "[store]") {
  if (!has_module("h5py")) {
    WARN("skipped: no h5py");
    return;
  }
  const test::TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  RunStore(folder.path() / "replicate-0").write_checkpoint(test::sample_checkpoint(3));
  const Output output = run_python(folder.path(), R"(
import glob, h5py, numpy as np

def visit(group):  # also through external links, which h5py's visititems does not follow
    for name in group:
        item = group[name]
        if isinstance(item, h5py.Group):
            visit(item)
        else:
            item[()]
            counted.append(item.name)

counted = []
with h5py.File('run.h5') as top:
    assert top.attrs['format'] == b'ltlab-run' and top.attrs['format_version'] == 1
    visit(top)
    level = top['replicate-1/level-001']
    assert level.attrs['density'] == 0.5 and level.attrs['test_accuracy'] == 0.9 and level.attrs['level'] == 1
    mask, weights = level['mask/fc1.weight'], level['weights/fc1.weight']
    assert mask.dtype == np.uint8 and mask.shape == weights.shape == (4, 6)
    assert set(np.unique(mask[:])) == {0, 1} and mask[:].sum() == 12 and mask[0, 0] == 1 and mask[3, 5] == 0
    assert weights.dtype == np.float32 and (weights[:][mask[:] == 0] == 0).all()
    assert mask.fletcher32 and mask.compression == 'gzip' and weights.fletcher32 and weights.shuffle
    assert b'levels = 3' in top['replicate-0'].attrs['extent']
    assert len(top['replicate-0/provenance'].attrs) >= 10
    assert top['replicate-0/rewind_optimizer/steps'][()] == 10
print(len(counted))

for path in glob.glob('**/*.h5', recursive=True):
    with h5py.File(path) as file:
        file.visititems(lambda name, item: item[()] if isinstance(item, h5py.Dataset) else None)
)");
  INFO(output.text);
  CHECK(output.status == 0);

  if (!has_module("pandas")) {
    WARN("skipped: no pandas");
    return;
  }
  const Output frame = run_python(folder.path() / "replicate-0", R"(
import h5py, pandas
metrics = pandas.DataFrame(h5py.File('level-001.h5')['metrics'][:])
assert list(metrics.columns) == ['step', 'learning_rate', 'train_loss', 'validation_loss', 'validation_accuracy', 'wall_seconds']
assert list(metrics.step) == [10, 20, 30] and metrics.validation_loss[1] == 1.2
kernels = pandas.DataFrame(h5py.File('level-001.h5')['kernels'][:])
assert kernels.kernel[0] == b'sparse' and kernels.dense_seconds[0] == 2e-5
)");
  INFO(frame.text);
  CHECK(frame.status == 0);
}

TEST_CASE("h5dump prints masks as zeros and ones", "[store]") {
  if (run("h5dump --version").status != 0) {
    WARN("skipped: no h5dump");
    return;
  }
  const test::TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(test::sample_run());
  store.write_level(test::sample_level(2));
  const Output output = run("h5dump -d /level-002/mask/fc10.weight " + store.run_path().string());
  INFO(output.text);
  CHECK(output.status == 0);
  CHECK_THAT(output.text, Catch::Contains("(0,0): 1, 1, 0, 0,") && Catch::Contains("(1,0): 0, 0, 0, 0"));
}

TEST_CASE("a mask of LeNet's first layer at 5 % density takes less than 16 kB", "[store]") {
  const test::TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(test::sample_run());
  const auto size_with = [&](const std::vector<Mask>& masks) {
    LevelRecord level;
    level.masks = masks;
    store.write_level(level);
    return std::filesystem::file_size(store.level_path(0));
  };
  Mask mask = full_mask("fc1.weight", {300, 784});
  RandomStream random({1, "mask"});
  for (auto& keep : mask.keep) keep = random.uniform() < 0.05;
  const auto bytes = size_with({mask}) - size_with({});
  INFO(bytes << " bytes");
  CHECK(bytes < 16000);
}

}  // namespace
}  // namespace ltlab
