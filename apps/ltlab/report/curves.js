// The charts of accuracy, training and cost.

// ------------------------------------------------------------------------------------------------
// accuracy and early stopping

/** Values of a figure of one branch at one level, of each replicate the mean of its trials. */
function replicateValues(run, branch, levelNumber, figure) {
  const bySeed = new Map();
  for (const one of data.trainings.filter((one) => data.runs[one.run] === run && one.branch === branch)) {
    const at = one.levels.find(({ level: number }) => number === levelNumber);
    if (at) bySeed.set(one.seed, [...(bySeed.get(one.seed) || []), at[figure]]);
  }
  return [...bySeed.values()].map((trials) => trials.reduce((sum, value) => sum + value) / trials.length);
}

function meanPoint(run, branch, { level: number, density, branches }, figure, text) {
  const { mean, half_width_95: half } = branches[branch][figure], values = replicateValues(run, branch, number, figure);
  return { x: density, y: mean, text: text(mean) + (isKnown(half) ? ` ± ${text(half)}` : ""),
    ...(values.length > 1 && { low: Math.min(...values), high: Math.max(...values) }) };
}

/** A series for each run's tickets and controls. */
function meansOf(figure, text) {
  const series = [];
  for (const run of data.runs.filter(({ results }) => results)) {
    const branches = [...new Set(run.results.levels.flatMap(({ branches: of }) => Object.keys(of)))];
    branches.sort((a, b) => (b === "ticket") - (a === "ticket"));
    for (const branch of branches) {
      const points = run.results.levels.filter(({ branches: of }) => of[branch])
        .map((at) => meanPoint(run, branch, at, figure, text));
      const here = points.find(({ x }) => Math.abs(x / level().density - 1) < 0.02);
      const name = several ? (branch === "ticket" ? run.name : `${run.name}/${branch}`) : branch;
      series.push({ name, run, branch, color: series.length, points, value: here ? here.text : "" });
    }
  }
  return series;
}

const valuesOf = (series) => series.flatMap(({ points }) => points.flatMap(({ y, low, high }) => [y, low, high]));

/** All of the tickets and the dense networks, and of controls that fall further only the start. */
function accuracyDomain(series, required) {
  const bounds = [0, 1], levels = required.map(({ y }) => y);
  const [low, high] = domainOf([...valuesOf(series.filter(({ branch }) => branch === "ticket")), ...levels], { bounds });
  const [lowest, highest] = domainOf([...valuesOf(series), ...levels], { bounds });
  return [Math.max(Math.min(low, lowest), low - 2 * (high - low)), Math.max(high, highest)];
}

/** The mean test accuracy of each run's dense networks, in the colour of its tickets. */
function denseAccuracies(series) {
  return data.runs.filter(({ results }) => results).map((run) => {
    const y = run.results.verdict.dense_test_accuracy.mean, name = several ? `${run.name} dense` : "dense";
    return { y, name: `${name}: ${percent(y)}`, color: several ? series.find((one) => one.run === run).color : "var(--soft)" };
  });
}

function drawAccuracy() {
  byId("accuracy").hidden = !data.runs.some(({ results }) => results);
  if (byId("accuracy").hidden) return;
  const when = byId("accuracy-when"), accuracies = meansOf(when.value, (value) => fixed(100 * value, 2));
  const steps = meansOf("early_stop_step", whole);
  const x = densityAxis(accuracies.flatMap(({ points }) => points.map((point) => point.x)));
  const required = when.value === "test_accuracy" ? denseAccuracies(accuracies) : [];
  drawChart(byId("accuracy-chart"), {
    title: `Test accuracy ${when.selectedOptions[0].text}`, x, series: accuracies, chosen: level().density,
    y: { label: "test accuracy, %", domain: accuracyDomain(accuracies, required), text: (y) => fixed(100 * y, 2),
      tick: (y) => String(Number((100 * y).toPrecision(5))) },
    required, pick: pickDensity });
  drawChart(byId("early-stop-chart"), {
    title: "Early-stopping iteration", x, series: steps, chosen: level().density,
    y: { label: "iteration", domain: domainOf(valuesOf(steps), { bounds: [0, Infinity] }), text: whole, whole: true },
    pick: pickDensity });
}

// ------------------------------------------------------------------------------------------------
// training curves

