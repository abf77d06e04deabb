// The page: what is chosen on it, and each section drawn from it. report_data.h says what `data` holds.

const data = JSON.parse(byId("data").textContent);
const chosen = { training: 0, level: 0 };  // indices into data.trainings, and into its levels

const training = () => data.trainings[chosen.training];
const level = () => training().levels[chosen.level];
const isTicket = ({ branch }) => branch === "ticket" || branch === "imported";
const several = data.runs.length > 1;

/** "replicate-0", with several runs "imp/replicate-0". */
function nameOf(one) {
  if (!several) return one.name;
  return one.name === one.branch ? data.runs[one.run].name : `${data.runs[one.run].name}/${one.name}`;
}

// ------------------------------------------------------------------------------------------------
// axes

const densityText = (density) => `${Number((100 * density).toPrecision(density < 0.1 ? 3 : 4))}\u00a0%`;
function densityAxis(densities) {
  const known = densities.filter((density) => density > 0), most = Math.max(...known), least = Math.min(...known);
  const margin = most === least ? 1.5 : 1;
  return { label: "weights remaining", log: true, domain: [most * margin, least / margin], text: densityText };
}

/** Chooses the level of the density nearest to `density`. */
function pickDensity(density) {
  const distance = ({ density: at }) => Math.abs(Math.log(at / density));
  const levels = training().levels;
  choose(chosen.training, levels.reduce((best, one, i) => (distance(one) < distance(levels[best]) ? i : best), 0));
}

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

/** All of the tickets and what is required, and of controls that fall further only the start. */
function accuracyDomain(series, required) {
  const bounds = [0, 1], levels = required.map(({ y }) => y);
  const [low, high] = domainOf([...valuesOf(series.filter(({ branch }) => branch === "ticket")), ...levels], { bounds });
  const [lowest, highest] = domainOf([...valuesOf(series), ...levels], { bounds });
  return [Math.max(Math.min(low, lowest), low - 2 * (high - low)), Math.max(high, highest)];
}

/** The accuracy from which on each run's levels are matching, in the colour of its tickets. */
function requiredAccuracies(series) {
  return data.runs.filter(({ results }) => results).map((run) => {
    const y = run.results.verdict.required_test_accuracy, name = several ? `${run.name} matching` : "matching";
    return { y, name: `${name}: ${percent(y)}`, color: several ? series.find((one) => one.run === run).color : "var(--soft)" };
  });
}

