// All lobbies, live: searched, in an order, page by page.

import { make, setText } from "/arena/dom.js";
import { bytes, count, milliseconds, percent } from "./format.js";
import { button, Table } from "./rows.js";

const PAGE = 50;
const ORDERS = [["id", "Id"], ["players", "Players"], ["lateness", "Lateness"], ["cpu", "CPU"], ["bytes", "Bytes"]];

export const lobbyAddress = (id) => `#/lobby/${encodeURIComponent(id)}`;

/** What is out of the ordinary about a lobby, in a few words. */
export function marks({ phase, paused, pause, locked, password, listed }) {
  const told = [phase];
  if (paused) told.push(pause ? `paused by ${pause.by}` : "paused");
  if (locked) told.push("locked");
  if (password) told.push("password");
  if (!listed) told.push("private");
  return told.join(", ");
}

export class LobbiesView {
  title = "Lobbies";
  #query = { search: "", sort: "players", offset: 0, limit: PAGE };

  constructor(panel) {
    this.panel = panel;
    this.search = make("input", { type: "search", placeholder: "Id, title, game or player", maxLength: 64 });
    this.search.oninput = () => this.#change({ search: this.search.value.trim(), offset: 0 });
    this.order = make("select", {}, ...ORDERS.map(([value, text]) => make("option", { value, textContent: text })));
    this.order.value = this.#query.sort;
    this.order.onchange = () => this.#change({ sort: this.order.value, offset: 0 });
    this.found = make("p", { className: "found", role: "status" });
    this.back = button("Back", () => this.#change({ offset: Math.max(0, this.#query.offset - PAGE) }), { ariaLabel: "Page back" });
    this.more = button("More", () => this.#change({ offset: this.#query.offset + PAGE }), { ariaLabel: "Next page" });
    this.table = new Table("Lobbies", this.#columns(), {
      key: ({ id }) => id, empty: "No lobby here.", rowClass: ({ paused }) => paused ? "paused" : "",
    });
    const form = make("form", { className: "bar" },
      make("label", {}, "Search", this.search), make("label", {}, "The most first by", this.order));
    form.setAttribute("role", "search");
    form.onsubmit = (event) => event.preventDefault();
    const actions = make("div", { className: "actions" }, ...this.panel.buttons([["message", {}, {}]]));
    this.element = make("section", { ariaLabel: "Lobbies" }, form, actions, this.table.element,
      make("div", { className: "pages" }, this.found, this.back, this.more));
    this.keys = [{ key: "/", text: "search", run: () => this.search.focus() }];
  }

  #columns() {
    const link = (cell, { id, title }) => {
      if (!cell.firstChild) cell.append(make("a"), make("span", { className: "quiet" }));
      const [name, more] = cell.children;
      setText(name, id);
      name.href = lobbyAddress(id);
      setText(more, title ?? "");
    };
    const number = (label, text) => ({ label, text, isNumber: true });
    return [
      { label: "Lobby", fill: link },
      { label: "Game", text: ({ game }) => game },
      { label: "State", text: marks },
      number("Players", ({ connected, players, seats }) => `${connected}${players > connected ? `+${players - connected}` : ""} / ${seats}`),
      number("Tick", ({ tick }) => count(tick)),
      number("Rate", ({ tickRate }) => `${tickRate} Hz`),
      number("Lateness, mean and worst", ({ latenessMilliseconds: { mean, max } }) => `${milliseconds(mean)} · ${milliseconds(max)}`),
      number("Steps dropped", ({ stepsDropped }) => count(stepsDropped)),
      number("Snapshots", ({ snapshotBytesPerSecond }) => `${bytes(snapshotBytesPerSecond)}/s`),
      number("CPU", ({ cpuPercent }) => percent(cpuPercent)),
    ];
  }

  question() {
    return this.panel.session.ask("lobbies", this.#query);
  }

  answered({ count: found, lobbies }) {
    const { offset } = this.#query;
    // The last page may have emptied meanwhile.
    if (!lobbies.length && offset > 0) return this.#change({ offset: Math.max(0, offset - PAGE) });
    this.table.show(lobbies);
    const range = found > PAGE ? `${offset + 1} to ${offset + lobbies.length} of ` : "";
    setText(this.found, `${range}${count(found)} ${found === 1 ? "lobby" : "lobbies"}`);
    this.back.hidden = offset === 0;
    this.more.hidden = offset + lobbies.length >= found;
  }

  #change(query) {
    Object.assign(this.#query, query);
    this.panel.askAgain();
  }
}
