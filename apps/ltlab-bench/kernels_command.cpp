#include <benchmark/benchmark.h>

#include <algorithm>
#include <iostream>

#include "cases.h"
#include "commands.h"
#include "dense_sides.h"
#include "ltlab/base/error.h"
#include "ltlab/format.h"

namespace ltlab::bench {
namespace po = boost::program_options;
namespace {

// Prints one line per comparison; Google Benchmark's own report would have forty columns.
class Table : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override {
    std::cout << app::format("%-58s%10s%8s%7s%10s%8s%26s  %s", "", "sparse us", "GFLOP/s", "% peak",
                             "dense us", "GFLOP/s", "dense / sparse [min, max]", "fastest dense")
              << std::endl;
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        std::cerr << run.benchmark_name() << ": " << run.error_message << '\n';
        failed_ = true;
        continue;
      }
      const auto of = [&](const char* name) { return run.counters.at(name).value; };
      const std::string ratio =
          app::format("%.2f [%.2f, %.2f]", of("ratio"), of("ratio_min"), of("ratio_max"));
      std::cout << app::format("%-58s%10.1f%8.1f%7.0f%10.1f%8.1f%26s  ", run.run_name.function_name.c_str(),
                               1e6 * of("sparse_seconds"), of("sparse_gflops"), of("peak_percent"),
                               1e6 * of("dense_seconds"), of("dense_gflops"), ratio.c_str())
                << run.report_label << std::endl;
    }
  }

  bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

struct Request {
  Care care;
  bool quick = false, help = false;
};

Request parse(const Arguments& arguments) {
  Request request;
  po::options_description options("Options", 110, 55);
  options.add_options()("help", po::bool_switch(&request.help), "show this text")                   //
      ("quick", po::bool_switch(&request.quick), "few shapes, batches and densities")               //
      ("rounds", po::value<int>(&request.care.rounds)->value_name("N"), "turns of each side (11)")  //
      ("block-ms", po::value<double>()->value_name("MS"), "a turn's least milliseconds (2)");
  const po::variables_map values = app::parse_arguments(arguments, options);
  if (values.count("block-ms") > 0) request.care.block_seconds = 1e-3 * values["block-ms"].as<double>();
  if (request.care.rounds < 1) throw ConfigError("--rounds must be at least 1");
  if (request.help) {
    std::cout << "Usage: ltlab-bench kernels [OPTION...] [--benchmark_...]\n\n"
                 "Measures sparse kernels beside oneDNN, OpenBLAS and Eigen, in one thread, in turns.\n"
              << options
              << "\nand those of Google Benchmark: --benchmark_filter=REGEX, --benchmark_list_tests,\n"
                 "--benchmark_format=json|csv, --benchmark_out=FILE, --benchmark_out_format=json|csv\n";
  }
  return request;
}

}  // namespace

int kernels_command(const Arguments& arguments) {
  Arguments own, google{"ltlab-bench"};
  for (const std::string& word : arguments) (word.starts_with("--benchmark_") ? google : own).push_back(word);
  const Request request = parse(own);
  if (request.help) return 0;

  const bool table = std::ranges::none_of(
      google, [](const std::string& word) { return word.starts_with("--benchmark_format"); });
  std::vector<char*> words;
  for (std::string& word : google) words.push_back(word.data());
  int count = static_cast<int>(words.size());
  benchmark::Initialize(&count, words.data());
  if (count > 1)
    throw ConfigError(std::string("unknown option '") + words[1] + "'; see ltlab-bench kernels --help");

  use_one_thread();
  const Machine machine = measure_machine();
  benchmark::AddCustomContext("machine", to_json(machine).dump());
  benchmark::AddCustomContext("rounds", std::to_string(request.care.rounds));
  benchmark::AddCustomContext("block_seconds", std::to_string(request.care.block_seconds));
  const auto add = [&](const std::vector<Case>& cases) {
    for (const Case& one : cases) register_case(one, machine, request.care);
  };
  add(linear_cases(request.quick));
  add(convolution_cases(request.quick));
#ifdef LTLAB_SPARSEPROP
  add(sparseprop_cases());
#endif
  Table reporter;
  const std::size_t ran =
      table ? benchmark::RunSpecifiedBenchmarks(&reporter) : benchmark::RunSpecifiedBenchmarks();
  if (ran == 0) throw ConfigError("no benchmark matches --benchmark_filter; see --benchmark_list_tests");
  benchmark::Shutdown();
  return static_cast<int>(reporter.failed() ? ExitStatus::diverged : ExitStatus::done);
}

}  // namespace ltlab::bench
