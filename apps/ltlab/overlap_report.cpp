#include "overlap_report.h"

#include <chrono>
#include <mutex>

#include "format.h"
#include "json_output.h"
#include "ltlab/analysis/clustering.h"
#include "terminal.h"
#include "text_table.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;
using Pairs = std::vector<std::vector<NetworkOverlap>>;

// Calls visit(i, j, pair) for all pairs in their order.
template <class Visit>
void for_each_pair(std::size_t networks, const Pairs& pairs, const Visit& visit) {
  std::size_t pair = 0;
  for (std::size_t i = 0; i < networks; ++i) {
    for (std::size_t j = i + 1; j < networks; ++j) visit(i, j, pairs[pair++]);
  }
}

// Shows how many of the random masks have been matched; on terminals alone.
class MatchingProgress {
 public:
  explicit MatchingProgress(std::size_t all) : all_(all) {}

  /// Counts one more; called by any thread.
  void count() {
    const std::lock_guard lock(mutex_);
    ++done_;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const double left = seconds * static_cast<double>(all_ - done_) / static_cast<double>(done_);
    line_.show(format("%zu of %zu random masks matched, %s left", done_, all_, duration(left).c_str()));
  }

 private:
  std::size_t all_, done_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  ProgressLine line_;
  std::mutex mutex_;
};

std::string matched_by(const MatchOptions& match) {
  return "Neurons matched by " + match_by_names().name(match.by) +
         format(
             " first; chance: mean of %u random masks matched in the same way, so that p is never below "
             "1/(%u + 1) = %.2g, however large z is.",
             match.draws, match.draws, 1.0 / (match.draws + 1));
}

// Returns "0.0123 (z 4.5, p 1e-06)": the Jaccard index by chance, and how far from it the masks are.
std::string by_chance(const MaskOverlap& masks, const ChanceOverlap& chance) {
  const std::string p = chance.p_value > 0 ? format("%.2g", chance.p_value) : "< 1e-300";
  return format("%.4f (z %.1f, p %s)", masks.jaccard_of(chance.mean), masks.z_score(chance), p.c_str());
}

void print_names(std::ostream& out, const std::vector<NamedNetwork>& networks) {
  using enum Align;
  TextTable table{"", {{"", right}, {"", right}, ""}, {}, 2};
  for (std::size_t i = 0; i < networks.size(); ++i)
    table.rows.push_back({std::to_string(i + 1), density_text(networks[i].density), networks[i].name});
  print_terminal(out, table);
}

void print_pair(std::ostream& out, const std::vector<NetworkOverlap>& layers) {
  TextTable table{"", {""}, {}};
  table.add({"left in 1", "in 2", "in both", "Jaccard", "Hamming", "signs"}, Align::right);
  table.add({"at densities", "at each input's number of weights"}, Align::left, "Jaccard by chance");
  for (const NetworkOverlap& layer : layers) {
    const MaskOverlap& m = layer.masks;
    table.rows.push_back({m.name, std::to_string(m.survivors_a), std::to_string(m.survivors_b),
                          std::to_string(m.common), format("%.4f", m.jaccard()), format("%.4f", m.hamming()),
                          layer.signs ? format("%.1f %%", 100 * *layer.signs) : "",
                          by_chance(m, m.by_density), by_chance(m, m.by_inputs)});
  }
  out << '\n';
  print_terminal(out, table);
}

// Returns Jaccard indices of whole networks: the result above the diagonal, chance below it.
std::vector<double> jaccard_matrix(std::size_t networks, const Pairs& pairs) {
  std::vector<double> matrix(networks * networks, 1);
  for_each_pair(networks, pairs, [&](std::size_t i, std::size_t j, const auto& layers) {
    const MaskOverlap& all = layers.back().masks;
    matrix[i * networks + j] = all.jaccard();
    matrix[j * networks + i] = all.jaccard_of(all.by_density.mean);
  });
  return matrix;
}

void print_matrix(std::ostream& out, std::size_t networks, const Pairs& pairs) {
  TextTable table{
      "Jaccard index of all layers together; below the diagonal what chance gives at these densities",
      {{"", Align::right}},
      {}};
  const std::vector<double> matrix = jaccard_matrix(networks, pairs);
  for (std::size_t i = 0; i < networks; ++i) {
    table.columns.emplace_back(std::to_string(i + 1), Align::right);
    auto& row = table.rows.emplace_back(1, std::to_string(i + 1));
    for (std::size_t j = 0; j < networks; ++j)
      row.push_back(i == j ? "" : format("%.4f", matrix[i * networks + j]));
  }
  out << '\n';
  print_terminal(out, table);
}

std::vector<Merge> clusters(std::size_t networks, const Pairs& pairs) {
  std::vector<double> distances(networks * networks, 0);
  for_each_pair(networks, pairs, [&](std::size_t i, std::size_t j, const auto& layers) {
    distances[i * networks + j] = distances[j * networks + i] = 1 - layers.back().masks.jaccard();
  });
  return average_linkage(distances, networks);
}

