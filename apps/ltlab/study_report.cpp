#include "study_report.h"

#include <algorithm>
#include <cmath>

#include "format.h"
#include "json_output.h"
#include "ltlab/base/join.h"
#include "ltlab/base/text.h"
#include "terminal.h"
#include "test_text.h"
#include "text_table.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

// ----------------------------------------------------------------------------------------------------
// figures in words

// Returns an effect in the figure's unit; differences and values of fractions in points and percent.
std::string effect_text(const Claim& claim, double effect, bool is_sign_shown) {
  const FigureUnit unit = row_of(kFigures, claim.figure).unit;
  const bool relative = claim.effect == Effect::ratio || claim.effect == Effect::exponent;
  const double scale = unit == FigureUnit::fraction && !relative ? 100 : 1;
  const bool whole = !relative && (unit == FigureUnit::steps || unit == FigureUnit::flops);
  if (!std::isfinite(effect)) return effect > 0 ? "∞" : "-∞";
  if (unit == FigureUnit::flops && !relative) return format("%.3g", effect);
  return format(is_sign_shown ? (whole ? "%+.0f" : "%+.2f") : (whole ? "%.0f" : "%.2f"), scale * effect);
}

// Returns the unit in which effect_text() tells an effect.
std::string unit_text(const Claim& claim) {
  if (claim.effect == Effect::ratio || claim.effect == Effect::exponent) return "";
  switch (row_of(kFigures, claim.figure).unit) {
    case FigureUnit::fraction:
      return claim.effect == Effect::value ? " %" : " points";
    case FigureUnit::nats:
      return " nats";
    case FigureUnit::steps:
      return " steps";
    case FigureUnit::flops:
      return " FLOPs";
    case FigureUnit::ratio:
      break;
  }
  return "";
}

bool is_signed(const Claim& claim) {
  return claim.effect != Effect::ratio && claim.effect != Effect::value;
}

// Returns "-1840 [-3429, 120] steps".
std::string estimate_text(const Claim& claim, const ClaimTest& test) {
  const auto text = [&](double effect) { return effect_text(claim, effect, is_signed(claim)); };
  return text(test.estimate) + " [" + text(test.interval.low) + ", " + text(test.interval.high) + "]" +
         unit_text(claim);
}

// Returns how many values a test had: "5 pairs", "5".
std::string size_text(const ClaimTest& test) {
  return std::to_string(test.size) + (test.paired ? " pairs" : "");
}

// Returns the p-value that decided: that of support where the claim is supported, of refutation where it is
// refuted, and the lesser one elsewhere.
double deciding_p(const ClaimVerdict& verdict) {
  switch (verdict.decision) {
    case Decision::supported:
      return verdict.corrected_p_supported;
    case Decision::refuted:
      return verdict.corrected_p_refuted;
    case Decision::undecided:
      break;
  }
  return std::min(verdict.corrected_p_supported, verdict.corrected_p_refuted);
}

// Returns what more there is to say of a verdict: why it is undecided, and what could have been shown.
std::string remark(const ClaimVerdict& verdict) {
  if (verdict.decision != Decision::undecided) return "";
  std::string text = verdict.reason;
  double smallest = 0;
  for (const ClaimTest& test : verdict.tests) smallest = std::max(smallest, test.smallest_effect);
  if (smallest > 0)
    text += (text.empty() ? "" : "; ") + std::to_string(verdict.tests.front().size) + " seeds would show " +
            effect_text(verdict.claim, smallest, false) + unit_text(verdict.claim) +
            " beyond the claim's number in 80 % of experiments";
  return text;
}

std::string agreement_text(const ClaimVerdict& verdict) {
  if (!verdict.agreement) return "";
  const auto& [quoted, holds, direction] = *verdict.agreement;
  const std::string number = effect_text(verdict.claim, quoted.value, false);
  return number + (quoted.source.empty() ? "" : " (" + quoted.source + ")") +
         (holds ? ": within the interval" : ": outside of the interval") +
         (direction == Decision::supported ? ", same direction"
          : direction == Decision::refuted ? ", opposite direction"
                                           : ", direction not shown");
}

std::string timing_text(const StudyFindings& findings, const std::string& claim) {
  const auto found = findings.timings.find("claim." + claim);
  if (found == findings.timings.end()) return "not registered";
  switch (found->second) {
    case LineTiming::beforehand:
      return "";
    case LineTiming::added:
      return "made when results existed";
    case LineTiming::changed:
      return "changed when results existed";
    case LineTiming::withdrawn:
      return "withdrawn when results existed";
  }
  return "";
}

