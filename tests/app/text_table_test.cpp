#include "text_table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <sstream>

#include "format.h"
#include "terminal.h"

using namespace ltlab::app;

namespace {

std::string printed(const TextTable& table, std::size_t width = kNoLimit) {
  std::ostringstream out;
  print_within(out, table, width);
  return out.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TextTable wide_table() {
  TextTable table{"", {{"level", Align::right}, {"density", Align::right}}, {}, 2};
  for (const char* branch : {"ticket", "random-reinit"}) {
    for (const char* name : {"test % at end", "at early stop"})
      table.columns.emplace_back(name, Align::left, branch);
  }
  table.rows = {{"0", "100.00 %", " 46.96 ± 141.42", "100.00 ± 0.00", "", ""},
                {"1", "0.034 %", " 9.00 ± 0.00", "0", " 46.96 ± 1411.42", "7"}};
  return table;
}

// Words of random letters, some of two bytes and some of two columns.
std::string random_cell(std::mt19937& random) {
  static const std::vector<std::string> letters{"a", "é", "±", "漢", " ", "1", "_", "\xff"};
  std::string text;
  for (std::size_t n = random() % 30; n > 0; --n) text += letters[random() % letters.size()];
  return text;
}

}  // namespace

TEST_CASE("a table's columns are as wide as their widest cells, two blanks apart") {
  CHECK(printed(wide_table()) ==
        "                | ticket                         | random-reinit\n"
        "level   density | test % at end    at early stop | test % at end     at early stop\n"
        "    0  100.00 % |  46.96 ± 141.42  100.00 ± 0.00 |\n"
        "    1   0.034 % |  9.00 ± 0.00     0             |  46.96 ± 1411.42  7\n");
}

TEST_CASE("a table wider than a line is continued below, its keys repeated and groups kept whole") {
  CHECK(printed(wide_table(), 60) ==
        "                | ticket\n"
        "level   density | test % at end    at early stop\n"
        "    0  100.00 % |  46.96 ± 141.42  100.00 ± 0.00\n"
        "    1   0.034 % |  9.00 ± 0.00     0\n"
        "\n"
        "                | random-reinit\n"
        "level   density | test % at end     at early stop\n"
        "    0  100.00 % |\n"
        "    1   0.034 % |  46.96 ± 1411.42  7\n");
}

TEST_CASE("columns' names of several lines stand above their cells") {
  const TextTable table{
      "", {"layer", {"dead\ninputs", Align::right}, {"shape"}}, {{"fc1", "12", "3 x 4"}}, 1};
  CHECK(printed(table) ==
        "         dead\n"
        "layer  inputs  shape\n"
        "fc1        12  3 x 4\n");
  std::ostringstream csv;
  print_csv(csv, table);
  CHECK(csv.str() == "layer,dead inputs,shape\nfc1,12,3 x 4\n");
}

TEST_CASE("no table prints a line wider than the terminal, nor loses a letter, nor lets cells touch") {
  std::mt19937 random(7);
  for (int drawn = 0; drawn < 500; ++drawn) {
    TextTable table;
    const std::size_t columns = 1 + random() % 6;
    table.keys = 1 + random() % std::min<std::size_t>(columns, 2);
    for (std::size_t c = 0; c < columns; ++c)
      table.columns.emplace_back(random_cell(random), random() % 2 ? Align::left : Align::right,
                                 c < table.keys ? "" : std::string(random() % 3, 'G'));
    table.rows.resize(random() % 4, std::vector<std::string>(columns));
    for (auto& row : table.rows) std::ranges::generate(row, [&] { return random_cell(random); });
    const std::size_t width = 30 + random() % 100;
    for (const std::string& line : lines_of(printed(table, width))) CHECK(display_width(line) <= width);

    const std::string whole = printed(table);
    for (const char letter : {'a', '1', '_'}) {
      std::ptrdiff_t count = 0;
      for (const Column& column : table.columns) count += std::ranges::count(column.name, letter);
      for (const auto& row : table.rows) {
        for (const std::string& cell : row) count += std::ranges::count(cell, letter);
      }
      CHECK(std::ranges::count(whole, letter) == count);
    }
    const auto in_a_text = [&](const std::string& text) {
      const auto holds = [&](const std::string& cell) { return cell.find(text) != std::string::npos; };
      return std::ranges::any_of(table.columns, holds, &Column::name) ||
             std::ranges::any_of(table.rows,
                                 [&](const auto& row) { return std::ranges::any_of(row, holds); });
    };
    for (const auto& row : table.rows) {
      for (std::size_t c = 1; c < columns; ++c) {
        const std::string &left = row[c - 1], &right = row[c];
        if (left.empty() || right.empty() || left.back() == ' ' || right.front() == ' ') continue;
        CHECK((in_a_text(left + right) || whole.find(left + right) == std::string::npos));
      }
    }
  }
}

TEST_CASE("text is broken at blanks, and inside words that are longer than a line") {
  CHECK(wrapped("one two  three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(wrapped("one two", 3) == std::vector<std::string>{"one", "two"});
  CHECK(wrapped("abcdefgh", 3) == std::vector<std::string>{"abc", "def", "gh"});
  CHECK(wrapped("漢漢漢", 4) == std::vector<std::string>{"漢漢", "漢"});
  CHECK(wrapped("a\n\nb", 9) == std::vector<std::string>{"a", "", "b"});
  CHECK(wrapped("", 9) == std::vector<std::string>{""});
  CHECK(wrapped("word   ", 5) == std::vector<std::string>{"word"});
}

TEST_CASE("widths are those of terminals") {
  CHECK(display_width("plain") == 5);
  CHECK(display_width("±é") == 2);
  CHECK(display_width("漢字") == 4);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("\xff\xfe") == 2);
}

TEST_CASE("a density never reads as nothing where something is left") {
  CHECK(density_text(1) == "100.00 %");
  CHECK(density_text(0.0185) == "1.85 %");
  CHECK(density_text(0.001) == "0.10 %");
  CHECK(density_text(0.00034) == "0.034 %");
  CHECK(density_text(0.000034) == "0.0034 %");
  CHECK(density_text(1e-6) == "0.00010 %");
  CHECK(density_text(0) == "0.00 %");
}
