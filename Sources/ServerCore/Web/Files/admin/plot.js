// A figure over time, drawn as a line for each series; the geometry is apart from the document.

import { clock, duration } from "./format.js";

export const SIZE = { width: 320, height: 96 };
const SVG = "http://www.w3.org/2000/svg";

/** The least round number that nothing in the series is above: 1, 2 or 5 times a power of ten. */
export function ceiling(series) {
  const top = Math.max(0, ...series.flatMap((values) => values.filter((value) => value !== null)));
  if (top === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(top));
  return [1, 2, 5, 10].map((step) => step * power).find((value) => value >= top * (1 - 1e-9));
}

/** A line is read from so many samples on, two minutes; a plot of fewer is not drawn wider. */
const SAMPLES_MIN = 12;

/** For how many samples a plot has room: as many as there are, so that it is filled from the first minutes on. */
export const roomFor = (count, most) => Math.min(most, Math.max(SAMPLES_MIN, count));

/**
 * The path of a line over `room` samples, the newest at the right edge; where there is no value it is broken. What stands alone is
 * a dot, as lines have round ends.
 */
export function path(values, top, room, { width, height } = SIZE) {
  const step = width / Math.max(1, room - 1);
  const first = room - values.length;
  let isBroken = true;
  const parts = values.map((value, at) => {
    if (value === null) {
      isBroken = true;
      return "";
    }
    const [command, end] = isBroken ? ["M", "h0"] : ["L", ""];
    isBroken = false;
    return `${command}${((first + at) * step).toFixed(1)} ${(height - value / top * height).toFixed(1)}${end}`;
  });
  return parts.join("");
}

/** A plot with its title and key, in an SVG. `show` takes values for each of its lines. */
export class Plot {
  /**
   * @param {string} title
   * @param {string[]} names of the lines
   * @param {(value: number) => string} text of a value
   */
  constructor(title, names, text) {
    Object.assign(this, { title, names, text });
    this.svg = svg("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, preserveAspectRatio: "none", role: "img" });
    this.lines = names.map((_, at) => svg("path", { class: `line line-${at}`, "vector-effect": "non-scaling-stroke" }));
    for (const part of [0.5, 1]) {
      const y = SIZE.height * part;
      this.svg.append(svg("path", { class: "grid", d: `M0 ${y}H${SIZE.width}`, "vector-effect": "non-scaling-stroke" }));
    }
    this.svg.append(...this.lines);
    this.element = document.createElement("figure");
    const caption = document.createElement("figcaption");
    this.top = document.createElement("span");
    this.key = names.map((name, at) => {
      const entry = document.createElement("span");
      entry.className = `key key-${at}`;
      return entry;
    });
    const heading = document.createElement("strong");
    heading.textContent = title;
    caption.append(heading, ...this.key);
    this.top.className = "top";
    this.span = document.createElement("p");
    this.span.className = "span";
    this.element.append(caption, this.top, this.svg, this.span);
  }

  /** @param {(number|null)[][]} series the newest last; @param most samples that there may be; @param seconds between two */
  show(series, most, seconds, now = Date.now()) {
    const room = roomFor(series[0].length, most);
    const top = ceiling(series);
    series.forEach((values, at) => this.lines[at].setAttribute("d", path(values, top, room)));
    const latest = series.map((values) => values.findLast((value) => value !== null));
    const told = this.names.map((name, at) => `${name} ${latest[at] === undefined ? "–" : this.text(latest[at])}`);
    this.key.forEach((entry, at) => { if (entry.textContent !== told[at]) entry.textContent = told[at]; });
    this.top.textContent = this.text(top);
    this.span.textContent = `${clock(now - room * seconds * 1000)} to ${clock(now)}`;
    this.svg.setAttribute("aria-label", `${this.title} over the last ${duration(room * seconds)}; now: ${told.join(", ")}`);
  }
}

function svg(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
