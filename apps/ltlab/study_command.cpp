#include <algorithm>
#include <filesystem>
#include <iostream>
#include <span>

#include "commands.h"
#include "comparison_file.h"
#include "comparison_runner.h"
#include "json_output.h"
#include "ltlab/base/error.h"
#include "ltlab/base/utc.h"
#include "ltlab/store/atomic_file.h"
#include "search_options.h"
#include "study_package.h"
#include "study_plan.h"
#include "study_power.h"
#include "study_report.h"
#include "study_runs.h"
#include "terminal.h"
#include "tuning.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

constexpr char kUsage[] = R"(usage: ltlab study FILE [OPTION...]
       ltlab study --replicate PACKAGE --out DIR [OPTION...]

Registers the claims of a study file, runs what is missing of its searches, and evaluates each claim: supported,
refuted or undecided, with effect, interval and p. A study file is a comparison file with lines

    question = TEXT
    claim.NAME = early-stop-step of base at 0.21 below early-stop-step of base/random-reinit at 0.21
    claim.NAME = test-accuracy of snip/random-mask at 0.1 as good as snip within 1 sd, unlike random
    quote.NAME = NUMBER, WHERE IT WAS PRINTED

The folder keeps the file as it was registered, with its digest: a claim that is added or changed when results
exist is told as such for ever. verdicts.md, verdicts.json and replication.json are written there.

)";

// What `ltlab study` is asked to do.
struct Request {
  std::string file, out, data_directory, replicate;
  double tolerance = 0;
  bool plan = false, json = false;
  unsigned workers = 1;
};

po::options_description study_options(Request& request) {
  po::options_description options("Options", 110, 55);
  // clang-format off
  options.add_options()
      ("help,h", "this text")
      ("out", po::value(&request.out)->value_name("DIR"), "folder of the study's runs (masks/FILE without its suffix)")
      ("data-dir", po::value(&request.data_directory)->value_name("DIR"), "where the data files lie, as of `ltlab search`")
      ("workers", po::value<Count>()->value_name("N"), "trainings side by side (the processor's cores)")
      ("plan", po::bool_switch(&request.plan), "register nothing and run nothing: tell trainings, time, disk and, of what is recorded, power")
      ("replicate", po::value(&request.replicate)->value_name("PACKAGE"), "run the study of this replication.json anew, and compare its figures, networks and verdicts")
      ("tolerance", po::value(&request.tolerance)->value_name("X"), "by which a replication's accuracies may differ (0)")
      ("json", po::bool_switch(&request.json), "print the verdicts as JSON");
  // clang-format on
  return options;
}

// ----------------------------------------------------------------------------------------------------
// running and evaluating

// Returns the earliest time at which a training in these folders began.
void find_first_training(const RunStore& store, std::optional<std::string>& first) {
  for (const unsigned level : store.levels()) {
    const std::string started = store.read_summary(level).started_utc;
    if (!first || started < *first) first = started;
  }
  for (const std::string& member : store.members())
    find_first_training(RunStore(store.folder() / member), first);
}

std::optional<std::string> first_training(const ComparisonFile& file, const std::string& out) {
  std::optional<std::string> first;
  for (const fs::path& folder : recorded_folders(file, out)) find_first_training(RunStore(folder), first);
  return first;
}

// Runs the study until a look decides all claims, and returns what it found.
StudyFindings run_study(const ComparisonFile& file, const Request& request) {
  StudyFindings findings;
  findings.name = fs::path(request.out).filename().string();
  findings.study = file.study;
  findings.looks = looks_of(file);
  ComparisonRunner runner(request.workers);
  for (std::size_t look = 0; look < findings.looks.size(); ++look) {
    findings.looks_done = look + 1;
    findings.specifications.clear();
    const VerdictOptions options{findings.looks[look].alpha, file.study.families, file.study.quotes};
    const unsigned seeds = findings.looks[look].seeds;
    for (const Specification& specification : file.specifications) {
      std::vector<TunedSearch> tunings = run_trials(runner, specification, request.out);
      const Folders folders = runner.run(searches_at(tuned(specification, tunings), request.out,
                                                     findings.looks[look], findings.looks.back()),
                                         specification_folder(specification, request.out));
      StudyVariants variants = read_variants(folders, file.study);
      keep_seeds(variants, specification.searches.front().second.seed, seeds);
      findings.specifications.push_back(
          {specification.name, evaluate(file.study.claims, variants, options), std::move(tunings)});
    }
    if (std::ranges::none_of(findings.verdicts(), [](const ClaimVerdict& verdict) {
          return verdict.decision == Decision::undecided;
        }))
      break;
  }
  return findings;
}