// Returns " +" where most of the networks that are compared were still improving.
std::string mark(const ClaimTest& test) {
  return test.still_improving > 0.5 ? " +" : "";
}

// ----------------------------------------------------------------------------------------------------
// what a reader must know

// Returns the lines other than claims that were not as they are before results existed, and withdrawn ones.
std::vector<std::string> late_lines(const StudyFindings& findings) {
  std::vector<std::string> lines;
  for (const auto& [name, timing] : findings.timings) {
    const bool claim = name.starts_with("claim.");
    if (timing == LineTiming::withdrawn)
      lines.push_back("`" + name + "` was withdrawn when results existed");
    else if (!claim && timing != LineTiming::beforehand && !name.starts_with("deviation.") &&
             !name.starts_with("exclude."))
      lines.push_back("`" + name + "` was " + (timing == LineTiming::added ? "added" : "changed") +
                      " when results existed");
  }
  return lines;
}

std::size_t count_of(const std::vector<ClaimVerdict>& verdicts, Decision decision) {
  return static_cast<std::size_t>(std::ranges::count(verdicts, decision, &ClaimVerdict::decision));
}

// Returns how many claims stay supported if all are one family.
std::size_t supported_of_all(const StudyFindings& findings) {
  return count_supported_as_one_family(findings.verdicts(), findings.looks[findings.looks_done - 1].alpha);
}

std::string counts_text(const StudyFindings& findings) {
  const std::vector<ClaimVerdict>& verdicts = findings.verdicts();
  return format(
      "Claims: %zu, of which %zu supported, %zu refuted, %zu undecided; supported if all were one family: "
      "%zu.",
      verdicts.size(), count_of(verdicts, Decision::supported), count_of(verdicts, Decision::refuted),
      count_of(verdicts, Decision::undecided), supported_of_all(findings));
}

bool is_still_improving(const StudyFindings& findings) {
  return std::ranges::any_of(findings.verdicts(), [](const ClaimVerdict& verdict) {
    return std::ranges::any_of(verdict.tests,
                               [](const ClaimTest& test) { return test.still_improving > 0.5; });
  });
}

std::string method_text(const StudyFindings& findings) {
  const Look& look = findings.looks[findings.looks_done - 1];
  std::string text =
      "Effects have 95 % intervals, by Student's t where networks of the same seed saw the same order of "
      "images "
      "(pairs), else by Welch's, of ratios by Fieller's method. ";
  text += format("A claim is supported or refuted at p < %.3g", look.alpha);
  text += findings.study.families.empty() ? "." : ", after Holm's correction over its family.";
  if (is_still_improving(findings))
    text +=
        " +: most of these networks had their least validation loss at their last validation. They were "
        "still "
        "improving, and with more steps they might rank otherwise.";
  if (findings.looks.size() > 1)
    text +=
        format(" This is look %zu of %zu, at %u seeds; each may spend a part of 5 %% (Lan & DeMets 1983).",
               findings.looks_done, findings.looks.size(), look.seeds);
  return text;
}

std::string registration_text(const StudyFindings& findings) {
  if (findings.registered.empty()) return "This study was not registered.";
  const RegistrationEntry &first = findings.registered.front(), &last = findings.registered.back();
  std::string text = "Registered " + first.time_utc + ", when " + std::to_string(first.trainings) +
                     " trainings were recorded";
  const std::size_t later = findings.registered.size() - 1;
  if (later > 0)
    text += ", and " + (later == 1 ? "once again " : std::to_string(later) + " times again, last ") +
            last.time_utc + " with " + std::to_string(last.trainings) + " trainings";
  return text + "; digest " + last.digest() + ".";
}

// ----------------------------------------------------------------------------------------------------
// tables

// Returns a row per claim and density.
TextTable verdict_table(const StudyFindings& findings) {
  TextTable table{"", {"claim", "verdict", "density", "effect [95 % interval]", "n", "p"}, {}, 2};
  for (const ClaimVerdict& verdict : findings.verdicts()) {
    const std::string late = timing_text(findings, verdict.claim.name);
    for (const ClaimTest& test : verdict.tests) {
      const bool first = &test == &verdict.tests.front();
      table.rows.push_back({first ? verdict.claim.name + (late.empty() ? "" : " (" + late + ")") : "",
                            first ? decision_names().name(verdict.decision) : "",
                            density_text(test.density) + mark(test), estimate_text(verdict.claim, test),
                            size_text(test), first ? p_text(deciding_p(verdict)) : ""});
    }
  }
  return table;
}

