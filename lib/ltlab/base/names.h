#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ltlab/base/error.h"

namespace ltlab {

/// Returns the candidate nearest to `word` in edit distance; empty where none is near enough to be meant. Of
/// a name with parameters ("mlp:784-10"), only the part before the colon counts.
std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates);

/// Returns " (did you mean 'NAME'?)" for the nearest candidate, or an empty string.
std::string suggestion(const std::string& word, const std::vector<std::string>& candidates);

/// Returns the names as "sgd, adam, adamw".
std::string listed(const std::vector<std::string>& names);

/// Returns ascending numbers as "0, 2 to 9, 11"; after six ranges "..." stands for the rest.
std::string ranges(const std::vector<std::size_t>& numbers);

/// Returns "unknown optimizer 'adma' (did you mean 'adam'?); there are sgd, adam, adamw", of `kind`
/// "optimizer".
ConfigError unknown_name(const std::string& kind, const std::string& word,
                         const std::vector<std::string>& names);

/// Returns the row of `value` in a table of an enumeration's values: an array of rows that have a `value` and
/// a `name`, one row for each value.
template <class Row, std::size_t kRows>
constexpr const Row& row_of(const Row (&rows)[kRows], decltype(Row::value) value) {
  return *std::ranges::find(rows, value, &Row::value);
}

/// Returns the row of that name; null where there is none.
template <class Row, std::size_t kRows>
constexpr const Row* find_row(const Row (&rows)[kRows], std::string_view name) {
  const Row* found = std::ranges::find(rows, name, &Row::name);
  return found == std::end(rows) ? nullptr : found;
}

/// The names of an enumeration's values, as options and stored texts use them: the one place that knows them.
template <class Value>
class NameTable {
 public:
  /// `kind` is what a value is called in messages: "optimizer".
  NameTable(std::string kind, std::vector<std::pair<Value, std::string>> entries)
      : kind_(std::move(kind)), entries_(std::move(entries)) {}
  /// Takes the names from a table like that of row_of().
  template <class Row, std::size_t kRows>
  NameTable(std::string kind, const Row (&rows)[kRows]) : kind_(std::move(kind)) {
    for (const Row& row : rows) entries_.emplace_back(row.value, row.name);
  }

  /// Returns the name of a value, which must be in the table.
  const std::string& name(Value value) const {
    return std::ranges::find(entries_, value, &Entry::first)->second;
  }

  /// Returns the value of a name. ConfigError, with the nearest name, for any other word.
  Value parse(const std::string& word) const {
    const auto found = std::ranges::find(entries_, word, &Entry::second);
    if (found == entries_.end()) throw unknown_name(kind_, word, names());
    return found->first;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back(entry.second);
    return names;
  }

 private:
  using Entry = std::pair<Value, std::string>;
  std::string kind_;
  std::vector<Entry> entries_;
};

}  // namespace ltlab
