extension WebFiles {
    /// Sources/ServerCore/Web/Files/arena/match.js, as `scripts/embed` found it.
    static let arenaMatchJs = WebFile(
        ##"""
        // What is around a match where the game's rules have it (protocol/spec/lobby.md §4.1): who is ready and in which team, the
        // countdown, the result, and another match.

        import { element, make } from "/arena/dom.js";
        import { seatColour, TEAMS } from "/arena/draw.js";

        export class MatchPanel {
          #match = {};
          #until = 0;
          #result = null;

          /** `ask(event, data)` asks the lobby for something, and says so where that is refused. */
          constructor(ask) {
            this.ask = ask;
            setInterval(() => this.#showSeconds(), 200);
          }

          begin(arena) {
            [this.arena, this.#match, this.#result] = [arena, {}, null];
            element("match").hidden = true;
          }

          /** One of the lobby's events. */
          told(name, data) {
            if (name === "finished") this.#result = data;
            if (!["joined", "phase", "players"].includes(name)) return;
            Object.assign(this.#match, data);
            const { now, joined } = this.arena.client;
            if (name !== "players") this.#until = now() + (data.ticks ?? 0) * 1000 / joined.tickRate;
            this.#show();
          }

          /** While a match runs the field has the room for itself. */
          #show() {
            const { phase, players = [] } = this.#match;
            const card = element("match");
            card.hidden = !phase || phase === "running";
            if (card.hidden) return;
            const wasFocused = card.contains(document.activeElement) ? document.activeElement.textContent : null;
            const teams = this.#match.team === undefined ? [undefined] : TEAMS.keys();
            card.replaceChildren(
              make("h2", { textContent: this.#title(phase) }), make("p", { id: "match-seconds", role: "timer" }),
              make("div", { className: "teams" }, ...[...teams].map((team) => this.#team(team, players))),
              make("p", {}, ...this.#buttons(phase)));
            [...card.querySelectorAll("button")].find(({ textContent }) => textContent === wasFocused)?.focus();
            this.#showSeconds();
          }

          #title(phase) {
            if (phase === "starting") return "Get ready";
            if (phase === "waiting") return "It begins when everyone is ready";
            if (!this.#result?.points) return "It is over";
            const { winner, points } = this.#result;
            return winner === undefined ? `A draw, ${points.join(" to ")}`
              : `${TEAMS[winner].name} wins, ${points[winner]} to ${points[1 - winner]}`;
          }

          /** A team with its players, what they want, and the way into it. */
          #team(team, players) {
            const { phase, host } = this.#match;
            const own = this.#own();
            const rows = players.filter((row) => row.team === team).map(({ seat, name, connected, ready, rematch }) => {
              const dot = make("span", { className: "dot" });
              dot.style.background = seatColour(seat, team);
              const state = !connected ? "away" : ready ? "ready" : rematch ? "again" : "";
              return make("li", {}, dot, `${name}${seat === host ? " (host)" : ""}`, make("span", { textContent: state }));
            });
            const list = make("ul", {}, ...rows);
            if (team === undefined) return list;
            const button = make("button", {
              type: "button", textContent: `Join ${TEAMS[team].name}`, hidden: phase !== "waiting" || !own || own.team === team,
            });
            button.onclick = () => this.ask("team", { team });
            return make("section", { ariaLabel: TEAMS[team].name }, make("h3", { textContent: TEAMS[team].name }), list, button);
          }

          #own() {
            return this.#match.players?.find(({ seat }) => seat === this.arena.seat);
          }

          #buttons(phase) {
            const own = this.#own();
            if (!own) return [];
            const button = (text, isPressed, event, data) => {
              const made = make("button", { type: "button", textContent: text, ariaPressed: String(Boolean(isPressed)) });
              made.onclick = () => this.ask(event, data);
              return made;
            };
            if (phase === "finished") return [button("Play again", own.rematch, "rematch", { rematch: !own.rematch })];
            const made = [button("Ready", own.ready, "ready", { ready: !own.ready })];
            if (phase === "waiting" && this.#match.host === this.arena.seat) made.push(button("Start now", false, "start"));
            return made;
          }

          #showSeconds() {
            const line = element("match-seconds");
            if (!line || element("match").hidden) return;
            const seconds = Math.ceil((this.#until - this.arena.client.now()) / 1000);
            const { phase } = this.#match;
            const text = phase === "waiting" || seconds <= 0 ? "" : phase === "starting" ? `${seconds}`
              : `The lobby closes in ${seconds} s unless everyone plays again.`;
            if (line.textContent !== text) line.textContent = text;
            line.className = phase === "starting" ? "count" : "";
          }
        }

        """##,
        type: "text/javascript")
}
