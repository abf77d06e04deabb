#include "text_table.h"

#include <algorithm>
#include <numeric>

#include "ltlab/base/join.h"
#include "terminal.h"

namespace ltlab::app {
namespace {

using Columns = std::vector<std::size_t>;  // indices of a table's
using Lines = std::vector<std::string>;

const std::string kBetweenColumns = "  ", kBetweenGroups = " | ";
constexpr std::size_t kLeastWidth = 6;  // to which a column's lines are broken

// The content of a row's cell: lines one below the other, and the separator from the cell before.
struct Cell {
  std::string before;
  std::size_t width;
  Align align;
  Lines lines;
};

std::string padded(const std::string& text, const Cell& cell) {
  const std::string blanks(cell.width - std::min(cell.width, display_width(text)), ' ');
  return cell.align == Align::left ? text + blanks : blanks + text;
}

// Shorter cells have their lines at the top, or `at_bottom`.
void print_cells(std::ostream& out, const std::vector<Cell>& cells, bool at_bottom) {
  std::size_t height = 0;
  for (const Cell& cell : cells) height = std::max(height, cell.lines.size());
  for (std::size_t l = 0; l < height; ++l) {
    std::string line;
    for (const Cell& cell : cells) {
      const std::size_t above = at_bottom ? height - cell.lines.size() : 0;
      line += cell.before +
              padded(l >= above && l - above < cell.lines.size() ? cell.lines[l - above] : "", cell);
    }
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

// Returns the text in a row's column; empty where the row is shorter.
std::string text_at(const Lines& row, std::size_t column) {
  return column < row.size() ? row[column] : "";
}

// Lays a table out for lines of a width, and prints it.
class Layout {
 public:
  Layout(const TextTable& table, std::size_t line) : table_(table), line_(line) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) widths_.push_back(natural_width(c));
    widen_for_titles();
    if (total(columns(0, widths_.size())) > line) limit_widths();
  }

  void print(std::ostream& out) const {
    const std::vector<Columns> blocks = this->blocks();
    for (const Columns& block : blocks) {
      if (&block != &blocks.front()) out << '\n';
      print_block(out, block);
    }
  }

 private:
  const std::string& group(std::size_t column) const { return table_.columns[column].group; }

  std::size_t natural_width(std::size_t column) const {
    std::size_t width = 0;
    for (const std::string& line : wrapped(table_.columns[column].name, kNoLimit))
      width = std::max(width, display_width(line));
    for (const auto& row : table_.rows) width = std::max(width, display_width(text_at(row, column)));
    return width;
  }

  // Widens a group's last column as its title needs.
  void widen_for_titles() {
    for (const Columns& group_of : groups(columns(0, widths_.size()))) {
      const std::size_t width = total(group_of), title = display_width(group(group_of.front()));
      widths_[group_of.back()] += title - std::min(title, width);
    }
  }

  // Returns runs of columns of the same group.
  std::vector<Columns> groups(const Columns& some) const {
    std::vector<Columns> groups;
    for (const std::size_t c : some) {
      if (groups.empty() || group(c) != group(groups.back().back())) groups.emplace_back();
      groups.back().push_back(c);
    }
    return groups;
  }

  static Columns columns(std::size_t from, std::size_t to) {
    Columns all(to - from);
    std::iota(all.begin(), all.end(), from);
    return all;
  }

  const std::string& between(std::size_t left, std::size_t right) const {
    return group(left) == group(right) ? kBetweenColumns : kBetweenGroups;
  }

  std::size_t total(const Columns& some) const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < some.size(); ++i)
      sum += widths_[some[i]] + (i > 0 ? between(some[i - 1], some[i]).size() : 0);
    return sum;
  }

  // Keys may take half of a line, and any other column the rest.
  void limit_widths() {
    const Columns keys = columns(0, table_.keys);
    if (total(keys) > line_ / 2) {
      for (const std::size_t key : keys)
        widths_[key] =
            std::min(widths_[key], std::max(kLeastWidth, line_ / 2 / keys.size() - kBetweenColumns.size()));
    }
    const std::size_t taken = total(keys) + kBetweenGroups.size();
    const std::size_t most = std::max(kLeastWidth, line_ > taken ? line_ - taken : 0);
    for (std::size_t c = keys.size(); c < widths_.size(); ++c) widths_[c] = std::min(widths_[c], most);
  }

  // Returns columns that stay together: those of a group, or each alone where a line does not hold the group.
  std::vector<Columns> pieces() const {
    std::vector<Columns> pieces;
    for (const Columns& group_of : groups(columns(table_.keys, widths_.size()))) {
      if (!group(group_of.front()).empty() && total(with_keys(group_of)) <= line_) {
        pieces.push_back(group_of);
      } else {
        for (const std::size_t c : group_of) pieces.push_back({c});
      }
    }
    return pieces;
  }

  Columns with_keys(const Columns& some) const {
    Columns all = columns(0, table_.keys);
    all.insert(all.end(), some.begin(), some.end());
    return all;
  }