// ----------------------------------------------------------------------------------------------------
// commands

void write_text(const fs::path& path, const std::string& text) {
  const FolderLock lock(path.parent_path());
  write_atomically(lock, path.filename().string(), std::as_bytes(std::span(text)));
}

ComparisonFile read_study_file(const Request& request) {
  ComparisonFile file = read_comparison_file(request.file, request.data_directory, false);
  if (file.study.claims.empty())
    throw ConfigError("'" + request.file +
                      "' makes no claim: add lines claim.NAME = SENTENCE, or use "
                      "`ltlab compare --config`");
  return file;
}

// Throws where a claim cannot be evaluated, before it is registered.
void check_claims(const ComparisonFile& file, const std::string& out) {
  evaluate(file.study.claims, read_variants(recorded_searches(file, out), file.study), {});
}

StudyFindings complete_study(const ComparisonFile& file, const Request& request) {
  const fs::path out = request.out;
  Registration registration(out);
  registration.add(file.text, recorded_trainings(file, request.out), utc_now());
  std::cerr << "ltlab: registered as " << registration.entries().back().digest() << '\n';
  StudyFindings findings = run_study(file, request);
  findings.registered = registration.entries();
  findings.timings = registration.timings(first_training(file, request.out));
  write_text(out / "verdicts.md", study_markdown(findings));
  write_text(out / kVerdicts, json_text(study_json(findings), 1) + "\n");
  write_text(out / "replication.json", json_text(package_json(file, findings, request.out), 1) + "\n");
  return findings;
}

int replicate(Request request) {
  if (request.out.empty())
    throw ConfigError("--replicate needs --out DIR: an empty folder for the fresh runs");
  const StudyPackage package = read_package(request.replicate);
  const std::vector<RegistrationEntry> entries = Registration(request.out).entries();
  if (!entries.empty() && entries.back().text != package.text)
    throw ConfigError("'" + request.out + "' holds another study: give another --out");
  fs::create_directories(request.out);
  request.file = (fs::path(request.out) / "study.cfg").string();
  write_text(request.file, package.text);
  const ComparisonFile file = read_study_file(request);
  const StudyFindings findings = complete_study(file, request);
  const PackageComparison compared = compare_package(package, file, findings, request.out, request.tolerance);
  print_package_comparison(std::cout, compared);
  return compared.holds() ? 0 : static_cast<int>(ExitStatus::data);
}

}  // namespace

int study_command(const Arguments& arguments) {
  Request request;
  const po::options_description options = study_options(request);
  const po::variables_map values = parse_arguments(arguments, options, "file");
  if (print_help(values, kUsage, options)) return 0;
  request.workers = read_workers(values);
  if (!(request.tolerance >= 0)) throw ConfigError("--tolerance must not be negative");
  const bool names_file = values.count("file") > 0;
  if (names_file == !request.replicate.empty() ||
      (names_file && values["file"].as<std::vector<std::string>>().size() > 1))
    throw ConfigError("ltlab study: name one file, or a package by --replicate; see --help");
  try {
    if (!request.replicate.empty()) return replicate(request);
    request.file = values["file"].as<std::vector<std::string>>().front();
    if (values.count("out") == 0) request.out = (fs::path("masks") / fs::path(request.file).stem()).string();
    const ComparisonFile file = read_study_file(request);
    const bool finished = is_study_finished(file, request.out);
    if (finished) check_claims(file, request.out);
    if (request.plan || !finished)
      print_plan(request.plan ? std::cout : std::cerr, plan_study(file, request.out, request.workers),
                 request.workers);
    if (request.plan) {
      print_power(std::cout, file, request.out, {});
      return 0;
    }
    const StudyFindings findings = complete_study(file, request);
    if (request.json)
      print_json(std::cout, study_json(findings));
    else
      print_study(std::cout, findings);
  } catch (const Interrupted&) {
    throw Error(ExitStatus::interrupted, "interrupted; what was done is saved, the same command goes on");
  }
  return 0;
}

}  // namespace ltlab::app