function drawAccuracy() {
  byId("accuracy").hidden = !data.runs.some(({ results }) => results);
  if (byId("accuracy").hidden) return;
  const when = byId("accuracy-when"), accuracies = meansOf(when.value, (value) => fixed(100 * value, 2));
  const steps = meansOf("early_stop_step", whole);
  const x = densityAxis(accuracies.flatMap(({ points }) => points.map((point) => point.x)));
  const required = when.value === "test_accuracy" ? requiredAccuracies(accuracies) : [];
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
// layers

const densityOf = (layers, l) => layers[l].survivors / training().layers[l].size;

function drawLayers() {
  const one = training(), levels = one.levels;
  const series = one.layers.map((layer, l) => ({
    name: cleanName(layer.name), color: one.layers.length > 7 ? levelColor(l / (one.layers.length - 1)) : l,
    plain: one.layers.length > 7, value: density(densityOf(level().layers, l)),
    points: levels.map((at) => ({ x: at.density, y: densityOf(at.layers, l) })) }));
  const values = series.flatMap(({ points }) => points.map(({ y }) => y));
  drawChart(byId("layers-chart"), { title: `Density of each layer of ${nameOf(one)}`, series, chosen: level().density,
    x: densityAxis(levels.map(({ density }) => density)), pick: pickDensity,
    y: { label: "weights of the layer remaining", log: true, domain: domainOf(values, { log: true }), text: densityText } });
  byId("layers-table").replaceChildren(layersTable());
  byId("collapse").textContent = collapseText(one);
}

/** Where pruning cut the network of a training in two: layer collapse (Tanaka et al. 2020). */
function collapseText({ levels, layers }) {
  const cut = levels.filter((at) => at.effective_density === 0);
  if (cut.length === 0) return "";
  const where = cut[0] === levels[levels.length - cut.length]
    ? `from level ${cut[0].level} on` : `at level ${cut.map(({ level: number }) => number).join(", ")}`;
  const empty = layers.filter((_, l) => cut[0].layers[l].survivors === 0).map(({ name }) => cleanName(name));
  return `Layer collapse ${where}: ${empty.length ? `pruning left no weight of ${empty.join(", ")}, so ` : ""}` +
    "no path leads from an input to an output.";
}

function layersTable() {
  const head = ["layer", "shape", "survivors", "density", "effective", "pruned here", "dead inputs", "dead outputs",
    "dead neurons", "threshold", "signs kept"];
  const rows = training().layers.map(({ name, shape, size }, l) => {
    const at = level().layers[l];
    return [cleanName(name), shape.join(" × "), whole(at.survivors), density(at.survivors / size),
      isKnown(at.effective_survivors) ? density(at.effective_survivors / size) : "–", whole(at.pruned),
      whole(at.dead_inputs), whole(at.dead_outputs), whole(at.dead_neurons), compact(at.threshold),
      percent(at.signs_kept, 1)];
  });
  const { level: number, density: all, effective_density: effective } = level();
  return table(`Level ${number}: density ${density(all)}, effective density ${density(effective)}`, head, rows);
}

// ------------------------------------------------------------------------------------------------
// masks and weights

const viewer = { layer: null, masks: null, weights: null, tiles: null, zoom: 0 };  // a zoom of 0 fits the frame

const kFrameHeight = 500;  // at most, as page.css has it

const chosenLayer = () => training().layers[byId("layer").selectedIndex];

/** What can be chosen of the layer: kinds of images that the page has, and arrangements. */
function offerViews() {
  const layer = chosenLayer(), weights = byId("view").options[1], first = layer === training().layers[0];
  weights.disabled = !layer.weights;
  if (!layer.weights) byId("view").value = "masks";
  const arrangements = layer.shape.length === 4 ? [["kernels", "kernels, outputs × inputs"]]
    : [["matrix", "outputs × inputs"], ...(first && training().inputs ? [["images", "an image a neuron"]] : [])];
  const select = byId("arrangement"), before = select.value;
  select.replaceChildren(...arrangements.map(([value, text]) => element("option", { value }, text)));
  if (arrangements.some(([value]) => value === before)) select.value = before;
}

/** Unpacks the layer that is chosen, where it is not the one unpacked already; whether there is anything to show. */
async function unpackLayer() {
  const layer = chosenLayer();
  if (!layer.masks) return false;
  if (viewer.layer !== layer) {
    const masks = await unpackMasks(layer, training().levels.length);
    Object.assign(viewer, { layer, masks, weights: layer.weights && await unpackWeights(layer, masks) });
  }
  return layer === chosenLayer();
}

async function drawMask() {
  offerViews();
  byId("mask-frame").hidden = !chosenLayer().masks;
  if (!(await unpackLayer())) {
    byId("mask-caption").textContent = "Left out of this page: ltlab report --full keeps it.";
    byId("mask-legend").replaceChildren();
    return;
  }
  const layer = viewer.layer, keep = viewer.masks[chosen.level], showsWeights = byId("view").value === "weights";
  viewer.tiles = tiling(layer, training().inputs, byId("arrangement").value);
  const colors = showsWeights
    ? weightColors(keep, viewer.weights[chosen.level], Math.max(...layer.weights.scales))
    : maskColors(keep, viewer.masks[chosen.level - 1]);
  drawTiles(byId("mask-image"), viewer.tiles, layer.size, colors);
  describeMask(layer, showsWeights);
  zoomTo(viewer.zoom);
}

function describeMask(layer, showsWeights) {
  const { survivors, dead_inputs: inputs, dead_outputs: outputs } = level().layers[training().layers.indexOf(layer)];
  const what = `${showsWeights ? "Trained weights" : "Mask"} of ${cleanName(layer.name)}, ${layer.shape.join(" × ")}`;
  const text = `${what}, level ${level().level}: ${whole(survivors)} of ${whole(layer.size)} survive ` +
    `(${density(survivors / layer.size)})`;
  byId("mask-caption").textContent = text;
  byId("mask-image").setAttribute("aria-label",
    `${text}; ${whole(inputs)} inputs and ${whole(outputs)} outputs have no survivor`);
  byId("mask-legend").replaceChildren(...(showsWeights ? weightsLegend(Math.max(...layer.weights.scales)) : [
    swatch(cssColor(kSurvives), "survives"), swatch(cssColor(kPruned), "pruned at this level"),
    swatch("transparent", "pruned before")]));
}

function swatch(color, name) {
  return element("span", {}, element("span", { class: "swatch", style: `background:${color}` }), ` ${name}`);
}

function weightsLegend(most) {
  const colors = `linear-gradient(90deg, ${cssColor(kNegative)}, transparent, ${cssColor(kPositive)})`;
  return [element("span", {}, `−${compact(most)} `, element("span", { class: "ramp", style: `background:${colors}` }),
    ` ${compact(most)}`), swatch("transparent", "pruned")];
}

/** Shows each weight as `zoom` pixels; 0 fits the image to its frame. */
function zoomTo(zoom) {
  const frame = byId("mask-frame"), canvas = byId("mask-image");
  const fit = Math.min(frame.clientWidth / canvas.width, kFrameHeight / canvas.height);
  const drawn = zoom || (fit > 1 ? Math.min(Math.floor(fit), 24) : fit);
  const center = [(frame.scrollLeft + frame.clientWidth / 2) / frame.scrollWidth,
    (frame.scrollTop + frame.clientHeight / 2) / frame.scrollHeight];
  viewer.zoom = zoom;
  canvas.style.width = `${canvas.width * drawn}px`;
  canvas.style.height = `${canvas.height * drawn}px`;
  canvas.style.imageRendering = drawn < 1 ? "auto" : "pixelated";
  frame.scrollLeft = center[0] * frame.scrollWidth - frame.clientWidth / 2;
  frame.scrollTop = center[1] * frame.scrollHeight - frame.clientHeight / 2;
}

function zoomBy(factor) {
  const canvas = byId("mask-image"), now = canvas.clientWidth / canvas.width;
  zoomTo(Math.min(32, Math.max(0.125, now * factor)));
}

/** The pixel of a canvas under the pointer. */
function pixelUnder(event, canvas) {
  const box = canvas.getBoundingClientRect();
  return [Math.floor(((event.clientX - box.left) / box.width) * canvas.width),
    Math.floor(((event.clientY - box.top) / box.height) * canvas.height)];
}

function nameWeight(layer, weight) {
  const [, inputs, high = 1, wide = 1] = layer.shape, kernel = high * wide;
  const output = Math.floor(weight / (inputs * kernel)), input = Math.floor(weight / kernel) % inputs;
  const across = kernel > 1 ? wide : layer === training().layers[0] && training().inputs?.width;
  const inside = kernel > 1 ? weight % kernel : input % (across * training().inputs?.height);
  return `output ${output}, input ${input}` +
    (across ? `, row ${Math.floor(inside / across)}, column ${inside % across}` : "");
}

function readMask(event) {
  if (viewer.layer !== chosenLayer()) return;
  const weight = weightAt(viewer.tiles, viewer.layer.size, ...pixelUnder(event, byId("mask-image")));
  const keep = viewer.masks[chosen.level][weight], value = viewer.weights?.[chosen.level][weight];
  const until = viewer.masks.findIndex((mask) => !mask[weight]);
  const state = keep ? (value ? `survives, about ${compact(value)}` : "survives")
    : `pruned at level ${training().levels[until]?.level}`;
  byId("mask-reading").textContent = weight < 0 ? "" : `${nameWeight(viewer.layer, weight)}: ${state}`;
}

// ------------------------------------------------------------------------------------------------
// input pixels

/** Of the level chosen the survivors at each pixel, channels summed. */
async function pixelSurvivors() {
  const { inputs } = training(), pixels = inputs.height * inputs.width;
  const bytes = await inflate(inputs.survivors), counts = new Array(pixels).fill(0);
  const all = new Uint16Array(bytes.buffer), first = chosen.level * inputs.channels * pixels;
  for (let i = 0; i < inputs.channels * pixels; ++i) counts[i % pixels] += all[first + i];
  return counts;
}

/** What part of the survivors lies in the middle half of the rows and columns, and what part of the pixels. */
function middleShares(counts, { height, width }) {
  const inMiddle = (i, extent) => i >= extent / 4 && i < (3 * extent) / 4;
  const middle = counts.filter((_, i) => inMiddle(Math.floor(i / width), height) && inMiddle(i % width, width));
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  return [sum(middle) / sum(counts), middle.length / counts.length];
}

async function drawInputs() {
  const { inputs } = training(), figure = byId("input-map");
  figure.hidden = !inputs;
  if (!inputs) return;
  const counts = await pixelSurvivors(), most = Math.max(...counts);
  if (inputs !== training().inputs) return;
  drawTiles(byId("input-image"), { columns: 1, gap: 0, ...inputs, high: inputs.height, wide: inputs.width },
    counts.length, (i) => [...kSurvives.slice(0, 3), Math.round((255 * counts[i]) / (most || 1))]);
  describeInputs(counts, inputs);
  const details = tableDetails(() => inputsTable(counts, inputs)), before = figure.querySelector("details");
  details.open = before.open;
  before.replaceWith(details);
  byId("input-image").onpointermove = (event) => {
    const [x, y] = pixelUnder(event, byId("input-image"));
    byId("input-reading").textContent = `row ${y}, column ${x}: ${whole(counts[y * inputs.width + x])} survivors`;
  };
}

function describeInputs(counts, inputs) {
  const none = counts.filter((count) => count === 0).length, [share, pixels] = middleShares(counts, inputs);
  const text = none === counts.length ? "No weight of the layer survives."
    : `${percent(share, 1)} of the survivors are in the middle ${percent(pixels, 0)} of the image; at ` +
    `most ${whole(Math.max(...counts))} at one pixel (strongest), ${whole(none)} pixels have none.`;
  byId("input-text").textContent = text;
  byId("input-image").setAttribute("aria-label",
    `Survivors of ${cleanName(training().layers[0].name)} at each input pixel, level ${level().level}: ${text}`);
}

function inputsTable(counts, { height, width }) {
  const rows = [...Array(height).keys()], columns = [...Array(width).keys()].map(String);
  return table("Survivors at each pixel", ["row", ...columns],
    rows.map((row) => [String(row), ...counts.slice(row * width, (row + 1) * width).map(String)]));
}

// ------------------------------------------------------------------------------------------------
// overlap

const overlapsHere = () => data.overlaps.find((one) => one.level === level().level && one.pairs.length > 0);

function drawOverlap() {
  byId("overlap").hidden = data.overlaps.length === 0;
  if (byId("overlap").hidden) return;
  const here = overlapsHere(), select = byId("overlap-layer"), place = byId("overlap-tables");
  if (!here) return place.replaceChildren(element("p", {}, "No two tickets have this level."));
  const names = here.pairs[0].layers.map(({ name }) => name), before = select.value;
  select.replaceChildren(...names.map((name) => element("option", { value: name }, cleanName(name))));
  select.value = names.includes(before) ? before : "all";
  const pairs = here.pairs.map(({ a, b, layers }) => ({ a, b, ...layers.find(({ name }) => name === select.value) }));
  place.replaceChildren(overlapMatrix(pairs), overlapPairs(pairs));
}

function overlapMatrix(pairs) {
  const tickets = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))].sort((a, b) => a - b);
  const most = Math.max(...pairs.map(({ jaccard }) => jaccard), 1e-9);
  const cell = (row, column) => {
    if (row === column) return "";
    const pair = pairs.find(({ a, b }) => a === Math.min(row, column) && b === Math.max(row, column));
    const value = pair && (row < column ? pair.jaccard : pair.by_density.jaccard);
    const [red, green, blue] = kSurvives, opacity = (0.6 * (value || 0)) / most;
    return element("span", { class: "cell", style: `background:rgb(${red} ${green} ${blue} / ${opacity.toFixed(3)})` },
      fixed(value, 4));
  };
  const name = (t) => nameOf(data.trainings[t]);
  const made = table(`Level ${level().level}: Jaccard index; below the diagonal by chance`, ["", ...tickets.map(name)],
    tickets.map((row) => [name(row), ...tickets.map((column) => cell(row, column))]));
  made.classList.add("matrix");
  return made;
}

