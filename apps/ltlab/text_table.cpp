#include "text_table.h"

#include <algorithm>
#include <map>

#include "ltlab/base/join.h"

namespace ltlab::app {
namespace {

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::vector<std::size_t> column_widths(const TextTable& table) {
  std::vector<std::size_t> widths;
  for (const std::string& word : table.header) widths.push_back(characters(word));
  for (const auto& row : table.rows) {
    for (std::size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], characters(row[column]));
  }
  return widths;
}

// What LaTeX would read as its own.
std::string escaped(const std::string& text, const std::map<char, std::string>& replacements) {
  std::string result;
  for (const char c : text) {
    const auto found = replacements.find(c);
    result += found == replacements.end() ? std::string(1, c) : found->second;
  }
  return result;
}

std::string latex(const std::string& text) {
  static const std::map<char, std::string> replacements = {{'%', "\\%"},
                                                           {'_', "\\_"},
                                                           {'&', "\\&"},
                                                           {'#', "\\#"},
                                                           {'$', "\\$"},
                                                           {'{', "\\{"},
                                                           {'}', "\\}"},
                                                           {'<', "$<$"},
                                                           {'>', "$>$"},
                                                           {'~', "\\textasciitilde{}"},
                                                           {'^', "\\textasciicircum{}"},
                                                           {'\\', "\\textbackslash{}"}};
  return escaped(text, replacements);
}

std::string markdown(const std::string& text) {
  return escaped(text, {{'|', "\\|"}});
}

std::string csv(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  return '"' + escaped(text, {{'"', "\"\""}}) + '"';
}

}  // namespace

std::string pad(const std::string& text, std::size_t width) {
  const std::size_t length = characters(text);
  return text + std::string(width > length ? width - length : 0, ' ');
}

void print_terminal(std::ostream& out, const TextTable& table) {
  const std::vector<std::size_t> widths = column_widths(table);
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) line += pad(row[column], widths[column] + 2);
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  };
  out << table.caption << '\n';
  print(table.header);
  for (const auto& row : table.rows) print(row);
}

void print_markdown(std::ostream& out, const TextTable& table) {
  const auto print = [&](const std::vector<std::string>& row) {
    out << "| " << join(row, " | ", markdown) << " |\n";
  };
  out << table.caption << "\n\n";
  print(table.header);
  print(std::vector<std::string>(table.header.size(), "---"));
  for (const auto& row : table.rows) print(row);
}

void print_latex(std::ostream& out, const TextTable& table) {
  const auto print = [&](const std::vector<std::string>& row) {
    out << join(row, " & ", latex) << " \\\\\n";
  };
  out << "\\begin{table}\n\\caption{" << latex(table.caption) << "}\n\\begin{tabular}{"
      << std::string(table.header.size(), 'l') << "}\n\\toprule\n";
  print(table.header);
  out << "\\midrule\n";
  for (const auto& row : table.rows) print(row);
  out << "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
}

void print_csv(std::ostream& out, const TextTable& table) {
  out << join(table.header, ",", csv) << '\n';
  for (const auto& row : table.rows) out << join(row, ",", csv) << '\n';
}

}  // namespace ltlab::app
