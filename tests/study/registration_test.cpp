#include "ltlab/study/registration.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "ltlab/base/error.h"
#include "support/temporary_folder.h"

using namespace ltlab;
using Catch::Contains;
using test::TemporaryFolder;

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("A study file is registered once, and again when it has changed", "[study]") {
  const TemporaryFolder folder;
  Registration registration(folder.path());
  CHECK(registration.entries().empty());
  registration.add("claim.a = x\n", 0, "2026-11-29T01:00:00Z");
  registration.add("claim.a = x\n", 5, "2026-11-29T02:00:00Z");
  registration.add("claim.a = y\n", 5, "2026-11-29T03:00:00Z");
  const Registration read_again(folder.path());
  REQUIRE(read_again.entries().size() == 2);
  CHECK(read_again.entries()[1].previous == read_again.entries()[0].digest());
  CHECK(read_again.entries()[1].text == "claim.a = y\n");
  CHECK(read_again.entries()[1].trainings == 5);
}

TEST_CASE("Claims made when results existed are told as such for ever", "[study]") {
  const TemporaryFolder folder;
  Registration registration(folder.path());
  registration.add("steps = 10\nclaim.a = x\nclaim.b = x\nclaim.c = x\n", 0, "2026-11-29T01:00:00Z");
  registration.add("# a comment\nsteps = 10\nclaim.a = x\nclaim.b = x\nclaim.c = z\n", 0,
                   "2026-11-29T02:00:00Z");
  registration.add("steps = 20\nclaim.a = x\nclaim.b = y\nclaim.d = x\n", 3, "2026-11-29T03:00:00Z");
  const std::string begun = "2026-11-29T02:30:00Z";
  const auto timings = Registration(folder.path()).timings(begun);
  CHECK(timings.at("claim.a") == LineTiming::beforehand);
  CHECK(timings.at("claim.b") == LineTiming::changed);
  CHECK(timings.at("claim.c") == LineTiming::withdrawn);
  CHECK(timings.at("claim.d") == LineTiming::added);
  CHECK(timings.at("steps") == LineTiming::changed);
  // Changing a claim back does not make it one of before.
  registration.add("steps = 20\nclaim.a = x\nclaim.b = x\nclaim.c = z\nclaim.d = x\n", 4,
                   "2026-11-29T04:00:00Z");
  const auto again = registration.timings(begun);
  CHECK(again.at("claim.b") == LineTiming::changed);
  CHECK(again.at("claim.c") == LineTiming::changed);
}

TEST_CASE("A registration that was made anew after results is found by their times", "[study]") {
  const TemporaryFolder folder;
  Registration registration(folder.path());
  registration.add("claim.a = x\n", 0, "2026-11-29T03:00:00Z");
  CHECK(registration.timings("2026-11-29T03:30:00Z").at("claim.a") == LineTiming::beforehand);
  CHECK(registration.timings(std::nullopt).at("claim.a") == LineTiming::beforehand);
  CHECK(registration.timings("2026-11-29T02:00:00Z").at("claim.a") == LineTiming::added);
}

TEST_CASE("A registration that was tampered with is refused", "[study]") {
  const TemporaryFolder folder;
  Registration registration(folder.path());
  registration.add("claim.a = above 1\n", 0, "2026-11-29T01:00:00Z");
  registration.add("claim.a = above 2\n", 1, "2026-11-29T02:00:00Z");
  const std::string text = read(registration.path());
  const auto with = [&](const std::string& before, const std::string& now) {
    std::string changed = text;
    changed.replace(changed.find(before), before.size(), now);
    write(registration.path(), changed);
  };
  const auto refused = [&](const std::string& words) {
    CHECK_THROWS_AS(Registration(folder.path()), StoreError);
    CHECK_THROWS_WITH(Registration(folder.path()), Contains(words) && Contains("registration.json"));
  };
  with("above 1", "above 0");
  refused("entry 0 was changed");
  with("\"trainings\": 1", "\"trainings\": 0");
  refused("entry 1 was changed");
  with("2026-11-29T01", "2026-11-28T01");
  refused("entry 0 was changed");
  // Without its first entry the second one has no predecessor.
  const auto first = text.find("  {"), second = text.find("  {", first + 1);
  write(registration.path(), text.substr(0, first) + text.substr(second));
  refused("entry 0 was changed");
  write(registration.path(), text.substr(0, text.size() / 2));
  refused("no sound registration");
  write(registration.path(), "{}");
  refused("no sound registration");
}
