// The readers of IDX, CIFAR-10, gzip and tar, and what they refuse.
#include <catch2/catch.hpp>
#include <fstream>

#include "data/sample_files.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"
#include "ltlab/base/sha256.h"
#include "ltlab/data/cifar10.h"
#include "ltlab/data/file_digest.h"
#include "ltlab/data/gzip_reader.h"
#include "ltlab/data/idx.h"
#include "ltlab/data/tar.h"
#include "support/temporary_folder.h"

namespace ltlab::test {
namespace {

using Catch::Matchers::Contains;

const AlignedVector<std::uint8_t>& bytes_of(const ImageSet& images) {
  return std::get<AlignedVector<std::uint8_t>>(images.pixels);
}

template <class Parse>
std::string refusal(Parse parse) {
  return message_of<DataError>(parse);
}

}  // namespace

TEST_CASE("SHA-256 agrees with FIPS 180-4's examples", "[data]") {
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

  const TemporaryFolder folder;
  save({'a', 'b', 'c'}, folder.path() / "plain");
  save(gzipped({'a', 'b', 'c'}), folder.path() / "packed");
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(sha256_of_file(folder.path() / "plain") == abc);
  CHECK(sha256_of_content(folder.path() / "plain") == abc);
  CHECK(sha256_of_content(folder.path() / "packed") == abc);
  CHECK(sha256_of_file(folder.path() / "packed") != abc);
  CHECK_THROWS_AS(sha256_of_file(folder.path() / "absent"), IoError);
}

TEST_CASE("A gzip'd file reads like the plain one", "[data]") {
  const TemporaryFolder folder;
  const Bytes content = idx_images(500, 28, 28);  // larger than the reader's buffers
  save(content, folder.path() / "plain");
  save(gzipped(content), folder.path() / "packed.gz");
  CHECK(read_whole_file(folder.path() / "plain") == content);
  CHECK(read_whole_file(folder.path() / "packed.gz") == content);
  save({}, folder.path() / "empty");
  CHECK(read_whole_file(folder.path() / "empty").empty());
}

TEST_CASE("A damaged or unreadable gzip file is refused by name", "[data]") {
  const TemporaryFolder folder;
  const Bytes packed = gzipped(idx_images(500, 28, 28));
  const auto path = folder.path() / "images.gz";
  const auto read = [&] { read_whole_file(path); };

  for (const std::size_t size : {std::size_t{5}, packed.size() / 2, packed.size() - 8, packed.size() - 1}) {
    save(Bytes(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size)), path);
    CHECK_THAT(refusal(read), Contains("images.gz' is a truncated gzip file"));
  }
  Bytes wrong_checksum = packed;
  wrong_checksum[packed.size() - 6] ^= 1;
  save(wrong_checksum, path);
  CHECK_THAT(refusal(read),
             Contains("images.gz' is a damaged gzip file") && Contains("incorrect data check"));
  Bytes damaged = packed;
  for (std::size_t i = 100; i < 200; ++i) damaged[i] ^= 0x55;
  save(damaged, path);
  CHECK_THAT(refusal(read), Contains("images.gz' is a"));
  CHECK_THAT(message_of<IoError>([&] { read_whole_file(folder.path() / "absent"); }), Contains("absent"));
  CHECK_THAT(message_of<IoError>([&] { read_whole_file(folder.path()); }), Contains("it is a folder"));
}

TEST_CASE("IDX images and labels are read as they are", "[data]") {
  const ImageSet images = parse_idx_images(idx_images(3, 4, 5), "images");
  CHECK(images.shape == ImageShape{1, 4, 5});
  REQUIRE(bytes_of(images).size() == 60);
  CHECK(bytes_of(images)[59] == static_cast<std::uint8_t>(7 * 59));
  CHECK(parse_idx_labels(idx_labels(12), 10, "labels") == Bytes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1});
}

TEST_CASE("An IDX file that is not what it says is refused by name", "[data]") {
  const auto images = [](const Bytes& bytes) {
    return refusal([&] { parse_idx_images(bytes, "the-images"); });
  };
  const auto labels = [](const Bytes& bytes) {
    return refusal([&] { parse_idx_labels(bytes, 10, "the-labels"); });
  };

  Bytes bytes = idx_images(3, 4, 5);
  bytes.pop_back();
  CHECK_THAT(images(bytes), Contains("'the-images' is truncated") && Contains("59 bytes"));
  bytes = idx_images(3, 4, 5);
  bytes.push_back(0);
  CHECK_THAT(images(bytes), Contains("'the-images' has the wrong size") && Contains("60") && Contains("61"));
  CHECK_THAT(images({}), Contains("'the-images' is truncated: 0 bytes"));
  CHECK_THAT(images({0, 0, 8, 3, 0, 0, 0, 1}), Contains("'the-images' is truncated: 8 bytes"));
  CHECK_THAT(images(idx_labels(100)),
             Contains("'the-images' begins with 0x00000801") && Contains("0x00000803"));
  CHECK_THAT(images(idx_images(0, 4, 5)), Contains("extent of 0"));
  bytes = idx_images(3, 4, 5);
  for (std::size_t i = 4; i < 16; ++i) bytes[i] = 0xff;  // the product overflows 64 bits
  CHECK_THAT(images(bytes), Contains("'the-images' is truncated"));

  CHECK_THAT(labels(idx_images(3, 4, 5)), Contains("'the-labels' begins with 0x00000803"));
  CHECK_THAT(labels(idx_labels(20, 11)), Contains("'the-labels' has label 10 at position 10"));
}

