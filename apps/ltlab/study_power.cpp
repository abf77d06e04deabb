#include "study_power.h"

#include "format.h"
#include "ltlab/study/claim_power.h"
#include "study_runs.h"
#include "terminal.h"
#include "text_table.h"

namespace ltlab::app {

void print_power(std::ostream& out, const ComparisonFile& file, const std::string& pilot,
                 const PowerRequest& request) {
  const Folders folders = recorded_searches(file, pilot);
  if (folders.empty())
    return print_line(
        out, "Power: nothing is recorded of these searches in " + pilot +
                 "; two or more replicates of each make a pilot, which tells the spread over seeds.");
  const Look last = looks_of(file).back();
  const unsigned seeds = request.seeds.value_or(last.seeds);
  TextTable table{
      "Power, if effect and spread of the recorded seeds are the true ones. Shown: the effect beyond the "
      "claim's number, or the width of likeness, that the planned seeds show so often.",
      {"claim", "seeds", "effect", "deviation", format("power at %u", seeds),
       format("seeds for %.0f %%", 100 * request.power), format("shown by %u", seeds)},
      {}};
  for (const ClaimVerdict& verdict : evaluate(file.study.claims, read_variants(folders, file.study), {})) {
    const ClaimPower power = plan_claim(verdict, seeds, last.alpha, request.power);
    table.rows.push_back(
        {verdict.claim.name, std::to_string(power.pilot_seeds), effect_words(verdict.claim, power.effect),
         effect_words(verdict.claim, power.deviation) + (power.paired ? " (pairs)" : ""),
         format("%.2f", power.power), power.seeds_needed ? std::to_string(*power.seeds_needed) : "none",
         effect_words(verdict.claim, power.smallest_shown)});
  }
  print_terminal(out, table);
}

}  // namespace ltlab::app
