#include "ltlab/base/names.h"

#include <catch2/catch.hpp>

using namespace ltlab;

TEST_CASE("The nearest name is told where one is near enough", "[base]") {
  const std::vector<std::string> names = {"lenet-300-100", "mlp:INPUTS-WIDTH-...-CLASSES", "adam", "adamw"};
  CHECK(nearest_name("adma", names) == "adam");
  CHECK(nearest_name("lenet-300-10", names) == "lenet-300-100");
  CHECK(nearest_name("mpl:784-500-300-10", names) == "mlp:INPUTS-WIDTH-...-CLASSES");
  CHECK(nearest_name("transformer", names).empty());
  CHECK(suggestion("adam w", names) == " (did you mean 'adamw'?)");
  CHECK(suggestion("transformer", names).empty());
}

TEST_CASE("A table of names reads what it writes, and refuses the rest with what there is", "[base]") {
  enum class Colour { red, green };
  const NameTable<Colour> colours("colour", {{Colour::green, "green"}, {Colour::red, "red"}});
  CHECK(colours.name(Colour::red) == "red");
  CHECK(colours.parse("green") == Colour::green);
  CHECK_THROWS_WITH(colours.parse("gren"),
                    "unknown colour 'gren' (did you mean 'green'?); there are green, red");
  CHECK_THROWS_WITH(colours.parse("chartreuse"), "unknown colour 'chartreuse'; there are green, red");
}

TEST_CASE("Ranges of numbers", "[base]") {
  CHECK(ranges({}).empty());
  CHECK(ranges({3}) == "3");
  CHECK(ranges({0, 1, 2, 5, 7, 8}) == "0 to 2, 5, 7, 8");
  CHECK(ranges({0, 2, 4, 6, 8, 10}) == "0, 2, 4, 6, 8, 10");
  CHECK(ranges({0, 2, 4, 6, 8, 10, 12, 13}) == "0, 2, 4, 6, 8, 10, ...");
}