// Prints the cluster and those inside it, one per line, indented less the nearer they are to the root.
void print_cluster(std::ostream& out, const std::vector<NamedNetwork>& networks,
                   const std::vector<Merge>& merges, std::size_t cluster, const std::string& first,
                   const std::string& indent) {
  if (cluster < networks.size()) {
    print_line(out, first + format("%zu  ", cluster + 1) + networks[cluster].name, display_width(indent) + 3);
    return;
  }
  const Merge& merge = merges[cluster - networks.size()];
  out << first << format("%.4f", 1 - merge.distance) << '\n';
  print_cluster(out, networks, merges, merge.first, indent + "├─ ", indent + "│  ");
  print_cluster(out, networks, merges, merge.second, indent + "└─ ", indent + "   ");
}

ordered_json chance_json(const MaskOverlap& masks, const ChanceOverlap& chance) {
  return {{"common", chance.mean},
          {"common_deviation", chance.deviation},
          {"jaccard", masks.jaccard_of(chance.mean)},
          {"z", masks.z_score(chance)},
          {"p", chance.p_value}};
}

ordered_json layer_json(const NetworkOverlap& layer) {
  const MaskOverlap& m = layer.masks;
  return {{"name", m.name},
          {"size", m.size},
          {"survivors_a", m.survivors_a},
          {"survivors_b", m.survivors_b},
          {"common", m.common},
          {"jaccard", m.jaccard()},
          {"hamming", m.hamming()},
          {"sign_agreement", layer.signs},
          {"chance_at_densities", chance_json(m, m.by_density)},
          {"chance_at_input_degrees", chance_json(m, m.by_inputs)}};
}

}  // namespace

Pairs compare_all(const std::vector<NamedNetwork>& networks, const std::optional<MatchOptions>& match) {
  Pairs pairs;
  MatchingProgress progress(networks.size() * (networks.size() - 1) * (match ? match->draws : 0));
  for (std::size_t i = 0; i < networks.size(); ++i) {
    for (std::size_t j = i + 1; j < networks.size(); ++j) {
      const MaskedNetwork &a = networks[i].network, &b = networks[j].network;
      pairs.push_back(compare_networks(a, match ? matched_to(a, b, match->by) : b));
      if (match) judge_matched(a, b, match->by, match->draws, pairs.back(), [&] { progress.count(); });
    }
  }
  return pairs;
}

void print_overlaps(std::ostream& out, const std::vector<NamedNetwork>& networks, const Pairs& pairs,
                    const std::optional<MatchOptions>& match) {
  print_names(out, networks);
  if (match) print_line(out, matched_by(*match));
  if (networks.size() == 2) return print_pair(out, pairs.front());
  print_matrix(out, networks.size(), pairs);
  out << '\n';
  print_line(out, "Clusters, by the mean Jaccard index between their members");
  const std::vector<Merge> merges = clusters(networks.size(), pairs);
  print_cluster(out, networks, merges, networks.size() + merges.size() - 1, "", "");
}

ordered_json overlaps_json(const std::vector<NamedNetwork>& networks, const Pairs& pairs,
                           const std::optional<MatchOptions>& match) {
  ordered_json document;
  document["networks"] = json_array(networks, [](const NamedNetwork& network) {
    return ordered_json{{"name", network.name}, {"density", network.density}};
  });
  document["matched_by"] = match ? ordered_json(match_by_names().name(match->by)) : ordered_json();
  document["draws"] = match ? ordered_json(match->draws) : ordered_json();
  document["pairs"] = ordered_json::array();
  for_each_pair(networks.size(), pairs, [&](std::size_t i, std::size_t j, const auto& layers) {
    document["pairs"].push_back({{"a", i}, {"b", j}, {"layers", json_array(layers, layer_json)}});
  });
  document["merges"] = json_array(clusters(networks.size(), pairs), [](const Merge& merge) {
    return ordered_json{{"first", merge.first},
                        {"second", merge.second},
                        {"jaccard", 1 - merge.distance},
                        {"items", merge.items}};
  });
  return document;
}

void print_overlaps_csv(std::ostream& out, const std::vector<NamedNetwork>& networks, const Pairs& pairs) {
  std::string names = "a,b,layer,size,survivors_a,survivors_b,common,jaccard,hamming,sign_agreement";
  for (const char* chance : {"densities", "input_degrees"}) {
    for (const char* what : {"chance_common", "chance_common_deviation", "chance_jaccard", "z", "p"})
      names += format(",%s_at_%s", what, chance);
  }
  std::vector<ordered_json> rows;
  for_each_pair(networks.size(), pairs, [&](std::size_t i, std::size_t j, const auto& layers) {
    for (const NetworkOverlap& layer : layers)
      rows.push_back({networks[i].name, networks[j].name, layer_json(layer)});
  });
  print_csv(out, names, rows);
}

}  // namespace ltlab::app
