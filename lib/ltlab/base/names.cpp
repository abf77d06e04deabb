#include "ltlab/base/names.h"

#include <numeric>

#include "ltlab/base/join.h"

namespace ltlab {
namespace {

// Levenshtein distance, one row at a time.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::string without_parameters(const std::string& name) {
  return name.substr(0, name.find(':'));
}

}  // namespace

std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string meant = without_parameters(word);
  std::string nearest;
  std::size_t least = std::max<std::size_t>(2, meant.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(meant, without_parameters(candidate));
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(word, candidates);
  return nearest.empty() ? std::string() : " (did you mean '" + nearest + "'?)";
}

std::string listed(const std::vector<std::string>& names) {
  return join(names, ", ");
}

std::string ranges(const std::vector<std::size_t>& numbers) {
  constexpr std::size_t kMost = 6;
  std::vector<std::string> told;
  for (std::size_t begin = 0, end = 0; begin < numbers.size(); begin = end) {
    for (end = begin + 1; end < numbers.size() && numbers[end] == numbers[end - 1] + 1; ++end) {
    }
    const std::string first = std::to_string(numbers[begin]), last = std::to_string(numbers[end - 1]);
    told.push_back(end - begin == 1 ? first : first + (end - begin == 2 ? ", " : " to ") + last);
  }
  if (told.size() > kMost) {
    told.resize(kMost);
    told.emplace_back("...");
  }
  return listed(told);
}

ConfigError unknown_name(const std::string& kind, const std::string& word,
                         const std::vector<std::string>& names) {
  return ConfigError("unknown " + kind + " '" + word + "'" + suggestion(word, names) + "; there are " +
                     listed(names));
}

}  // namespace ltlab
