#include "ltlab/store/vouched_files.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "support/temporary_folder.h"

namespace ltlab {
namespace {

namespace fs = std::filesystem;

TEST_CASE("a file is vouched for until it changes", "[store]") {
  const test::TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  std::ofstream(path) << "content";
  CHECK_FALSE(FileStamp(path).vouched());
  FileStamp(path).vouch();
  CHECK(FileStamp(path).vouched());
  fs::rename(path, folder.path() / "other");
  CHECK(FileStamp(folder.path() / "other").vouched());
  fs::rename(folder.path() / "other", path);

  fs::copy_file(path, folder.path() / "copy");
  CHECK_FALSE(FileStamp(folder.path() / "copy").vouched());
  std::ofstream(path, std::ios::app) << " and more";
  CHECK_FALSE(FileStamp(path).vouched());
}

TEST_CASE("nothing is known of a file that is not there", "[store]") {
  const test::TemporaryFolder folder;
  const FileStamp stamp(folder.path() / "none");
  stamp.vouch();
  CHECK_FALSE(stamp.vouched());
}

}  // namespace
}  // namespace ltlab
