// What became of a player: everything that the server still knows of their connections (protocol/spec/admin.md §7).

import { make, setText } from "/arena/dom.js";
import { duration } from "./format.js";
import { lobbyAddress } from "./lobbies.js";
import { Table } from "./rows.js";

export const traceAddress = (player) => `#/trace/${encodeURIComponent(player)}`;

export class TraceView {
  title = "Trace";

  constructor(panel, player = "") {
    Object.assign(this, { panel, player });
    this.search = make("input", { type: "search", value: player, maxLength: 128, placeholder: "Name or subject" });
    const form = make("form", { className: "bar" }, make("label", {}, "Player", this.search), make("button", { textContent: "Trace" }));
    form.setAttribute("role", "search");
    form.onsubmit = (event) => {
      event.preventDefault();
      location.hash = traceAddress(this.search.value.trim());
    };
    this.table = new Table("What happened to the player", [
      { label: "When", text: ({ secondsAgo }) => `${duration(secondsAgo)} ago`, isNumber: true },
      { label: "What", text: ({ kind }) => kind }, { label: "Player", text: ({ name, subject }) => name ?? subject },
      { label: "Lobby", fill: showPlace }, { label: "Session", text: ({ session }) => session, isNumber: true },
      { label: "From", text: ({ address }) => address }, { label: "Code", text: ({ code }) => code, isNumber: true },
      { label: "Why", text: ({ detail }) => detail }, { label: "Actions", fill: (cell, entry) => this.#showEnd(cell, entry) },
    ], { key: ({ place }) => place, empty: "Nothing is known of such a player." });
    this.table.element.hidden = !player;
    this.element = make("section", { ariaLabel: "Trace" }, make("h1", { textContent: "Trace a player" }), form, this.table.element);
    this.keys = [{ key: "/", text: "search", run: () => this.search.focus() }];
  }

  async question() {
    return this.player ? this.panel.session.ask("trace", { player: this.player }) : { entries: [] };
  }

  /** The newest first. */
  answered({ entries }) {
    this.table.show(entries.map((entry, place) => ({ ...entry, place, mayEnd: isLive(entry, entries) })).reverse());
  }

  #showEnd(cell, { session, name, mayEnd }) {
    const number = mayEnd ? String(session) : "";
    if (cell.dataset.session === number) return;
    cell.dataset.session = number;
    cell.replaceChildren(...(mayEnd ? this.panel.buttons([["end-session", { name: `${name ?? "this player"}, session ${session}` }, { session }]]) : []));
  }
}

/** Whether an entry is where a session, which has not ended since, began. */
const isLive = ({ session, kind }, entries) => kind === "connected"
  && !entries.some((other) => other.session === session && ["closed", "ended"].includes(other.kind));

function showPlace(cell, { lobby, seat }) {
  if (!cell.firstChild) cell.append(make("a"));
  setText(cell.firstChild, lobby ? `${lobby}${seat === undefined ? "" : `, seat ${seat}`}` : "");
  cell.firstChild.href = lobbyAddress(lobby ?? "");
  cell.firstChild.hidden = !lobby;
}
