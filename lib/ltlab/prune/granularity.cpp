#include "ltlab/prune/granularity.h"

#include <charconv>
#include <optional>
#include <utility>

#include "ltlab/base/names.h"

namespace ltlab {
namespace {

using Kind = Granularity::Kind;

const NameTable<Kind>& whole_names() {
  static const NameTable<Kind> table("granularity", {{Kind::weight, "weight"},
                                                     {Kind::neuron, "neuron"},
                                                     {Kind::neuron, "filter"},
                                                     {Kind::input, "input"},
                                                     {Kind::input, "channel"}});
  return table;
}

std::optional<std::size_t> positive(const std::string& word) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size() || number == 0) return std::nullopt;
  return number;
}

// Splits "4x2" at the "x".
std::optional<std::pair<std::size_t, std::size_t>> two_numbers(const std::string& text, char separator) {
  const auto place = text.find(separator);
  if (place == std::string::npos) return std::nullopt;
  const auto first = positive(text.substr(0, place)), second = positive(text.substr(place + 1));
  if (!first || !second) return std::nullopt;
  return std::pair(*first, *second);
}

// An array of weights as (out, in, places), where a matrix has one place.
struct Extents {
  std::size_t outputs, inputs, places;
};

Extents extents(const Shape& shape) {
  const std::size_t outputs = shape.at(0), inputs = shape.at(1);
  return {outputs, inputs, element_count(shape) / outputs / inputs};
}

// Calls group_of(output, input, place) for each weight in turn.
template <class GroupOf>
std::vector<std::uint32_t> each_weight(const Extents& e, const GroupOf& group_of) {
  std::vector<std::uint32_t> groups;
  groups.reserve(e.outputs * e.inputs * e.places);
  for (std::size_t o = 0; o < e.outputs; ++o) {
    for (std::size_t i = 0; i < e.inputs; ++i) {
      for (std::size_t p = 0; p < e.places; ++p)
        groups.push_back(static_cast<std::uint32_t>(group_of(o, i, p)));
    }
  }
  return groups;
}

}  // namespace

Granularity parse_granularity(const std::string& text) {
  Granularity granularity;
  if (const auto pattern = two_numbers(text, ':'); pattern && pattern->first < pattern->second) {
    granularity.kind = Kind::pattern;
    std::tie(granularity.kept, granularity.of) = *pattern;
  } else if (const auto block = two_numbers(text, 'x')) {
    granularity.kind = Kind::block;
    std::tie(granularity.height, granularity.width) = *block;
  } else {
    std::vector<std::string> names = whole_names().names();
    names.insert(names.end(), {"N:M (2:4), N below M", "HEIGHTxWIDTH (4x4)"});
    if (std::ranges::count(whole_names().names(), text) == 0) throw unknown_name("granularity", text, names);
    granularity.kind = whole_names().parse(text);
  }
  return granularity;
}

std::string to_text(const Granularity& g) {
  if (g.kind == Kind::pattern) return std::to_string(g.kept) + ":" + std::to_string(g.of);
  if (g.kind == Kind::block) return std::to_string(g.height) + "x" + std::to_string(g.width);
  return whole_names().name(g.kind);
}

std::vector<std::uint32_t> weight_groups(const Shape& shape, const Granularity& granularity) {
  const Extents e = extents(shape);
  switch (granularity.kind) {
    case Kind::weight:
      return each_weight(e, [&](auto o, auto i, auto p) { return (o * e.inputs + i) * e.places + p; });
    case Kind::neuron:
      return each_weight(e, [](auto o, auto, auto) { return o; });
    case Kind::input:
      return each_weight(e, [](auto, auto i, auto) { return i; });
    case Kind::pattern: {
      const std::size_t runs = (e.inputs + granularity.of - 1) / granularity.of;
      return each_weight(
          e, [&](auto o, auto i, auto p) { return (o * runs + i / granularity.of) * e.places + p; });
    }
    case Kind::block: {
      const std::size_t across = (e.inputs * e.places + granularity.width - 1) / granularity.width;
      return each_weight(e, [&](auto o, auto i, auto p) {
        return o / granularity.height * across + (i * e.places + p) / granularity.width;
      });
    }
  }
  return {};
}

}  // namespace ltlab
