// Line charts as SVG: sharp at every size and in print, in the page's colours, light or dark, and with their data as a
// table below. Debian's chart libraries draw on a canvas, which has none of that (Chart.js), are as large as the page
// may be (plotly), or are parts to build this from (d3).
//
// A chart: {title, x, y, series, required, chosen, pick}
//   x, y      axes: {label, log, domain: [from, to], text: value => its text, tick: likewise of a tick where that is
//             another, whole: whether values are whole numbers}
//   series    [{name, color, points: [{x, y, low, high, text}], value, thick, plain, rings: [{x, y}]}]: low and high are
//             ends of an error bar, `text` stands for y in the table, `value` is told in the legend, plain lines have no markers; no legend where name is null
//   required  levels to draw across, and their names: [{y, name, color}]
//   chosen    x of what is chosen on the page; pick(x) chooses another

const kHeight = 320;
const plotOf = (width) => ({ left: 62, right: width - 28, top: 12, bottom: kHeight - 42 });

/** Maps the axis's domain to pixels. */
function scale({ log, domain }, [from, to]) {
  const measure = log ? Math.log : (value) => value;
  const [first, last] = domain.map(measure);
  return (value) => from + ((measure(value) - first) / (last - first || 1)) * (to - from);
}
/** The reverse. */
function unscale({ log, domain }, [from, to]) {
  const measure = log ? Math.log : (value) => value, back = log ? Math.exp : (value) => value;
  const [first, last] = domain.map(measure);
  return (pixel) => back(first + ((pixel - from) / (to - from)) * (last - first));
}

/** Round numbers inside the axis's domain: about five, or so many of each decade that some show. */
function ticks({ log, domain, whole: isWhole }) {
  const least = Math.min(...domain), most = Math.max(...domain), found = [];
  if (log) {
    const steps = most / least > 2000 ? [1] : most / least > 8 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 7];
    for (let decade = 10 ** Math.floor(Math.log10(least)); decade <= most; decade *= 10)
      found.push(...steps.map((step) => step * decade));
    return found.filter((tick) => tick >= least * 0.999 && tick <= most * 1.001);
  }
  const rough = Math.max((most - least) / 5, isWhole ? 1 : 0) || 1, unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough);
  for (let tick = Math.ceil(least / step); tick * step <= most + step / 1000; ++tick) found.push(tick * step + 0);
  return found;
}

/** The least domain of the values, widened a little, but not beyond what values can be. */
function domainOf(values, { log = false, bounds = [-Infinity, Infinity] } = {}) {
  const known = values.filter((value) => isKnown(value) && (!log || value > 0));
  if (known.length === 0) return [log ? 0.1 : 0, 1];
  const least = Math.min(...known), most = Math.max(...known);
  if (log) return [least / 1.12, most * 1.12];
  const margin = (most - least) * 0.06 || Math.abs(most) * 0.02 || 1;
  return [Math.max(bounds[0], least - margin), Math.min(bounds[1], most + margin)];
}

const kMarkers = [
  "M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0Z", "M-3-3H3V3H-3Z", "M0-4L4 3H-4Z", "M0-4.4L4.4 0L0 4.4L-4.4 0Z"];
const colorOf = (color) => (typeof color === "number" ? `var(--series-${color % 7})` : color);
const markerOf = (color) => kMarkers[color % kMarkers.length];

function pathOf(points, x, y) {
  return points.map((point, i) => `${i ? "L" : "M"}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`).join("");
}

function drawAxes(chart, { left, right, top, bottom }, x, y) {
  const drawn = svg("g", { "aria-hidden": "true" });
  for (const tick of ticks(chart.y)) {
    drawn.append(svg("line", { class: "grid", x1: left, x2: right, y1: y(tick), y2: y(tick) }));
    drawn.append(svg("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, (chart.y.tick || chart.y.text)(tick)));
  }
  let free = -Infinity;  // where the next label may begin
  for (const tick of ticks(chart.x).sort((a, b) => x(a) - x(b))) {
    drawn.append(svg("line", { class: "axis", x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 4 }));
    const text = chart.x.text(tick), half = 3.5 * text.length;
    if (x(tick) - half < free) continue;
    drawn.append(svg("text", { x: x(tick), y: bottom + 17, "text-anchor": "middle" }, text));
    free = x(tick) + half + 6;
  }
  drawn.append(svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }));
  drawn.append(svg("text", { x: (left + right) / 2, y: kHeight - 6, "text-anchor": "middle" }, chart.x.label));
  const middle = (top + bottom) / 2;
  drawn.append(svg("text", { x: 14, y: middle, "text-anchor": "middle", transform: `rotate(-90 14 ${middle})` },
    chart.y.label));
  return drawn;
}

