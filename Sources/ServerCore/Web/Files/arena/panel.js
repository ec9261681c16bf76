// Beside the field: who plays and how well, what is said, and what is around the match where the rules have it.

import { RefusedError } from "/muster/muster.js";
import { element, make, setText } from "/arena/dom.js";
import { seatColour } from "/arena/draw.js";

const LINES_MAX = 100;
const FEED = { lines: 4, ms: 5000 };

export class Panel {
  #scores = "";
  #match = {};

  constructor() {
    element("chat-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say(element("chat-text").value);
    });
    element("chat-text").addEventListener("keydown", (event) => {
      if (event.key === "Escape") element("canvas").focus();
    });
    addEventListener("keydown", (event) => {
      const isElsewhere = element("game").hidden || event.target.closest?.("input, button, summary, dialog");
      if (event.key !== "Enter" || isElsewhere) return;
      event.preventDefault();
      element("chat-text").focus();
    });
  }

  begin(arena) {
    this.arena = arena;
    [this.#scores, this.#match] = ["", {}];
    for (const id of ["chat-lines", "feed"]) element(id).replaceChildren();
    element("match").hidden = true;
  }

  /** What the server says besides the state. */
  told(name, data) {
    const who = (seat) => this.arena.name(seat);
    if (name === "chat") this.line(data.name, data.text, data.to === undefined ? "" : " (to you)");
    else if (name === "frag") this.feed(`${who(data.by)} shot ${who(data.who)}`);
    else if (name === "round-over") this.#roundOver(data);
    else if (name === "muted") this.note(data.seconds ? `You may not talk for ${data.seconds} s.` : "You may talk again.");
    else if (name === "skipped") this.note("The server was busy and has left out some time.");
    else if (name === "draining") this.note(`The server goes down in ${Math.ceil(data.seconds)} s.`);
    if (["joined", "phase", "players"].includes(name)) this.#staged(data);
  }

  #roundOver({ round, scores }) {
    const best = Math.max(...scores.map(({ score }) => score));
    const names = scores.filter(({ score }) => score === best).map(({ seat }) => this.arena.name(seat));
    this.feed(best > 0 ? `Round ${round} goes to ${names.join(" and ")}` : `Round ${round} is over`);
  }

  /** Everyone by points, in the order of the seats where they are even. */
  scores(players) {
    const rows = [...players].sort((a, b) => b.score - a.score || a.id - b.id)
      .map(({ id, score }) => [id, this.arena.name(id), score, this.arena.players.get(id)?.connected ?? true]);
    const text = JSON.stringify([rows, this.arena.seat]);
    if (text === this.#scores) return;
    this.#scores = text;
    element("scores").tBodies[0].replaceChildren(...rows.map(([id, name, score, isConnected]) => {
      const dot = make("span", { className: "dot" });
      dot.style.background = seatColour(id);
      const title = isConnected ? "" : "connection lost; the seat is kept";
      return make("tr", { className: `${id === this.arena.seat ? "me" : ""} ${isConnected ? "" : "away"}`, title },
        make("td", {}, dot, name), make("td", { textContent: score }));
    }));
  }

  feed(text) {
    const list = element("feed");
    const line = make("li", { textContent: text });
    list.append(line);
    while (list.children.length > FEED.lines) list.firstChild.remove();
    setTimeout(() => line.remove(), FEED.ms);
  }

  line(who, text, aside = "") {
    this.#append(make("li", {}, make("span", { className: "who", textContent: `${who}${aside}: ` }), text));
  }

  note(text) {
    this.#append(make("li", { className: "aside", textContent: text }));
  }

  #append(line) {
    const list = element("chat-lines");
    const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
    list.append(line);
    while (list.children.length > LINES_MAX) list.firstChild.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }

  async #say(text) {
    element("chat-text").value = "";
    if (text.trim() && !await this.#ask("chat", { text })) element("chat-text").value = text;
    if (!text.trim()) element("canvas").focus();
  }

  /** Whether the server has done it; else it is said why not. */
  async #ask(event, data) {
    try {
      await this.arena.client.ask(event, data);
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.note(error.message);
      return false;
    }
  }

  /** Ready check, teams, start and rematch (protocol/spec/lobby.md §4.1); arena as it is has none of them. */
  #staged(data) {
    Object.assign(this.#match, data);
    const { phase, host, players = [] } = this.#match;
    element("match").hidden = !phase;
    if (!phase) return;
    const own = players.find(({ seat }) => seat === this.arena.seat) ?? {};
    const button = (text, isPressed, event, wish) => {
      const made = make("button", { type: "button", textContent: text, ariaPressed: String(isPressed) });
      made.onclick = () => this.#ask(event, wish);
      return made;
    };
    const parts = [make("p", { textContent: PHASES[phase] ?? phase })];
    const isBefore = phase === "waiting" || phase === "starting";
    if (isBefore) parts.push(button("Ready", own.ready, "ready", { ready: !own.ready }));
    if (phase === "waiting" && host === this.arena.seat) parts.push(button("Start now", false, "start"));
    if (phase === "finished") parts.push(button("Rematch", own.rematch, "rematch", { rematch: !own.rematch }));
    const teams = own.team === undefined ? 0 : Math.max(...players.map(({ team }) => team), 1) + 1;
    for (let team = 0; phase === "waiting" && team < teams; team += 1) {
      parts.push(button(`Team ${team + 1}`, own.team === team, "team", { team }));
    }
    element("match").replaceChildren(...parts);
  }
}

const PHASES = {
  waiting: "It begins when everyone is ready.", starting: "It begins.", running: "", finished: "It is over.",
};
