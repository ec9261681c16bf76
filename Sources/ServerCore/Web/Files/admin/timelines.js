// The last hour, drawn (protocol/spec/admin.md §8).

import { make } from "/arena/dom.js";
import { bytes, count, milliseconds } from "./format.js";
import { Plot } from "./plot.js";

const often = (value) => value >= 10 || Number.isInteger(value) ? count(value) : value.toFixed(1);

/** Each plot: its title, the text of a value, and its lines, by name and where they are in the answer. */
const PLOTS = [
  ["Connections", often, [["connections", ({ connections }) => connections], ["players", ({ players }) => players]]],
  ["Lobbies", often, [["lobbies", ({ lobbies }) => lobbies]]],
  ["Messages a second", often, [["inputs and events in", ({ messagesIn }) => messagesIn], ["snapshots out", ({ snapshotsSent }) => snapshotsSent]]],
  ["Bytes a second", bytes, [["out", ({ bytesOut }) => bytesOut], ["in", ({ bytesIn }) => bytesIn]]],
  ["Tick lateness", milliseconds, [
    ["half", ({ latenessMilliseconds: { p50 } }) => p50], ["99 %", ({ latenessMilliseconds: { p99 } }) => p99],
    ["worst", ({ latenessMilliseconds: { max } }) => max],
  ]],
  ["Drops a second", often, [
    ["connections of players", ({ drops }) => drops], ["snapshots skipped", ({ snapshotsSkipped }) => snapshotsSkipped],
    ["steps dropped", ({ stepsDropped }) => stepsDropped],
  ]],
];

export class TimelinesView {
  title = "Timelines";

  constructor(panel) {
    this.panel = panel;
    this.plots = PLOTS.map(([title, text, lines]) => new Plot(title, lines.map(([name]) => name), text));
    this.element = make("section", { ariaLabel: "Timelines" }, make("h1", { textContent: "Timelines" }),
      make("div", { className: "plots" }, ...this.plots.map(({ element }) => element)));
  }

  question() {
    return this.panel.session.ask("timeline");
  }

  answered(timeline) {
    PLOTS.forEach(([, , lines], at) =>
      this.plots[at].show(lines.map(([, values]) => values(timeline)), timeline.room, timeline.seconds));
  }
}
