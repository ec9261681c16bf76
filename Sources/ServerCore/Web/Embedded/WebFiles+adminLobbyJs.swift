extension WebFiles {
    /// Sources/ServerCore/Web/Files/admin/lobby.js, as `scripts/embed` found it.
    static let adminLobbyJs = WebFile(
        ##"""
        // One lobby, live: what it costs, who sits there, what it looks like, and what can be done.

        import { make, setText } from "/arena/dom.js";
        import { changes } from "./changes.js";
        import { bytes, clock, count, duration, milliseconds, percent } from "./format.js";
        import { marks } from "./lobbies.js";
        import { LivePicture } from "./picture.js";
        import { Facts, Table } from "./rows.js";
        import { traceAddress } from "./trace.js";

        /** How many lines of what has happened are kept. */
        const LINES = 100;

        export class LobbyView {
          #seen = null;

          constructor(panel, id) {
            Object.assign(this, { panel, id, title: id });
            this.heading = make("h1", { textContent: id });
            this.gone = make("p", { className: "notice", role: "alert", hidden: true, textContent: "This lobby is gone." });
            this.held = make("p", { className: "notice", role: "status", hidden: true });
            this.actions = make("div", { className: "actions" });
            this.facts = new Facts("The lobby now");
            this.seats = new Table("Seats", this.#columns(), {
              key: ({ seat }) => seat, empty: "Nobody sits here.", rowClass: ({ state }) => state,
            });
            this.picture = new LivePicture(panel.session.server, id);
            this.lines = make("ol", { className: "lines", ariaLabel: "What happens here" });
            this.lines.setAttribute("role", "log");
            this.lines.tabIndex = 0;
            const part = (title, ...children) => make("section", {}, make("h2", { textContent: title }), ...children);
            this.element = make("section", { ariaLabel: `Lobby ${id}` },
              make("p", {}, make("a", { href: "#/lobbies", textContent: "All lobbies" })), this.heading, this.gone, this.held, this.actions, this.facts.element,
              part("Seats", this.seats.element),
              make("div", { className: "beside" }, part("Picture", this.picture.element), part("Since you look", this.lines)));
            this.keys = [
              { key: "p", text: "pause, or go on", role: "moderator", run: () => this.#do(this.#seen?.pause ? "resume" : "pause") },
              { key: "s", text: "run one step of a paused lobby", role: "moderator", run: () => this.#step() },
              { key: "Escape", text: "back to all lobbies", run: () => { location.hash = "#/lobbies"; } },
            ];
          }

          #columns() {
            const number = (label, text) => ({ label, text, isNumber: true });
            const early = ({ inputEarlyTicks: ticks }) => ticks === undefined ? "–" : `${Math.abs(ticks).toFixed(1)} ${ticks < 0 ? "late" : "early"}`;
            const columns = [
              number("Seat", ({ seat }) => seat),
              { label: "Name", fill: (cell, row) => this.#showName(cell, row) },
              { label: "State", text: seatState },
              { label: "Transport", text: ({ transport, dialect, codec }) => transport ? `${transport}, ${dialect}, codec ${codec}` : "–" },
              number("Round trip", ({ roundTripMilliseconds }) => milliseconds(roundTripMilliseconds)),
              number("Snapshot age", ({ snapshotAgeMilliseconds }) => milliseconds(snapshotAgeMilliseconds)),
              number("Queued", ({ queuedBytes }) => queuedBytes === undefined ? "–" : bytes(queuedBytes)),
              number("Inputs waiting", ({ inputsWaiting }) => inputsWaiting),
              number("Input, ticks", early),
              number("Resumes", ({ resumes }) => resumes),
            ];
            if (!this.panel.session.may("moderator")) return columns;
            return [...columns,
              { label: "Who", text: ({ subject, address }) => subject ?? address ?? "–" },
              { label: "Actions", fill: (cell, row) => this.#seatButtons(cell, row) }];
          }

          /** With a way to what became of the player, for those who may see it. */
          #showName(cell, { name, role, team }) {
            if (!cell.firstChild) cell.append(make(this.panel.session.may("moderator") ? "a" : "span"), make("span", { className: "quiet" }));
            const [who, more] = cell.children;
            setText(who, name || "–");
            if (who.tagName === "A") Object.assign(who, { href: traceAddress(name), title: "Trace" });
            setText(more, [role, team === undefined ? null : `team ${team + 1}`].filter(Boolean).join(", "));
          }

          #seatButtons(cell, { seat, name }) {
            const who = name ? `${name}, seat ${seat}` : `seat ${seat}`;
            // The same buttons for as long as the same player sits there.
            if (cell.dataset.who === who) return;
            cell.dataset.who = who;
            const target = { lobby: this.id, seat };
            cell.replaceChildren(...this.panel.buttons(["message", "mute", "kick", "ban"].map((verb) => [verb, { name: who }, target])));
          }

          question() {
            return this.panel.session.ask("lobby", { lobby: this.id });
          }

          answered(lobby) {
            for (const text of changes(this.#seen, lobby)) this.#line(text);
            this.#seen = lobby;
            this.gone.hidden = true;
            setText(this.heading, lobby.title ? `${lobby.title} (${this.id})` : this.id);
            setText(this.held, heldText(lobby));
            this.held.hidden = !lobby.paused;
            this.#showActions(lobby);
            this.facts.show([
              ["Game", lobby.game], ["State", marks(lobby)], ["Round", count(lobby.round)], ["Tick", count(lobby.tick)],
              ["Rates", `${lobby.tickRate} steps, ${lobby.snapshotRate} snapshots a second`],
              ["Players", `${lobby.connected} connected, ${lobby.players} of ${lobby.seats} seats`], ["Watchers", count(lobby.watchers)],
              ["Lateness", `${milliseconds(lobby.latenessMilliseconds.mean)} mean, ${milliseconds(lobby.latenessMilliseconds.max)} worst`],
              ["Steps dropped", count(lobby.stepsDropped)], ["Snapshots", `${bytes(lobby.snapshotBytesPerSecond)}/s`],
              ["CPU", `${percent(lobby.cpuPercent)} of loop ${lobby.loop}`],
            ]);
            this.seats.show(lobby.seatRows);
            this.picture.show(lobby);
          }

          /** A lobby that is gone may be opened again under the same id. */
          failed(error) {
            if (error.code !== "no-such-lobby") return false;
            if (this.#seen) this.#line("it is gone");
            this.#seen = null;
            this.gone.hidden = false;
            this.held.hidden = true;
            this.actions.replaceChildren();
            this.seats.show([]);
            this.picture.close();
            return true;
          }

          close() {
            this.picture.close();
          }

          /** An admin's pause is ended by an admin, a game's by the game. */
          #showActions({ pause, locked }) {
            const state = `${Boolean(pause)} ${Boolean(locked)}`;
            if (this.actions.dataset.state === state && this.actions.firstChild) return;
            const focused = this.actions.contains(document.activeElement);
            this.actions.dataset.state = state;
            const names = ["message", pause ? "resume" : "pause", ...pause ? ["step"] : [], locked ? "unlock" : "lock", "clear", "close"];
            const buttons = this.panel.buttons(names.map((name) => [name, { name: this.id }, { lobby: this.id }]));
            this.actions.replaceChildren(...buttons);
            if (focused) buttons[1]?.focus();
          }

          #do(name) {
            if (this.#seen) this.panel.act(name, { name: this.id }, { lobby: this.id });
          }

          /** By its key nothing is asked before: it changes one tick of a lobby that is held anyway. */
          #step() {
            if (this.#seen?.pause) this.panel.send("step", { lobby: this.id, steps: 1 }, "One step.");
          }

          #line(text) {
            this.lines.prepend(make("li", {}, make("time", { textContent: clock(Date.now()) }), ` ${text}`));
            while (this.lines.children.length > LINES) this.lines.lastChild.remove();
          }
        }

        /** Who holds the lobby still, since when and why. */
        function heldText({ paused, pause }) {
          if (!pause) return paused ? "Paused by its game." : "";
          return `Paused by ${pause.by} for ${duration(pause.seconds)}${pause.reason ? `: ${pause.reason}` : ""}. It has no end by itself.`;
        }

        function seatState({ state, secondsLeft, mutedSeconds }) {
          const told = [secondsLeft === undefined ? state : `${state}, kept for ${duration(secondsLeft)}`];
          if (mutedSeconds) told.push(`muted for ${duration(mutedSeconds)}`);
          return told.join(", ");
        }

        """##,
        type: "text/javascript")
}
