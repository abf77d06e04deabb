#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace ltlab::app {

/// A table of texts, each row as long as the header.
struct TextTable {
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

/// Pads by characters, not bytes: "±" is two bytes of UTF-8.
std::string pad(const std::string& text, std::size_t width);

/// Columns padded to their widths.
void print_terminal(std::ostream& out, const TextTable& table);
/// As GitHub reads it.
void print_markdown(std::ostream& out, const TextTable& table);
/// A table environment; it needs the package booktabs.
void print_latex(std::ostream& out, const TextTable& table);
/// A line a row, without the caption; words with commas or quotes in quotes (RFC 4180).
void print_csv(std::ostream& out, const TextTable& table);

}  // namespace ltlab::app
