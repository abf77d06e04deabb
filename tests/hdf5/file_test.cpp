#include "ltlab/hdf5/file.h"

#include <fcntl.h>
#include <hdf5.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "ltlab/base/error.h"
#include "support/temporary_folder.h"

namespace ltlab::hdf5 {
namespace {

using test::TemporaryFolder;

void save(File& file, const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = file.close_image();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// One file with something of everything.
void save_sample(const std::filesystem::path& path) {
  File file = File::create_image(path);
  file.set_attribute("text", "grüße");
  file.set_attribute("empty", "");
  file.set_attribute("number", 0.1);
  file.set_attribute("count", ~std::uint64_t{0});
  file.write("deep/floats", {2, 3}, std::vector<float>{1.5F, -2, 0, 1e-42F, 3e38F, 7});
  file.write("doubles", {2}, std::vector<double>{0.1, -1e300});
  file.write("bytes", {3}, std::vector<std::uint8_t>{0, 128, 255});
  file.write("integers", {2}, std::vector<std::int64_t>{-5, std::int64_t{1} << 40});
  file.write("scalar", {}, std::vector<float>{4});
  file.write("nothing", {0, 3}, std::vector<float>{});
  file.write_bits("bits", {3, 3}, std::vector<std::uint8_t>{1, 0, 0, 0, 1, 0, 1, 1, 0});
  file.write_table("table", {{"step", std::vector<std::uint64_t>{1, ~std::uint64_t{0}}},
                             {"loss", std::vector<double>{0.1, 2.5}},
                             {"kernel", std::vector<std::string>{"dense", ""}}});
  file.write_table("empty_table", {{"step", std::vector<std::uint64_t>{}}});
  file.link_external("elsewhere", "other.h5");
  save(file, path);
}

TEST_CASE("an HDF5 file gives back what was written", "[hdf5]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "sample.h5";
  save_sample(path);
  const File file = File::open(path);

  CHECK(file.string_attribute("text") == "grüße");
  CHECK(file.string_attribute("empty").empty());
  CHECK(file.double_attribute("number") == 0.1);
  CHECK(file.unsigned_attribute("count") == ~std::uint64_t{0});
  CHECK(file.attribute_names() == std::vector<std::string>{"count", "empty", "number", "text"});

  const Dataset floats = file.group("deep").dataset("floats");
  CHECK(floats.path() == "/deep/floats");
  CHECK(floats.shape() == Shape{2, 3});
  CHECK(floats.element().name == "float32");
  std::vector<float> values(floats.size());
  floats.read(values);
  CHECK(values == std::vector<float>{1.5F, -2, 0, 1e-42F, 3e38F, 7});

  const Dataset bits = file.dataset("bits");
  CHECK(bits.element().kind == ElementClass::integer);
  CHECK(bits.element().bytes == 1);
  CHECK(bits.element().name == "uint8 (1 bit)");
  std::vector<std::uint8_t> zeros_and_ones(9);
  bits.read(zeros_and_ones);
  CHECK(zeros_and_ones == std::vector<std::uint8_t>{1, 0, 0, 0, 1, 0, 1, 1, 0});

  const std::vector<Column> table = file.read_table("table");
  REQUIRE(table.size() == 3);
  CHECK(table[0].name == "step");
  CHECK(table[0].values == Column::Values(std::vector<std::uint64_t>{1, ~std::uint64_t{0}}));
  CHECK(table[1].values == Column::Values(std::vector<double>{0.1, 2.5}));
  CHECK(table[2].values == Column::Values(std::vector<std::string>{"dense", ""}));
  CHECK(file.dataset("table").element().name == "compound{step:uint64,loss:float64,kernel:string[5]}");
  CHECK(file.read_table("empty_table").front().values == Column::Values(std::vector<std::uint64_t>{}));

  CHECK(file.dataset("nothing").size() == 0);
  CHECK(file.dataset("scalar").shape().empty());
}

TEST_CASE("numbers are read as the type that the caller asks for", "[hdf5]") {
  const TemporaryFolder folder;
  save_sample(folder.path() / "sample.h5");
  const File file = File::open(folder.path() / "sample.h5");
  std::vector<float> floats(3);
  file.dataset("bytes").read(floats);
  CHECK(floats == std::vector<float>{0, 128, 255});
  std::vector<std::int64_t> integers(3);
  file.dataset("bytes").read(integers);
  CHECK(integers == std::vector<std::int64_t>{0, 128, 255});
  std::vector<std::uint8_t> bytes(2);
  file.dataset("integers").read(bytes);
  CHECK(bytes == std::vector<std::uint8_t>{0, 255});  // clamped
  std::vector<float> too_few(2);
  CHECK_THROWS_AS(file.dataset("bytes").read(too_few), ConfigError);
  std::vector<float> two(2);
  CHECK_THROWS_AS(file.dataset("table").read(two), StoreError);
}

TEST_CASE("links into other files are listed, and never followed", "[hdf5]") {
  const TemporaryFolder folder;
  save_sample(folder.path() / "sample.h5");
  const File file = File::open(folder.path() / "sample.h5");
  const std::vector<Link> links = file.links();
  const auto link =
      std::find_if(links.begin(), links.end(), [](const Link& l) { return l.name == "elsewhere"; });
  REQUIRE(link != links.end());
  CHECK(link->kind == LinkKind::external);
  CHECK(link->target == "other.h5");
  save_sample(folder.path() / "other.h5");
  for (const char* name : {"elsewhere", "elsewhere/bytes"}) {
    CHECK_THROWS_WITH(file.contains(name), Catch::Matchers::Contains("in another file"));
    CHECK_THROWS_AS(file.group(name), StoreError);
    CHECK_THROWS_AS(file.dataset(name), StoreError);
  }
  CHECK(file.group("/").contains("bytes"));
  CHECK_THROWS_AS(file.group("bytes"), StoreError);
}

TEST_CASE("a file can be changed in memory, and the same content gives the same bytes", "[hdf5]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "sample.h5";
  save_sample(path);
  const std::vector<std::byte> before = read_bytes(path);
  save_sample(path);
  CHECK(read_bytes(path) == before);
  {
    File file = File::open_image(path);
    file.set_attribute("number", 7.0);
    file.unlink("bytes");
    file.link_external("elsewhere", "third.h5");
    save(file, folder.path() / "changed.h5");
  }
  CHECK(read_bytes(path) == before);
  const File changed = File::open(folder.path() / "changed.h5");
  CHECK(changed.double_attribute("number") == 7);
  CHECK_FALSE(changed.contains("bytes"));
}

// As another program might have written it: with HDF5's oldest format, and perhaps a block of its own in
// front.
void save_foreign(const std::filesystem::path& path, hsize_t user_block) {
  const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
  H5Pset_userblock(creation, user_block);
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT);
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t attribute = H5Acreate2(file, "count", H5T_STD_U64LE, space, H5P_DEFAULT, H5P_DEFAULT);
  const std::uint64_t value = 42;
  H5Awrite(attribute, H5T_NATIVE_UINT64, &value);
  for (const hid_t id : {attribute, space, file, creation}) H5Idec_ref(id);
}

TEST_CASE("a file that another program has written can be changed in memory", "[hdf5]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "foreign.h5";
  for (const hsize_t user_block : {0, 512}) {
    save_foreign(path, user_block);
    const std::vector<std::byte> before = read_bytes(path);
    File file = File::open_image(path);
    file.link_external("elsewhere", "other.h5");
    file.set_attribute("text", "new");
    save(file, folder.path() / "changed.h5");
    CHECK(read_bytes(path) == before);
    const File changed = File::open(folder.path() / "changed.h5");
    CHECK(changed.unsigned_attribute("count") == 42);
    CHECK(changed.string_attribute("text") == "new");
    REQUIRE(changed.links().size() == 1);
    CHECK(changed.links().front().target == "other.h5");
  }
}

TEST_CASE("a file that cannot be opened in memory leaves nothing behind", "[hdf5]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "sample.h5";
  save_sample(path);
  constexpr std::size_t kAddressOfRoot = 36;
  std::vector<std::byte> bytes = read_bytes(path);
  std::uint64_t root = 0;
  std::memcpy(&root, bytes.data() + kAddressOfRoot, sizeof root);
  bytes.at(root + 8) ^= std::byte{0xff};
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  for (unsigned round = 0; round < 20; ++round) CHECK_THROWS_AS(File::open_image(path), StoreError);
  save_sample(path);
  CHECK(File::open(path).double_attribute("number") == 0.1);
}

TEST_CASE("what the system refuses is no fault of the file", "[hdf5]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "sample.h5";
  save_sample(path);
  {
    const int other = ::open(path.c_str(), O_RDWR);
    REQUIRE(::flock(other, LOCK_EX) == 0);  // as h5py does that has opened it to write
    CHECK_THROWS_AS(File::open(path), IoError);
    CHECK_THROWS_WITH(File::open(path),
                      Catch::Contains("another program holds it locked") && !Catch::Contains("damaged"));
    ::close(other);
  }
  {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int next = ::dup(0);
    ::close(next);
    const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    CHECK_THROWS_AS(File::open(path), IoError);
    CHECK_THROWS_AS(File::open_image(path), IoError);
    const rlimit one{static_cast<rlim_t>(next + 1), before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &one);
    CHECK_NOTHROW(File::open(path));
    ::setrlimit(RLIMIT_NOFILE, &before);
  }
  CHECK(File::open(path).double_attribute("number") == 0.1);
}

TEST_CASE("faults name the file and what is in it", "[hdf5]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "sample.h5";
  save_sample(path);
  const auto message = [](const auto& action) -> std::string {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK_THROWS_AS(File::open(folder.path() / "absent.h5"), IoError);
  CHECK_THAT(message([&] { File::open(folder.path() / "absent.h5"); }),
             Catch::Contains("absent.h5") && Catch::Contains("No such file"));
  CHECK_THROWS_AS(File::open(folder.path()), Error);

  std::ofstream(folder.path() / "text.h5") << "not HDF5";
  CHECK_THROWS_AS(File::open(folder.path() / "text.h5"), StoreError);
  CHECK_THAT(message([&] { File::open(folder.path() / "text.h5"); }),
             Catch::Contains("text.h5") && Catch::Contains("signature"));

  std::filesystem::copy_file(path, folder.path() / "short.h5");
  std::filesystem::resize_file(folder.path() / "short.h5", std::filesystem::file_size(path) / 2);
  CHECK_THAT(message([&] { File::open(folder.path() / "short.h5"); }),
             Catch::Contains("short.h5") && Catch::Contains("truncated"));

  const File file = File::open(path);
  CHECK_THAT(message([&] { file.dataset("byte"); }),
             Catch::Contains("'byte'") && Catch::Contains("bytes, deep, doubles"));
  CHECK_THAT(message([&] { file.string_attribute("number"); }), Catch::Contains("'number' is not a string"));
  CHECK_THAT(message([&] { file.double_attribute("absent"); }), Catch::Contains("'absent' is missing"));
}

TEST_CASE("threads use HDF5 side by side", "[hdf5][threads]") {
  const TemporaryFolder folder;
  std::vector<std::thread> threads;
  std::vector<unsigned> matches(4, 0);
  for (unsigned t = 0; t < matches.size(); ++t) {
    threads.emplace_back([&, t] {
      const auto path = folder.path() / (std::to_string(t) + ".h5");
      for (unsigned round = 0; round < 20; ++round) {
        save_sample(path);
        const File file = File::open(path);
        const bool fails_as_it_should = !file.contains("absent");
        std::vector<float> values(6);
        file.dataset("deep/floats").read(values);
        matches[t] += fails_as_it_should && values[0] == 1.5F;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(matches == std::vector<unsigned>(4, 20));
}

}  // namespace
}  // namespace ltlab::hdf5
