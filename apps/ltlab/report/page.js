// The page as a whole: what does not depend on the level, and how one is chosen.

// ------------------------------------------------------------------------------------------------
// what does not depend on the level

function drawSummary() {
  const lines = data.runs.map((run) => {
    const tickets = data.trainings.filter((one) => isTicket(one) && data.runs[one.run] === run).length;
    const model = run.model.includes("\n") ? "a model of its own" : run.model;
    const what = `${model} on ${run.dataset || "unknown data"}, ${tickets} replicate${tickets === 1 ? "" : "s"}`;
    const words = (run.results?.words || "").trim().split("\n").filter(Boolean);
    const verdict = (line) =>
      element("p", { class: "verdict" }, /^(No winning|Winning|Sparsest)/.test(line) ? element("strong", {}, line) : line);
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
drawStudies();
drawProvenance();
tellLeftOut();
offerTrainings();
offerLayers();
listen();
choose(0, firstLevel());
listSections();
