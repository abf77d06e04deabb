#include "ltlab/study/replication.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

using namespace ltlab;

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

NetworkTrace network(double accuracy, const std::string& hash = "same") {
  return {"base", "ticket", 3, 0, 1, {{"test_accuracy", accuracy}}, hash};
}

ReplicationResult compare(double before, double now, double tolerance = 0.01) {
  return compare_traces({network(before)}, {network(now, "another")}, {{"test_accuracy", tolerance}});
}

TEST_CASE("A replication holds where every figure is within its tolerance", "[study]") {
  CHECK(compare(0.9, 0.905).holds());
  CHECK_FALSE(compare(0.9, 0.92).holds());
  CHECK(compare(0.9, 0.9).equal == 0);
  CHECK(compare_traces({network(0.9)}, {network(0.9)}, {{"test_accuracy", 0.0}}).equal == 1);
  CHECK(compare_traces({network(0.9)}, {}, {{"test_accuracy", 0.0}}).missing ==
        std::vector<std::string>{"base, ticket, seed 3, level 1"});
}

TEST_CASE("A figure that is no number is replicated by another such, and by nothing else", "[study]") {
  CHECK(compare(kUnknown, kUnknown).holds());
  CHECK_FALSE(compare(kUnknown, 0.9).holds());
  CHECK_FALSE(compare(0.9, kUnknown).holds());
}

}  // namespace
