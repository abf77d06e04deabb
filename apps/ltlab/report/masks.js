// The sections that look into networks: their layers, masks, weights and overlaps.

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
