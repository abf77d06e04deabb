// What is chosen on the page. report_data.h says what `data` holds.

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
