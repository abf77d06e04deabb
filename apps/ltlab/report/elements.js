"use strict";
// Elements, numbers and tables of the page.

const byId = (id) => document.getElementById(id);

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value != null) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
const element = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const isKnown = (value) => value != null && Number.isFinite(value);
const unsigned = (text) => text.replace(/^-(?=[0.]*$)/, "");  // no "-0.0"
const fixed = (value, digits) => (isKnown(value) ? unsigned(value.toFixed(digits)) : "–");
const percent = (fraction, digits = 2) => (isKnown(fraction) ? `${fixed(100 * fraction, digits)}\u00a0%` : "–");
/** As density_text() of format.h: "1.85 %", "0.0034 %". */
const density = (fraction) =>
  percent(fraction, fraction > 0 && fraction < 0.001 ? 1 - Math.floor(Math.log10(100 * fraction)) : 2);
const whole = (value) => (isKnown(value) ? unsigned(Math.round(value).toLocaleString("en")) : "–");
const compact = (value) => (isKnown(value) ? Number(value.toPrecision(3)).toLocaleString("en") : "–");
const cleanName = (parameter) => parameter.replace(/\.weight$/, "");

/** A table whose first column names its rows. */
function table(caption, head, rows) {
  const made = element("table", {}, element("caption", {}, caption));
  made.append(element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))));
  const body = rows.map(([name, ...cells]) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...cells.map((cell) => element("td", {}, cell))));
  made.append(element("tbody", {}, ...body));
  return made;
}

/** A closed "Data as a table", which is made when it is opened first. */
function tableDetails(make) {
  const details = element("details", {}, element("summary", {}, "Data as a table"));
  const fill = () => details.append(element("div", { class: "table", tabindex: "0" }, make()));
  details.addEventListener("toggle", fill, { once: true });
  return details;
}
