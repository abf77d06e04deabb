#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command_line.h"
#include "ltlab/analysis/comparison.h"

namespace ltlab::app {

enum class ComparisonFormat { terminal, markdown, csv, latex, json };

/// What `ltlab compare` is asked to do.
struct CompareRequest {
  std::vector<std::pair<std::string, std::string>> runs;  ///< names and folders
  std::string config;                                     ///< comparison file; empty: none, compare `runs`
  std::string out;                                        ///< folder of the file's runs
  std::string data_directory;                             ///< as in DatasetOptions
  unsigned workers = 1;
  ComparisonOptions options;
  ComparisonFormat format = ComparisonFormat::terminal;
  bool help = false;
  std::string help_text;
};

/// Throws ConfigError.
CompareRequest parse_compare(const Arguments& arguments);

}  // namespace ltlab::app
