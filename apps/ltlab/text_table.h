#pragma once

#include <concepts>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ltlab::app {

enum class Align { left, right };

/// A column of a table. "\n" breaks its name; adjacent columns of the same group share its title above them.
struct Column {
  template <std::convertible_to<std::string> Name>
  // NOLINTNEXTLINE: from a name
  Column(const Name& its_name, Align its_align = Align::left, std::string its_group = "")
      : name(its_name), align(its_align), group(std::move(its_group)) {}

  std::string name;
  Align align;
  std::string group;
};

/// A table of texts. Cells that a row does not have are empty.
struct TextTable {
  std::string caption;  ///< may be empty
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
  std::size_t keys = 1;    ///< columns from the left that name a row
  std::string label = {};  ///< in LaTeX; may be empty
  /// Cells, by row and column, that have a star on a terminal, and are bold in Markdown and LaTeX.
  std::set<std::pair<std::size_t, std::size_t>> marked = {};

  /// Adds columns of these names.
  void add(std::initializer_list<const char*> names, Align align, const std::string& group = "") {
    for (const char* name : names) columns.emplace_back(name, align, group);
  }
};

/// Prints columns as wide as their widest cell, with two blanks between them and " | " between groups. Where
/// they are together wider than a line of `out` may be (line_width), the table is continued below with its
/// keys repeated, and a column that is itself wider than a line is broken.
void print_terminal(std::ostream& out, const TextTable& table);
/// The same, with lines of at most `width` columns.
void print_within(std::ostream& out, const TextTable& table, std::size_t width);
/// Prints a table in GitHub's Markdown.
void print_markdown(std::ostream& out, const TextTable& table);
/// Prints a table environment, which needs the package booktabs.
void print_latex(std::ostream& out, const TextTable& table);
/// Prints one line per row, without the caption, by csv_field().
void print_csv(std::ostream& out, const TextTable& table);

/// Returns the text with each character in `replacements` replaced.
std::string escaped(const std::string& text, const std::map<char, std::string>& replacements);

/// Returns a field of CSV: in quotes where its text has commas, quotes or line breaks (RFC 4180).
std::string csv_field(const std::string& text);

}  // namespace ltlab::app