/** `shift` pixels to the right: error bars of several series at the same x lie side by side. */
function drawSeries(chart, one, x, y, shift) {
  const drawn = svg("g", { color: colorOf(one.color), transform: shift ? `translate(${shift} 0)` : null });
  const onAxis = (value, { log }) => isKnown(value) && (!log || value > 0);
  const points = one.points.filter((point) => onAxis(point.x, chart.x) && onAxis(point.y, chart.y));
  for (const { x: at, low, high } of points.filter((point) => isKnown(point.low)))
    drawn.append(svg("path", { class: "bar", d: `M${x(at) - 3} ${y(low)}h6m-3 0V${y(high)}m-3 0h6` }));
  const width = one.thick ? 3.2 : one.plain ? 1.1 : null;
  drawn.append(svg("path", { class: "line", d: pathOf(points, x, y), stroke: "currentColor",
    style: width && `stroke-width:${width}` }));
  for (const point of one.plain ? [] : points)
    drawn.append(svg("path", { d: markerOf(one.color), fill: "currentColor",
      transform: `translate(${x(point.x)} ${y(point.y)})` }));
  for (const ring of one.rings || [])
    drawn.append(svg("circle", { cx: x(ring.x), cy: y(ring.y), r: 6, fill: "var(--paper)", stroke: "currentColor",
      "stroke-width": 2.5 }));
  return drawn;
}

function drawLegend(chart) {
  const entries = chart.series.filter(({ name }) => name != null).map((one) => {
    const swatch = svg("svg", { viewBox: "-13 -6 26 12", color: colorOf(one.color), "aria-hidden": "true" },
      svg("path", { class: "line", d: "M-13 0H13", stroke: "currentColor" }));
    if (!one.plain) swatch.append(svg("path", { d: markerOf(one.color), fill: "currentColor" }));
    return element("li", {}, swatch, ` ${one.name}${one.value ? ` ${one.value}` : ""}`);
  });
  for (const { name, color } of chart.required || []) {
    const swatch = svg("svg", { viewBox: "-13 -6 26 12", "aria-hidden": "true", color: colorOf(color) },
      svg("path", { class: "required", d: "M-13 0H13" }));
    entries.push(element("li", {}, swatch, ` ${name}`));
  }
  return element("ul", { class: "legend" }, ...entries);
}

/** What a screen reader says of the chart: where each line begins and ends. */
function describeChart(chart) {
  const lines = chart.series.filter((one) => one.points.length > 0).map((one) => {
    const first = one.points[0], last = one.points[one.points.length - 1];
    const at = (point) => `${chart.y.text(point.y)} at ${chart.x.text(point.x)}`;
    return `${one.label || one.name}: from ${at(first)} to ${at(last)}`;
  });
  const levels = (chart.required || []).map(({ name }) => `; ${name}`).join("");
  return `Line chart, ${chart.y.label} by ${chart.x.label}. ${lines.join("; ")}${levels}.`;
}

/** The points of all series, a row an x. */
function chartTable(chart) {
  const rows = new Map();
  chart.series.forEach((one, s) => one.points.forEach((point) => {
    if (!rows.has(point.x)) rows.set(point.x, chart.series.map(() => ""));
    rows.get(point.x)[s] = point.text || (isKnown(point.y) ? chart.y.text(point.y) : "");
  }));
  const order = Math.sign(chart.x.domain[1] - chart.x.domain[0]);
  const sorted = [...rows].sort(([a], [b]) => order * (a - b));
  return table(`${chart.y.label} by ${chart.x.label}`, [chart.x.label, ...chart.series.map((s) => s.label || s.name)],
    sorted.map(([x, cells]) => [chart.x.text(x), ...cells]));
}

let charts = 0;  // drawn so far: their clip paths need names

/** Draws the chart into the figure, as wide as that, in place of what it held. */
function drawChart(figure, chart) {
  const width = Math.max(300, figure.clientWidth), plot = plotOf(width), { left, right, top, bottom } = plot;
  const barred = chart.series.some(({ points }) => points.some(({ low }) => isKnown(low)));
  const last = chart.series.length - 1, apart = barred && last > 0 ? Math.min(4, 16 / last) : 0;
  const extent = [left + (apart * last) / 2, right - (apart * last) / 2];  // within which even what is shifted stays
  const x = scale(chart.x, extent), y = scale(chart.y, [bottom, top]), clip = `clip-${++charts}`;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${kHeight}`, role: "img", "aria-label": describeChart(chart) },
    svg("clipPath", { id: clip },
      svg("rect", { x: left - 10, y: top - 6, width: right - left + 20, height: bottom - top + 6 })),
    drawAxes(chart, plot, x, y));
  const inside = svg("g", { "clip-path": `url(#${clip})` });
  for (const { y: at, color } of chart.required || [])
    inside.append(svg("path", { class: "required", d: `M${left} ${y(at)}H${right}`, color: colorOf(color) }));
  if (isKnown(chart.chosen)) inside.append(svg("path", { class: "chosen", d: `M${x(chart.chosen)} ${top}V${bottom}` }));
  const drawn = chart.series.map((one, s) => [one, apart * (s - last / 2)]);
  drawn.sort(([a], [b]) => (a.thick || 0) - (b.thick || 0));
  inside.append(...drawn.map(([one, shift]) => drawSeries(chart, one, x, y, shift)));
  picture.append(inside);
  if (chart.pick) {
    const value = unscale(chart.x, extent);
    picture.classList.add("pick");
    picture.addEventListener("click", (event) => {
      const box = picture.getBoundingClientRect();
      chart.pick(value(((event.clientX - box.left) / box.width) * width));
    });
  }
  const open = figure.querySelector("details")?.open, details = tableDetails(() => chartTable(chart));
  figure.replaceChildren(element("figcaption", {}, chart.title), picture, drawLegend(chart), details);
  if (open) details.open = true;
}