// Returns each claim's effect and decision in every specification.
TextTable specification_table(const StudyFindings& findings) {
  TextTable table{"Each claim in every specification, at its first density", {"specification"}, {}};
  for (const ClaimVerdict& verdict : findings.verdicts()) table.columns.emplace_back(verdict.claim.name);
  for (const SpecifiedVerdicts& one : findings.specifications) {
    auto& row = table.rows.emplace_back(1, one.name);
    for (const ClaimVerdict& verdict : one.verdicts)
      row.push_back(estimate_text(verdict.claim, verdict.tests.front()) + "  " +
                    decision_names().name(verdict.decision));
  }
  return table;
}

// ----------------------------------------------------------------------------------------------------
// Markdown

std::string claim_markdown(const StudyFindings& findings, const ClaimVerdict& verdict) {
  std::string effects = join(verdict.tests, "<br>", [&](const ClaimTest& test) {
    const std::string at = verdict.tests.size() > 1 ? density_text(test.density) + ": " : "";
    return at + estimate_text(verdict.claim, test) + mark(test) + ", n = " + size_text(test);
  });
  const std::string late = timing_text(findings, verdict.claim.name), more = remark(verdict),
                    quoted = agreement_text(verdict);
  return "| " + verdict.claim.name + (late.empty() ? "" : "<br>**" + late + "**") + " | " +
         verdict.claim.text + (quoted.empty() ? "" : "<br>printed: " + quoted) + " | " + effects + " | " +
         p_text(deciding_p(verdict)) + " | **" + decision_names().name(verdict.decision) + "**" +
         (more.empty() ? "" : "<br>" + more) + " |\n";
}

template <class Lines>
void add_section(std::string& page, const std::string& title, const Lines& lines) {
  if (lines.empty()) return;
  page += "\n## " + title + "\n\n";
  for (const std::string& line : lines) page += "- " + line + "\n";
}

// Returns " (stated when results existed)" of a line that was not there, or not so, before.
std::string late_text(const StudyFindings& findings, const std::string& line) {
  const auto found = findings.timings.find(line);
  const bool early = found != findings.timings.end() && found->second == LineTiming::beforehand;
  return early ? "" : " (stated when results existed)";
}

std::vector<std::string> exclusions_of(const StudyFindings& findings) {
  std::vector<std::string> lines;
  for (const auto& [seed, reason] : findings.study.exclusions)
    lines.push_back("seed " + std::to_string(seed) + ": " + reason +
                    late_text(findings, "exclude." + std::to_string(seed)));
  return lines;
}

std::vector<std::string> deviations_of(const StudyFindings& findings) {
  std::vector<std::string> lines;
  for (const auto& [name, text] : findings.study.deviations)
    lines.push_back(text + late_text(findings, "deviation." + name));
  for (const std::string& line : late_lines(findings)) lines.push_back(line + ".");
  return lines;
}

// ----------------------------------------------------------------------------------------------------
// JSON

ordered_json number_json(double number) {
  return json_if(std::isfinite(number), number);
}

ordered_json to_json(const ClaimTest& test) {
  return {{"density", test.density},
          {"effect", test.estimate},
          {"interval_95", {number_json(test.interval.low), number_json(test.interval.high)}},
          {"n", test.size},
          {"paired", test.paired},
          {"width", test.width},
          {"p_supported", test.p_supported},
          {"p_refuted", test.p_refuted},
          {"smallest_effect_80", test.smallest_effect},
          {"still_improving", test.still_improving},
          {"tells_unlike", test.tells_unlike}};
}

ordered_json to_json(const ClaimVerdict& verdict) {
  ordered_json json = {
      {"name", verdict.claim.name},
      {"claim", verdict.claim.text},
      {"decision", decision_names().name(verdict.decision)},
      {"reason", verdict.reason},
      {"p_supported", verdict.p_supported},
      {"p_refuted", verdict.p_refuted},
      {"p_supported_of_family", verdict.corrected_p_supported},
      {"p_refuted_of_family", verdict.corrected_p_refuted},
      {"unit", unit_text(verdict.claim)},
      {"tests", json_array(verdict.tests, [](const ClaimTest& test) { return to_json(test); })}};
  if (const auto& agreement = verdict.agreement)
    json["printed"] = {{"number", agreement->quoted.value},
                       {"source", agreement->quoted.source},
                       {"within_interval", agreement->holds_number},
                       {"direction", decision_names().name(agreement->direction)}};
  return json;
}

}  // namespace

