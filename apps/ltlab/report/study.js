// The claims of studies, and their verdicts.

/** "+7.02 [6.24, 7.80] points", at its density where the claim has several. */
function effectText({ unit, tests }, { density: at, effect, interval_95: [low, high] }) {
  const scale = unit === " %" || unit === " points" ? 100 : 1, digits = unit === " steps" || unit === " FLOPs" ? 0 : 2;
  const text = (value) => (isKnown(value) ? fixed(scale * value, digits) : "∞");
  return `${tests.length > 1 ? `${density(at)}: ` : ""}${text(effect)} [${text(low)}, ${text(high)}]${unit}`;
}

function claimRow(claim) {
  const { name, claim: sentence, made, tests, decision, reason, printed } = claim;
  const p = decision === "refuted" ? claim.p_refuted_of_family : claim.p_supported_of_family;
  const late = made === "beforehand" ? [] : [element("br"), element("strong", {}, made)];
  return [element("span", {}, name, ...late), sentence + (printed ? ` (printed: ${printed.number}, ${printed.source})` : ""),
    element("span", {}, ...tests.flatMap((test) => [effectText(claim, test), element("br")])),
    p < 0.001 ? "< 0.001" : fixed(p, 3), element("span", {}, element("strong", {}, decision), reason ? `: ${reason}` : "")];
}

function drawStudies() {
  byId("study").hidden = data.studies.length === 0;
  byId("studies").append(...data.studies.flatMap((study) => {
    const { time_utc: time, trainings } = study.registered[0] || {};
    const facts = [study.source && `Source: ${study.source}.`,
      time && `Registered ${time}, when ${trainings} trainings were recorded; ${study.seeds} seeds.`,
      ...study.exclusions.map((line) => `Excluded: ${line}.`), ...study.deviations.map((line) => `Deviation: ${line}`)];
    return [element("h3", {}, study.question || study.study), ...facts.filter(Boolean).map((fact) => element("p", {}, fact)),
      table("Claims and their verdicts", ["", "claim", "effect [95 % interval]", "p", "verdict"], study.claims.map(claimRow))];
  }));
}