TEST_CASE("Images and labels of different numbers are refused", "[data]") {
  const TemporaryFolder folder;
  save(idx_images(3, 4, 5), folder.path() / "images");
  save(gzipped(idx_labels(4)), folder.path() / "labels.gz");
  CHECK_THAT(refusal([&] { read_idx(folder.path() / "images", folder.path() / "labels.gz", 10); }),
             Contains("images' has 3 images") && Contains("labels.gz' has 4 labels"));
}

TEST_CASE("CIFAR-10 files are read in order and checked", "[data]") {
  const TemporaryFolder folder;
  save(cifar10_records(3), folder.path() / "a.bin");
  save(gzipped(cifar10_records(3)), folder.path() / "b.bin");
  const ImageSet images = read_cifar10({folder.path() / "a.bin", folder.path() / "b.bin"}, 3);
  CHECK(images.shape == ImageShape{3, 32, 32});
  CHECK(images.labels == Bytes{0, 1, 2, 0, 1, 2});
  REQUIRE(bytes_of(images).size() == 6 * 3072);
  CHECK(int{bytes_of(images)[3072 + 1024 + 3]} == 1 + 50 + 1027 % 7);

  const auto append = [](const Bytes& bytes) {
    return refusal([&] {
      ImageSet set;
      append_cifar10(bytes, 2, "batch.bin", set);
    });
  };
  Bytes bytes = cifar10_records(2);
  bytes.pop_back();
  CHECK_THAT(append(bytes), Contains("'batch.bin' has 6145 bytes, not the 6146"));
  CHECK_THAT(append(cifar10_records(1)), Contains("'batch.bin' has 3073 bytes"));
  bytes = cifar10_records(2);
  bytes[3073] = 10;
  CHECK_THAT(append(bytes), Contains("'batch.bin' has label 10 in record 1"));
}

TEST_CASE("Mutated files never do worse than an ltlab::Error", "[data]") {
  const TemporaryFolder folder;
  const Bytes images = idx_images(4, 6, 6), labels = idx_labels(40), records = cifar10_records(2);
  const Bytes packed = gzipped(images), archive = gzipped(tar({{"a/b", images}, {"c", labels}}));
  RandomStream random({1, "mutations"});

  const auto mutate = [&](Bytes bytes) {
    const std::uint64_t changes = 1 + random.below(8);
    for (std::uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
      // Most faults that matter lie in the header.
      const std::size_t at =
          random.below(random.below(2) ? bytes.size() : std::min<std::size_t>(bytes.size(), 24));
      switch (random.below(4)) {
        case 0:
          bytes[at] = static_cast<std::uint8_t>(random());
          break;
        case 1:
          bytes[at] ^= static_cast<std::uint8_t>(1u << random.below(8));
          break;
        case 2:
          bytes.resize(at);
          break;
        default:
          bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
      }
    }
    return bytes;
  };
  unsigned refused = 0;
  const auto survive = [&](auto parse) {
    try {
      parse();
    } catch (const Error&) {
      ++refused;
    }
  };
  for (int trial = 0; trial < 3000; ++trial) {
    survive([&] { parse_idx_images(mutate(images), "images"); });
    survive([&] { parse_idx_labels(mutate(labels), 10, "labels"); });
    survive([&] {
      ImageSet set;
      append_cifar10(mutate(records), 2, "records", set);
    });
  }
  for (int trial = 0; trial < 300; ++trial) {
    save(mutate(packed), folder.path() / "packed.gz");
    survive([&] { parse_idx_images(read_whole_file(folder.path() / "packed.gz"), "packed"); });
    save(mutate(archive), folder.path() / "archive.tar.gz");
    survive([&] { unpack_tar(folder.path() / "archive.tar.gz", {"a/b", "c"}, folder.path()); });
  }
  CHECK(refused > 3000);
}

TEST_CASE("A tar archive gives the members asked for, and only those", "[data]") {
  const TemporaryFolder folder;
  const Bytes content = idx_images(10, 28, 28);
  const auto archive = folder.path() / "archive.tar.gz";
  std::filesystem::create_directory(folder.path() / "out");
  const auto unpack = [&](const std::vector<std::string>& names) {
    unpack_tar(archive, names, folder.path() / "out");
  };

  save(gzipped(tar({{"d/first", content}, {"d/other", {1, 2}}, {"../evil", {3}}, {"d/empty", {}}})), archive);
  unpack({"d/empty", "d/first"});
  CHECK(load(folder.path() / "out" / "first") == content);
  CHECK(std::filesystem::file_size(folder.path() / "out" / "empty") == 0);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out" / "other"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "evil"));

  CHECK_THAT(refusal([&] { unpack({"d/absent"}); }), Contains("archive.tar.gz' lacks 'd/absent'"));
  Bytes bytes = tar({{"d/first", content}});
  bytes.resize(2000);
  save(gzipped(bytes), archive);
  CHECK_THAT(refusal([&] { unpack({"d/first"}); }), Contains("truncated tar archive"));
  bytes = tar({{"d/first", content}});
  bytes[3] ^= 1;
  save(bytes, archive);
  CHECK_THAT(refusal([&] { unpack({"d/first"}); }), Contains("is no tar archive, or damaged"));
}

}  // namespace ltlab::test