std::string effect_words(const Claim& claim, double effect) {
  return effect_text(claim, effect, false) + unit_text(claim);
}

void print_study(std::ostream& out, const StudyFindings& findings) {
  if (!findings.study.question.empty()) print_line(out, findings.study.question);
  print_terminal(out, verdict_table(findings));
  out << '\n';
  if (findings.specifications.size() > 1) {
    print_terminal(out, specification_table(findings));
    out << '\n';
  }
  const TextTable tuning = tuning_table(findings.specifications.front().tunings);
  if (!tuning.rows.empty()) {
    print_terminal(out, tuning);
    out << '\n';
  }
  print_line(out, counts_text(findings));
  print_line(out, method_text(findings));
  print_line(out, registration_text(findings));
  for (const ClaimVerdict& verdict : findings.verdicts()) {
    const std::string more = remark(verdict), quoted = agreement_text(verdict);
    if (!more.empty()) print_line(out, verdict.claim.name + ": " + more + ".");
    if (!quoted.empty()) print_line(out, verdict.claim.name + ": printed " + quoted + ".");
  }
  for (const std::string& line : exclusions_of(findings)) print_line(out, "Excluded: " + line + ".");
  for (const std::string& line : deviations_of(findings)) print_line(out, "Deviation: " + line);
}

std::string study_markdown(const StudyFindings& findings) {
  std::string page = "# " + findings.name + "\n\n";
  if (!findings.study.question.empty()) page += findings.study.question + "\n\n";
  if (!findings.study.source.empty()) page += "Source: " + findings.study.source + "\n\n";
  page += registration_text(findings) + "\n\n## Verdicts\n\n" + counts_text(findings) + "\n\n";
  page += "| | claim | effect [95 % interval] | p | verdict |\n|---|---|---|---|---|\n";
  for (const ClaimVerdict& verdict : findings.verdicts()) page += claim_markdown(findings, verdict);
  page += "\n" + method_text(findings) + "\n";
  if (findings.specifications.size() > 1) {
    TextStream table;
    print_markdown(table, specification_table(findings));
    page += "\n## Specifications\n\n" + table.str();
  }
  const TextTable tuning = tuning_table(findings.specifications.front().tunings);
  if (!tuning.rows.empty()) {
    TextStream table;
    print_markdown(table, tuning);
    page += "\n## Tuning\n\n" + table.str();
  }
  add_section(page, "Exclusions", exclusions_of(findings));
  add_section(page, "Deviations", deviations_of(findings));
  return page;
}

ordered_json study_json(const StudyFindings& findings) {
  ordered_json claims = json_array(findings.verdicts(), [&](const ClaimVerdict& verdict) {
    ordered_json json = to_json(verdict);
    const std::string late = timing_text(findings, verdict.claim.name);
    json["made"] = late.empty() ? "beforehand" : late;
    return json;
  });
  const Look& look = findings.looks[findings.looks_done - 1];
  return {{"study", findings.name},
          {"question", findings.study.question},
          {"source", findings.study.source},
          {"registered", json_array(findings.registered,
                                    [](const RegistrationEntry& entry) {
                                      return ordered_json{{"time_utc", entry.time_utc},
                                                          {"trainings", entry.trainings},
                                                          {"digest", entry.digest()}};
                                    })},
          {"seeds", look.seeds},
          {"alpha", look.alpha},
          {"looks", json_array(findings.looks,
                               [](const Look& one) {
                                 return ordered_json{{"seeds", one.seeds}, {"alpha", one.alpha}};
                               })},
          {"claims", claims},
          {"supported_if_all_were_one_family", supported_of_all(findings)},
          {"specifications", json_array(findings.specifications,
                                        [](const SpecifiedVerdicts& one) {
                                          return ordered_json{
                                              {"name", one.name},
                                              {"tuning", tuning_json(one.tunings)},
                                              {"claims",
                                               json_array(one.verdicts, [](const ClaimVerdict& verdict) {
                                                 return to_json(verdict);
                                               })}};
                                        })},
          {"exclusions", exclusions_of(findings)},
          {"deviations", deviations_of(findings)}};
}

}  // namespace ltlab::app