  // Returns the columns of each part of the table, keys first.
  std::vector<Columns> blocks() const {
    std::vector<Columns> blocks{with_keys({})};
    for (const Columns& piece : pieces()) {
      Columns longer = blocks.back();
      longer.insert(longer.end(), piece.begin(), piece.end());
      if (total(longer) <= line_ || blocks.back().size() == table_.keys) {
        blocks.back() = longer;
      } else {
        blocks.push_back(with_keys(piece));
      }
    }
    return blocks;
  }

  void print_block(std::ostream& out, const Columns& block) const {
    print_titles(out, block);
    const bool named =
        std::ranges::any_of(table_.columns, [](const Column& one) { return !one.name.empty(); });
    if (named) print_row(out, block, true, [&](std::size_t c) { return table_.columns[c].name; });
    for (const auto& row : table_.rows)
      print_row(out, block, false, [&](std::size_t c) { return text_at(row, c); });
  }

  // Prints titles of groups, each above its columns.
  void print_titles(std::ostream& out, const Columns& block) const {
    if (std::ranges::all_of(block, [&](std::size_t c) { return group(c).empty(); })) return;
    std::vector<Cell> cells;
    for (const Columns& group_of : groups(block)) {
      const std::size_t width = total(group_of);
      cells.push_back(
          {cells.empty() ? "" : kBetweenGroups, width, Align::left, wrapped(group(group_of.front()), width)});
    }
    print_cells(out, cells, true);
  }

  template <class TextOf>
  void print_row(std::ostream& out, const Columns& block, bool at_bottom, const TextOf& text_of) const {
    std::vector<Cell> cells;
    for (std::size_t i = 0; i < block.size(); ++i) {
      const std::size_t c = block[i];
      const std::string before = i == 0 ? "" : between(block[i - 1], c);
      cells.push_back({before, widths_[c], table_.columns[c].align, wrapped(text_of(c), widths_[c])});
    }
    print_cells(out, cells, at_bottom);
  }

  const TextTable& table_;
  std::size_t line_;
  std::vector<std::size_t> widths_;
};

// Returns what makes a text bold in a format, around it.
std::string in_bold(const std::string& before, const std::string& text, const std::string& after) {
  const auto blanks = text.find_first_not_of(' ');  // a marked cell is not empty
  return text.substr(0, blanks) + before + text.substr(blanks) + after;
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

// Returns the row with as many cells as there are columns.
Lines whole(Lines row, const TextTable& table) {
  row.resize(table.columns.size());
  return row;
}

// Returns the cells of a row as `plain` writes them in a format, marked ones between `before` and `after`.
template <class Plain>
Lines cells_of(const TextTable& table, std::size_t row, const Plain& plain, const std::string& before,
               const std::string& after) {
  Lines cells = whole(table.rows[row], table);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    cells[c] = plain(cells[c]);
    if (table.marked.contains({row, c})) cells[c] = in_bold(before, cells[c], after);
  }
  return cells;
}

// Returns the table with stars in the text of marked cells.
TextTable with_stars(TextTable table) {
  for (const auto& [row, column] : table.marked) table.rows[row][column] += " *";
  return table;
}

// Returns the columns' names on one line each.
Lines names(const TextTable& table) {
  Lines names;
  for (const Column& column : table.columns) {
    names.push_back(column.name);
    std::ranges::replace(names.back(), '\n', ' ');
  }
  return names;
}

}  // namespace

void print_terminal(std::ostream& out, const TextTable& table) {
  print_within(out, table, line_width(out));
}

void print_within(std::ostream& out, const TextTable& table, std::size_t width) {
  if (!table.caption.empty()) out << join(wrapped(table.caption, width), "\n") << '\n';
  const TextTable starred = with_stars(table);
  Layout(starred, width).print(out);
}

void print_markdown(std::ostream& out, const TextTable& table) {
  const auto print = [&](const Lines& row) { out << "| " << join(row, " | ") << " |\n"; };
  out << table.caption << "\n\n";
  out << "| " << join(names(table), " | ", markdown) << " |\n";
  print(Lines(table.columns.size(), "---"));
  for (std::size_t r = 0; r < table.rows.size(); ++r) print(cells_of(table, r, markdown, "**", "**"));
}

void print_latex(std::ostream& out, const TextTable& table) {
  const auto print = [&](const Lines& row) { out << join(row, " & ") << " \\\\\n"; };
  out << "\\begin{table}\n\\caption{" << latex(table.caption) << "}\n";
  if (!table.label.empty()) out << "\\label{tab:" << table.label << "}\n";
  out << "\\begin{tabular}{" << std::string(table.columns.size(), 'l') << "}\n\\toprule\n";
  out << join(names(table), " & ", latex) << " \\\\\n";
  out << "\\midrule\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) print(cells_of(table, r, latex, "\\textbf{", "}"));
  out << "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
}

void print_csv(std::ostream& out, const TextTable& table) {
  out << join(names(table), ",", csv_field) << '\n';
  for (const auto& row : table.rows) out << join(whole(row, table), ",", csv_field) << '\n';
}

std::string escaped(const std::string& text, const std::map<char, std::string>& replacements) {
  std::string result;
  for (const char c : text) {
    const auto found = replacements.find(c);
    result += found == replacements.end() ? std::string(1, c) : found->second;
  }
  return result;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return '"' + escaped(text, {{'"', "\"\""}}) + '"';
}

}  // namespace ltlab::app
