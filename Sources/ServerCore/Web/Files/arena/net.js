// The net panel: what the connection does, as figures and as a plot of the last half minute.

import { element, make, setText } from "/arena/dom.js";
import { QUALITIES } from "/arena/link.js";

const SAMPLE_MS = 250;
const SAMPLES = 120;
const FIGURES = [
  "Transport", "Round trip", "Snapshot age", "Shown behind", "Unevenness", "Snapshots", "In", "Out", "Corrections",
  "Last correction",
];

export class NetPanel {
  #samples = [];
  #last = null;
  #figures = new Map();

  constructor() {
    element("quality").addEventListener("input", () => this.#choose());
    element("cut").addEventListener("click", () => this.arena?.client.cut());
    for (const name of FIGURES) {
      const value = make("dd", { textContent: "–" });
      this.#figures.set(name, value);
      element("figures").append(make("dt", { textContent: name }), value);
    }
    setInterval(() => this.arena && this.#sample(), SAMPLE_MS);
  }

  begin(arena) {
    [this.arena, this.#samples, this.#last] = [arena, [], null];
    this.#choose();
  }

  #choose() {
    const quality = QUALITIES[element("quality").value];
    element("quality-text").value = quality.text;
    element("quality").setAttribute("aria-valuetext", quality.text);
    if (this.arena) this.arena.quality = quality;
  }

  #sample() {
    const { client, display, predictor } = this.arena;
    const now = client.now();
    const { bytesIn, bytesOut, snapshots } = client.traffic;
    const sample = { now, bytesIn, bytesOut, snapshots, corrections: predictor.corrections, error: predictor.error };
    sample.trip = client.clock?.roundTrip ?? null;
    sample.age = display.newest && client.clock
      ? Math.max(0, (client.clock.tickAt(now) - display.newest.tick) * client.clock.tickLength) : null;
    this.#samples = [...this.#samples.slice(1 - SAMPLES), sample];
    if (!element("net").open || document.hidden) return;
    this.#show(sample);
    this.#plot();
  }

  /** Rates are those of the last two seconds. */
  #show(sample) {
    const { client, display, predictor } = this.arena;
    const before = this.#samples.at(-9) ?? this.#samples[0];
    const seconds = Math.max((sample.now - before.now) / 1000, 0.001);
    const rate = (name) => (sample[name] - before[name]) / seconds;
    const set = (name, text) => setText(this.#figures.get(name), text);
    const ms = (value) => value === null ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
    const wanted = client.joined ? client.joined.snapshotRate : "–";
    set("Transport", TRANSPORTS[client.transport] ?? client.transport);
    set("Round trip", ms(sample.trip));
    set("Snapshot age", ms(sample.age));
    set("Shown behind", ms(display.delay));
    set("Unevenness", ms(display.jitter));
    set("Snapshots", `${rate("snapshots").toFixed(0)} of ${wanted} a second`);
    set("In", `${(rate("bytesIn") / 1000).toFixed(1)} kB/s`);
    set("Out", `${(rate("bytesOut") / 1000).toFixed(1)} kB/s`);
    set("Corrections", `${rate("corrections").toFixed(1)} a second`);
    set("Last correction", predictor.corrections ? predictor.error.toFixed(2) : "–");
  }

  #plot() {
    const canvas = element("plot");
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const most = Math.max(60, ...this.#samples.map(({ trip, age }) => Math.max(trip ?? 0, age ?? 0))) * 1.1;
    const x = (at) => width - (this.#samples.length - 1 - at) * width / (SAMPLES - 1);
    const y = (value) => height - 2 - value / most * (height - 4);
    pen.fillStyle = style.getPropertyValue("--bad");
    this.#samples.forEach(({ corrections }, at) => {
      if (at > 0 && corrections > this.#samples[at - 1].corrections) pen.fillRect(x(at) - 1, height - 6, 2, 6);
    });
    for (const [name, colour] of [["age", "--ammo"], ["trip", "--accent"]]) {
      pen.beginPath();
      this.#samples.forEach((sample, at) => sample[name] !== null && pen.lineTo(x(at), y(sample[name])));
      [pen.strokeStyle, pen.lineWidth] = [style.getPropertyValue(colour), 1.5];
      pen.stroke();
    }
    pen.fillStyle = style.getPropertyValue("--quiet");
    pen.fillText(`${Math.round(most)} ms`, 4, 11);
  }
}

const TRANSPORTS = { webSocket: "WebSocket", polling: "long polling", socketIO: "Socket.IO" };
