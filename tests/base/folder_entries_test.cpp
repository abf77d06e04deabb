#include "ltlab/base/folder_entries.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "ltlab/base/error.h"
#include "support/temporary_folder.h"

namespace ltlab {
namespace {

namespace fs = std::filesystem;

TEST_CASE("entries of a folder are sorted, and have the type of themselves", "[base]") {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "b") << "text";
  fs::create_directory(folder.path() / "c");
  fs::create_symlink("nowhere", folder.path() / "a");
  const std::vector<FolderEntry> entries = folder_entries(folder.path());
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].name == "a");
  CHECK(entries[0].type == fs::file_type::symlink);
  CHECK(entries[1].name == "b");
  CHECK(entries[1].type == fs::file_type::regular);
  CHECK(entries[2].name == "c");
  CHECK(entries[2].type == fs::file_type::directory);
}

TEST_CASE("a folder that is not there has no entries, and what is no folder is an error", "[base]") {
  const test::TemporaryFolder folder;
  CHECK(folder_entries(folder.path() / "none").empty());
  std::ofstream(folder.path() / "file") << "text";
  CHECK_THROWS_AS(folder_entries(folder.path() / "file"), IoError);
}

}  // namespace
}  // namespace ltlab
