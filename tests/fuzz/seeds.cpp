#include <hdf5.h>

#include <numeric>
#include <string>
#include <vector>

#include "data/sample_files.h"
#include "fuzz/targets.h"
#include "ltlab/store/record_files.h"
#include "store/sample_run.h"

namespace ltlab::fuzz {
namespace {

namespace fs = std::filesystem;

void save(const std::vector<std::byte>& bytes, const fs::path& path) {
  test::Bytes content(bytes.size());
  std::ranges::transform(bytes, content.begin(),
                         [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  test::save(content, path);
}

void write_run_files(const fs::path& folder) {
  const RunIdentity run = identity(test::sample_run());
  save(encode(test::sample_run()), folder / "run.h5");
  save(encode(CollectionRecord{"model = mlp:6-4-2\n", "levels = 3\n", "", "2026-01-31T12:00:00Z"}),
       folder / "collection.h5");
  save(encode(test::sample_level(1), run), folder / "level.h5");
  save(encode(test::sample_checkpoint(1), run), folder / "checkpoint.h5");
}

void write_array(hid_t file, const char* name, hid_t type, const std::vector<hsize_t>& extents,
                 const void* values, bool packed) {
  const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  if (packed) {
    std::vector<hsize_t> chunk = extents;
    chunk[0] = 4;
    H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 4);
  }
  const hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(dataset);
  H5Pclose(creation);
  H5Sclose(space);
}

// As h5py writes them by default (the format of 1998), and as the latest version can.
void write_user_arrays(const fs::path& folder) {
  std::vector<std::uint8_t> pixels(12 * 9);
  std::iota(pixels.begin(), pixels.end(), std::uint8_t{0});
  const std::vector<float> floats(pixels.begin(), pixels.end());
  const std::vector<std::int64_t> labels{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};
  for (const bool latest : {false, true}) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (latest) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    for (const bool packed : {false, true}) {
      const std::string name = std::string(latest ? "latest" : "earliest") + (packed ? "-packed.h5" : ".h5");
      const hid_t file = H5Fcreate((folder / name).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
      if (packed) {
        write_array(file, "images", H5T_NATIVE_FLOAT, {12, 3, 3}, floats.data(), true);
      } else {
        write_array(file, "images", H5T_NATIVE_UINT8, {12, 9}, pixels.data(), false);
      }
      write_array(file, "labels", H5T_NATIVE_INT64, {12}, labels.data(), packed);
      H5Fclose(file);
    }
    H5Pclose(access);
  }
}

}  // namespace

void write_seeds(const fs::path& folder) {
  for (const Target& each : targets()) fs::create_directories(folder / each.name);
  write_run_files(folder / "run-file");
  write_user_arrays(folder / "user-arrays");
  const test::Bytes images = test::idx_images(5, 4, 3), labels = test::idx_labels(20);
  test::save(images, folder / "idx" / "images");
  test::save(labels, folder / "idx" / "labels");
  test::save(test::cifar10_records(2), folder / "cifar" / "records");
  const test::Bytes packed = test::gzipped(images);
  test::save({packed.begin() + 10, packed.end()}, folder / "gzip" / "images");  // without its header
  const test::Bytes archive = test::tar({{"sample-folder/images", images}, {"sample-folder/labels", labels}});
  test::save(archive, folder / "tar" / "plain.tar");
  test::save(test::gzipped(archive), folder / "tar" / "packed.tar.gz");
}

}  // namespace ltlab::fuzz
