// Trains random models by every kernel and compares them with a plain reference: see model_case.h.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "differential/model_case.h"

namespace {

using namespace ltlab::test;
namespace po = boost::program_options;

constexpr unsigned kSecondsACase = 300;

// What a child found: nothing, or what is wrong.
std::string find_difference_or_error(const ModelCase& c) {
  try {
    return find_difference(c).value_or("");
  } catch (const std::exception& error) {
    return std::string("refused: ") + error.what();
  }
}

// Runs the case in a child, which may crash. Returns nothing where all agrees.
std::string failure_of(const ModelCase& c) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error(std::strerror(errno));
  std::cout.flush();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error(std::strerror(errno));
  if (child == 0) {
    ::close(ends[0]);
    ::alarm(kSecondsACase);
    const std::string failure = find_difference_or_error(c);
    const bool written =
        ::write(ends[1], failure.data(), failure.size()) == static_cast<ssize_t>(failure.size());
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::string failure(4096, '\0');
  const ssize_t read = ::read(ends[0], failure.data(), failure.size());
  failure.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read)));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return std::string("crash: ") + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "crash: exit status " + std::to_string(WEXITSTATUS(status));
  return failure;
}

std::string kind_of(const std::string& failure) {
  return failure.substr(0, failure.find(':'));
}

// The smallest case found that fails in the same way.
ModelCase shrink(ModelCase c, const std::string& failure) {
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (const ModelCase& candidate : smaller_cases(c)) {
      if (kind_of(failure_of(candidate)) != kind_of(failure)) continue;
      c = candidate;
      smaller = true;
      break;
    }
  }
  return c;
}

std::vector<ModelCase> cases_of(const po::variables_map& options) {
  std::vector<ModelCase> cases;
  if (options.count("kept") > 0) {
    std::ifstream file(options["kept"].as<std::string>());
    if (!file) throw std::runtime_error("cannot read " + options["kept"].as<std::string>());
    for (std::string line; std::getline(file, line);)
      if (!line.empty() && line.front() != '#') cases.push_back(parse_case(line));
  } else if (options.count("case") > 0) {
    cases.push_back(parse_case(options["case"].as<std::string>()));
  } else {
    const auto first = options["first"].as<std::uint64_t>();
    for (std::uint64_t i = 0; i < options["count"].as<std::uint64_t>(); ++i)
      cases.push_back(random_case(first + i));
  }
  return cases;
}

int run(int argc, char** argv) {
  po::options_description help(
      "Trains random models by every kernel and compares them with a plain reference");
  help.add_options()("help,h", "shows this")("first", po::value<std::uint64_t>()->default_value(0),
                                             "number of the first case")(
      "count", po::value<std::uint64_t>()->default_value(300), "cases")("case", po::value<std::string>(),
                                                                        "one case, as a failure prints it")(
      "kept", po::value<std::string>(), "a file of such cases, one a line")(
      "summary", po::value<std::string>(), "writes the counts to this file, as JSON");
  po::variables_map options;
  po::store(po::parse_command_line(argc, argv, help), options);
  if (options.count("help") > 0) {
    std::cout << help;
    return 0;
  }
  std::size_t failures = 0;
  const std::vector<ModelCase> cases = cases_of(options);
  for (const ModelCase& c : cases) {
    const std::string failure = failure_of(c);
    if (failure.empty()) continue;
    ++failures;
    std::cout << failure << "\n  of " << to_text(c) << "\n";
    const ModelCase small = shrink(c, failure);
    std::cout << "  and " << to_text(small) << "\n      " << failure_of(small) << std::endl;
  }
  std::cout << cases.size() << " models, " << failures << " differ or fail\n";
  if (options.count("summary") > 0) {
    std::ofstream(options["summary"].as<std::string>())
        << nlohmann::json{{"what", "random models"}, {"tries", cases.size()}, {"failures", failures}} << "\n";
  }
  return failures == 0 && !cases.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "random models: " << error.what() << "\n";
    return 2;
  }
}
