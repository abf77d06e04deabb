#include <execinfo.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string_view>

#include "commands.h"
#include "ltlab/base/memory_crash.h"
#include "ltlab/base/names.h"
#include "ltlab/version.h"
#include "plain_output.h"

namespace {

using ltlab::app::Arguments;

struct Command {
  std::string_view name;
  const char* summary;
  int (*run)(const Arguments&);
};

constexpr Command kCommands[] = {
    {"compare", "hold searches and their controls against each other, and run what is missing",
     ltlab::app::compare_command},
    {"data", "list, describe, fetch and check datasets", ltlab::app::data_command},
    {"inspect", "look at saved masks and weights, and compare them", ltlab::app::inspect_command},
    {"landscape", "measure the loss landscape: interpolation, instability, sharpness",
     ltlab::app::landscape_command},
    {"model", "show a model's layers, list built-in models", ltlab::app::model_command},
    {"power", "tell what seeds the claims of a study take", ltlab::app::power_command},
    {"report", "make a page of charts, masks and tables to look at", ltlab::app::report_command},
    {"search", "find winning tickets by iterative magnitude pruning", ltlab::app::search_command},
    {"study", "register claims, run what they need, and give verdicts", ltlab::app::study_command},
    {"verify", "check a run's files: checksums and invariants", ltlab::app::verify_command}};

void print_usage(std::ostream& out) {
  out << "ltlab " << LTLAB_VERSION << ", a lottery-ticket laboratory\n\nusage: ltlab COMMAND [OPTION...]\n\n";
  for (const auto& [name, summary, run] : kCommands)
    out << "  " << name << std::string(10 - name.size(), ' ') << summary << '\n';
  out << "\nltlab COMMAND --help tells a command's options.\n"
         "Exit status: 0 done, 2 usage or config, 3 bad data or run, 4 diverged, 5 the system refused, 130 "
         "interrupted.\n";
}

int run(const Arguments& words) {
  if (words.empty()) {
    print_usage(std::cerr);
    return static_cast<int>(ltlab::ExitStatus::config);
  }
  const std::string& name = words.front();
  if (name == "--help" || name == "-h" || name == "help") {
    print_usage(std::cout);
    return 0;
  }
  if (name == "--version") {
    std::cout << "ltlab " << LTLAB_VERSION << '\n';
    return 0;
  }
  const Command* const found = ltlab::find_row(kCommands, name);
  if (!found) {
    std::vector<std::string> names;
    for (const Command& command : kCommands) names.emplace_back(command.name);
    throw ltlab::ConfigError("unknown command '" + name + "'" + ltlab::suggestion(name, names) +
                             "; ltlab --help lists all commands");
  }
  return found->run(Arguments(words.begin() + 1, words.end()));
}

bool main_ended = false;

// Libraries may end the program when memory runs out (libhdf5, OpenMP), with any status.
void at_exit() {
  if (main_ended) return;
  std::cerr << "ltlab: a library ended the program, perhaps for lack of memory; what was stored is whole\n";
  std::_Exit(static_cast<int>(ltlab::ExitStatus::io));
}

// Work under way is left as if the process had been killed.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view kWords =
      "ltlab: out of memory, and a library crashed for lack of it; what was stored is whole: free some, then "
      "try again, a search with --resume\n";
  static_cast<void>(!::write(STDERR_FILENO, kWords.data(), kWords.size()));
  std::_Exit(static_cast<int>(ltlab::ExitStatus::io));
}

int run_safely(const Arguments& words) {
  try {
    const int status = run(words);
    if (!std::cout.flush()) throw ltlab::IoError("cannot write to standard output");
    return status;
  } catch (const ltlab::Error& error) {
    std::cerr << "ltlab: " << error.what() << '\n';
    return static_cast<int>(error.status());
  } catch (const std::bad_alloc&) {
    std::cerr << "ltlab: out of memory: free some, then try again\n";
  } catch (const std::exception& error) {
    std::cerr << "ltlab: " << error.what() << '\n';
  }
  return static_cast<int>(ltlab::ExitStatus::io);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // nor does a search end because nobody reads its progress any more
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on files' sizes then is an error that names the file
  std::atexit(at_exit);
  ltlab::on_crash_without_memory(end_without_memory);
  // glibc loads what it needs for exceptions when first asked, and memory may be lacking then.
  void* frame = nullptr;
  ::backtrace(&frame, 1);
  int status = static_cast<int>(ltlab::ExitStatus::io);
  try {
    const ltlab::app::PlainOutput out(std::cout), err(std::cerr);
    status = run_safely(Arguments(argv + 1, argv + argc));
  } catch (const std::bad_alloc&) {
    std::cerr << "ltlab: out of memory\n";
  }
  main_ended = true;
  return status;
}
