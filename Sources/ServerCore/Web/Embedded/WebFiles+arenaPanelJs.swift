extension WebFiles {
    /// Sources/ServerCore/Web/Files/arena/panel.js, as `scripts/embed` found it.
    static let arenaPanelJs = WebFile(
        ##"""
        // Beside the field: who plays and how well, what is said, and what is around the match where the rules have it.

        import { RefusedError } from "/muster/muster.js";
        import { element, make, setText } from "/arena/dom.js";
        import { MatchPanel } from "/arena/match.js";
        import { seatColour, TEAMS } from "/arena/draw.js";

        const LINES_MAX = 100;
        const FEED = { lines: 4, ms: 5000 };

        export class Panel {
          #scores = "";
          #match = new MatchPanel((event, data) => this.#ask(event, data));

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
            this.#scores = "";
            this.#match.begin(arena);
            for (const id of ["chat-lines", "feed"]) element(id).replaceChildren();
          }

          /** What the server says besides the state. */
          told(name, data) {
            const who = (seat) => this.arena.name(seat);
            if (name === "chat") this.line(data.name, data.text, data.to === undefined ? "" : " (to you)");
            // In a player's first moments nobody's name is known.
            else if (name === "frag" && this.arena.players.size) this.feed(`${who(data.by)} shot ${who(data.who)}`);
            else if (name === "round-over") this.#roundOver(data);
            else if (name === "muted") this.note(data.seconds ? `You may not talk for ${data.seconds} s.` : "You may talk again.");
            else if (name === "skipped") this.#leftOut(data.steps);
            else if (name === "draining") this.note(`The server goes down in ${Math.ceil(data.seconds)} s.`);
            this.#match.told(name, data);
          }

          #roundOver({ round, scores }) {
            const best = Math.max(...scores.map(({ score }) => score));
            const names = scores.filter(({ score }) => score === best).map(({ seat }) => this.arena.name(seat));
            this.feed(best > 0 ? `Round ${round} goes to ${names.join(" and ")}` : `Round ${round} is over`);
          }

          /** Everyone by points, in the order of the seats where they are even; by teams where there are any. */
          scores(players) {
            const teamOf = ({ id }) => this.arena.teamOf(id) ?? 0;
            const rows = [...players].sort((a, b) => teamOf(a) - teamOf(b) || b.score - a.score || a.id - b.id)
              .map(({ id, score }) => ({ id, score, ...this.arena.players.get(id), name: this.arena.name(id) }));
            const text = JSON.stringify([rows, this.arena.seat]);
            if (text === this.#scores) return;
            this.#scores = text;
            const made = [];
            rows.forEach(({ team }, at) => {
              if (TEAMS[team] && team !== rows[at - 1]?.team) made.push(teamRow(rows.filter((row) => row.team === team)));
              made.push(this.#scoreRow(rows[at]));
            });
            element("scores").tBodies[0].replaceChildren(...made);
          }

          #scoreRow({ id, name, score, team, connected = true }) {
            const dot = make("span", { className: "dot" });
            dot.style.background = seatColour(id, team);
            const title = connected ? "" : "connection lost; the seat is kept";
            return make("tr", { className: `${id === this.arena.seat ? "me" : ""} ${connected ? "" : "away"}`, title },
              make("td", {}, dot, name), make("td", { textContent: score }));
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
            return this.#append(make("li", { className: "aside", textContent: text }));
          }

          /** How much time the server has left out: one line for all of it, as long as nothing else is said. */
          #leftOut(steps) {
            const last = element("chat-lines").lastChild;
            const all = steps + Number(last?.dataset.steps ?? 0);
            if (last?.dataset.steps) last.remove();
            const seconds = (all / this.arena.client.joined.tickRate).toFixed(1);
            this.note(`The server was busy and has left out ${seconds} s.`).dataset.steps = all;
          }

          #append(line) {
            const list = element("chat-lines");
            const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
            list.append(line);
            while (list.children.length > LINES_MAX) list.firstChild.remove();
            if (isAtEnd) list.scrollTop = list.scrollHeight;
            return line;
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
        }

        function teamRow(rows) {
          const points = rows.reduce((sum, { score }) => sum + score, 0);
          return make("tr", { className: "team" }, make("th", { scope: "row", textContent: TEAMS[rows[0].team].name }),
            make("th", { textContent: points }));
        }

        """##,
        type: "text/javascript")
}
