#include "matching_options.h"

#include <string>

#include "command_line.h"
#include "ltlab/base/error.h"

namespace ltlab::app {

namespace po = boost::program_options;

void add_matching_options(po::options_description& options) {
  // clang-format off
  options.add_options()
      ("criterion", po::value<std::string>()->value_name("NAME"),
       "what makes a level match the dense network: not-worse (default), a validation accuracy that is shown to be less than the "
       "margin below, from dense to sparse until the first that is not; or one-deviation, a mean test accuracy at most one standard "
       "deviation below, as papers have it, which is no test")
      ("margin", po::value<double>()->value_name("X"), "of accuracy, within which networks are as good: 0.005 is half a point (0.005)");
  // clang-format on
}

MatchingOptions read_matching_options(const po::variables_map& values) {
  MatchingOptions options;
  if (values.count("criterion") > 0)
    options.criterion = located(
        "--criterion: ", [&] { return criterion_names().parse(values["criterion"].as<std::string>()); });
  if (values.count("margin") > 0) options.margin = values["margin"].as<double>();
  require_fraction("margin", options.margin);
  return options;
}

}  // namespace ltlab::app