const compactPercent = (fraction) => `${compact(100 * fraction)}\u00a0%`;
const kMetrics = {
  validation_loss: { values: (metrics) => metrics.validation_loss, text: compact },
  validation_error: { values: (metrics) => metrics.validation_accuracy.map((part) => 1 - part), text: compactPercent },
  train_loss: { values: (metrics) => metrics.train_loss, text: compact },
};

/** From violet, dense, to yellow, sparsest: of a lightness that shows on white and on black. */
const levelColor = (part) => `hsl(${280 - 235 * part} 60% 52%)`;

function curveOf(one, metric) {
  const losses = kMetrics[metric].values(one.metrics), last = training().levels.length - 1;
  const points = one.metrics.step.map((step, i) => ({ x: step, y: losses[i] })).filter(({ y }) => y > 0);
  const thick = one === level(), i = training().levels.indexOf(one);
  return { label: `level ${one.level}, ${density(one.density)}`, points, plain: true, thick,
    name: thick || i === last || i % Math.ceil((last + 1) / 5) === 0 ? `level ${one.level}, ${density(one.density)}` : null,
    color: levelColor(last ? i / last : 0),
    rings: thick && metric === "validation_loss" && one.early_stop_validation_loss > 0
      ? [{ x: one.early_stop_step, y: one.early_stop_validation_loss }] : [] };
}

function drawCurves() {
  const metric = byId("metric"), levels = training().levels.filter(({ metrics }) => metrics.step.length > 0);
  byId("curves").hidden = levels.length === 0;
  if (byId("curves").hidden) return;
  const series = levels.map((one) => curveOf(one, metric.value));
  const steps = levels.flatMap(({ metrics }) => metrics.step);
  drawChart(byId("curves-chart"), {
    title: `${metric.selectedOptions[0].text} of ${nameOf(training())}`, series,
    x: { label: "iteration", domain: [Math.min(...steps), Math.max(...steps)], text: whole },
    y: { label: metric.selectedOptions[0].text, log: true, text: kMetrics[metric.value].text,
      domain: domainOf(series.flatMap(({ points }) => points.map(({ y }) => y)), { log: true }) } });
}

// ------------------------------------------------------------------------------------------------
// kernels and cost

/** The ticket and the controls of the replicate that is chosen. */
function sameReplicate() {
  const { run, seed } = training();
  return data.trainings.filter((one) => one.run === run && one.seed === seed);
}

function drawCost() {
  byId("cost").hidden = !training().levels.some(({ flops }) => flops > 0);
  if (byId("cost").hidden) return;
  const chart = (id, title, label, figure, text) => {
    const series = sameReplicate().map((one, color) => {
      const points = one.levels.map((at) => ({ x: at.density, y: figure(at) }));
      const here = one.levels.find((at) => at.level === level().level);
      return { name: nameOf(one), color, points, value: here ? text(figure(here)) : "" };
    });
    const points = series.flatMap((one) => one.points);
    drawChart(byId(id), { title, series, chosen: level().density, pick: pickDensity,
      x: densityAxis(points.map(({ x }) => x)),
      y: { label, domain: [0, domainOf(points.map(({ y }) => y))[1]], text } });
  };
  chart("flops-chart", "FLOPs of training", "FLOPs, of dense training", (at) => at.flops / at.dense_flops, compactPercent);
  chart("seconds-chart", "Time of training", "wall-clock seconds", (at) => at.wall_seconds, compact);
  byId("kernels-table").replaceChildren(...(level().kernels.length > 0 ? [kernelsTable()] : []));
}

function kernelsTable() {
  const products = ["forward", "backward-data", "backward-weights"], { kernels } = level();
  const micro = (seconds) => `${fixed(1e6 * seconds, 1)} µs`;
  const cell = ({ kernel, dense_seconds: dense, sparse_seconds: sparse }) => {
    if (!isKnown(dense)) return kernel;
    return kernel === "dense" ? `dense ${micro(dense)} (sparse ${micro(sparse)})`
      : `sparse ${micro(sparse)} (dense ${micro(dense)})`;
  };
  const parameters = [...new Set(kernels.map(({ parameter }) => parameter))];
  const caption = `Kernels of level ${level().level} of ${nameOf(training())}, and the median times of a batch that decided`;
  return table(caption, ["layer", ...products], parameters.map((parameter) => [cleanName(parameter), ...products.map((product) => {
      const choice = kernels.find((one) => one.parameter === parameter && one.product === product);
      return choice ? cell(choice) : "–";
    })]));
}