const unbroken = (name) => element("span", { class: "name" }, name);

function overlapPairs(pairs) {
  const head = ["tickets", "in both", "Jaccard", "by chance, at densities", "z", "by chance, at each input's number",
    "z", "signs agree"];
  return table("Pair by pair", head, pairs.map((pair) => [
    element("span", {}, unbroken(`${nameOf(data.trainings[pair.a])},`), " ", unbroken(nameOf(data.trainings[pair.b]))), whole(pair.common), fixed(pair.jaccard, 4),
    fixed(pair.by_density.jaccard, 4), fixed(pair.by_density.z, 1), fixed(pair.by_inputs.jaccard, 4),
    fixed(pair.by_inputs.z, 1), percent(pair.signs, 1)]));
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

// ------------------------------------------------------------------------------------------------
// what does not depend on the level

function drawSummary() {
  const lines = data.runs.map((run) => {
    const tickets = data.trainings.filter((one) => isTicket(one) && data.runs[one.run] === run).length;
    const model = run.model.includes("\n") ? "a model of its own" : run.model;
    const what = `${model} on ${run.dataset || "unknown data"}, ${tickets} replicate${tickets === 1 ? "" : "s"}`;
    const words = (run.results?.words || "").trim().split("\n").filter(Boolean);
    const verdict = (line) =>
      element("p", { class: "verdict" }, /^(No w|W)inning/.test(line) ? element("strong", {}, line) : line);
    return element("div", {}, element("p", {}, several ? `${run.name}: ${what}.` : `${what}.`), ...words.map(verdict));
  });
  byId("summary").append(...lines);
}

function listOf(facts) {
  return element("dl", {}, ...facts.flatMap(([name, value]) =>
    [element("dt", {}, name.replaceAll("_", " ")), element("dd", {}, String(value))]));
}

function drawProvenance() {
  for (const run of data.runs) {
    byId("provenance-runs").append(element("h3", {}, run.name), listOf([
      ["folder", run.folder], ["data", run.dataset ? `${run.dataset}, fingerprint ${run.dataset_fingerprint}` : "unknown"],
      ["rewound to iteration", run.rewind_step], ["started", run.started_utc],
      ["finished", run.finished_utc || "not yet"], ...run.provenance]));
    byId("provenance-runs").append(element("details", {}, element("summary", {}, "Settings, for ltlab search --config"),
      element("pre", {}, run.config, run.extent)));
  }
  byId("provenance-runs").append(element("p", {}, `This page: ltlab ${data.ltlab}, ${data.created_utc}.`));
}

function tellLeftOut() {
  const parts = data.trainings.flatMap(({ layers }) => layers.flatMap(({ masks, weights }) => [masks, weights]));
  const missing = parts.filter((part) => part === null).length;
  byId("left-out").textContent = missing === 0 ? "" : `To keep the page small, ${missing} of ${parts.length} images ` +
    "of masks and weights were left out; ltlab report --full keeps them.";
}

// ------------------------------------------------------------------------------------------------
// choosing

function drawLevelText() {
  const { level: number, density: left, test_accuracy: accuracy } = level(), levels = training().levels;
  const text = `Level ${number} of ${levels[levels.length - 1].level}: ${density(left)} density` +
    (isKnown(accuracy) ? `, test accuracy ${percent(accuracy)}` : "");
  byId("level-text").textContent = text;
  byId("level").setAttribute("aria-valuetext", text);
}

/** Shows a training and one of its levels, by their indices. */
function choose(trainingIndex, levelIndex) {
  const changed = chosen.training !== trainingIndex;
  Object.assign(chosen, { training: trainingIndex, level: levelIndex });
  byId("training").value = trainingIndex;
  Object.assign(byId("level"), { max: training().levels.length - 1, value: levelIndex });
  if (changed) offerLayers();
  drawLevelText();
  drawChosen();
}

function drawChosen() {
  for (const draw of [drawAccuracy, drawCurves, drawLayers, drawMask, drawInputs, drawOverlap, drawCost]) draw();
}

/** Of another training the level with the same number, or the nearest. */
function chooseTraining(index) {
  const number = level().level, { levels } = data.trainings[index];
  const nearest = levels.reduce((best, one, i) =>
    (Math.abs(one.level - number) < Math.abs(levels[best].level - number) ? i : best), 0);
  choose(index, nearest);
}

function offerLayers() {
  const select = byId("layer"), before = select.value;
  select.replaceChildren(...training().layers.map(({ name }) => element("option", { value: name }, cleanName(name))));
  if (training().layers.some(({ name }) => name === before)) select.value = before;
}

function offerTrainings() {
  const option = (one, i) => element("option", { value: i }, `${nameOf(one)}, seed ${one.seed}`);
  byId("training").append(...data.trainings.map(option));
}

function listSections() {
  const sections = [...document.querySelectorAll("section")].filter(({ hidden }) => !hidden);
  document.querySelector("nav").append(...sections.map((section) =>
    element("a", { href: `#${section.id}` }, section.querySelector("h2").textContent)));
}

function listen() {
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("training").addEventListener("change", (event) => chooseTraining(Number(event.target.value)));
  byId("level").addEventListener("input", (event) => choose(chosen.training, Number(event.target.value)));
  byId("accuracy-when").addEventListener("change", drawAccuracy);
  byId("metric").addEventListener("change", drawCurves);
  byId("overlap-layer").addEventListener("change", drawOverlap);
  for (const id of ["layer", "view", "arrangement"]) byId(id).addEventListener("change", drawMask);
  const frame = byId("mask-frame"), closer = () => zoomBy(2);
  const zooms = { "+": closer, "=": closer, "-": () => zoomBy(0.5), 0: () => zoomTo(0) };
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || !zooms[event.key]) return;
    zooms[event.key]();
    event.preventDefault();
  });
  byId("zoom-in").addEventListener("click", zooms["+"]);
  byId("zoom-out").addEventListener("click", zooms["-"]);
  byId("zoom-fit").addEventListener("click", zooms[0]);
  byId("mask-image").addEventListener("pointermove", readMask);
  window.addEventListener("resize", drawChosen);
}

/** The sparsest matching level where the search tells one, else the last. */
function firstLevel() {
  const density = data.runs[training().run].results?.verdict.sparsest_matching_density, { levels } = training();
  const found = levels.findIndex((one) => isKnown(density) && Math.abs(one.density / density - 1) < 0.001);
  return found < 0 ? levels.length - 1 : found;
}

drawSummary();
drawProvenance();
tellLeftOut();
offerTrainings();
offerLayers();
listen();
choose(0, firstLevel());
listSections();
