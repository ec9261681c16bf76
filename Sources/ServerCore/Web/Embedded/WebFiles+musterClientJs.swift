extension WebFiles {
    /// protocol/javascript/client.js, as `scripts/embed` found it.
    static let musterClientJs = WebFile(
        ##"""
        // A place in a lobby, kept over lost connections (protocol/spec/lobby.md).

        import { InputPacer, LobbyClock } from "./clock.js";
        import { Comeback, finalText, isStale } from "./comeback.js";
        import { encodeAck, encodeInputs, encodeKeyframeRequest } from "./messages.js";
        import { fromBase64 } from "./packets.js";
        import { polling } from "./polling.js";
        import { SnapshotError } from "./reader.js";
        import { Schema } from "./schema.js";
        import { applySnapshot, isDelta } from "./snapshot.js";
        import { webSocket } from "./websocket.js";

        /** After so much silence the server is asked for a sign of life, or counts as lost. */
        const SILENCE_MS = { ask: 2000, lost: 8000 };
        /** How often inputs are answered: at first often, for the clock. */
        const ANSWER_MS = { first: 100, then: 1000 };
        const FIRST_ANSWERS = 5;
        /** What the server says before the end of a seat, each with a reason (lobby.md §4). */
        const ENDS = ["kicked", "banned", "closed", "replaced"];
        /** The tables of codec 1 that came last: they need not be sent again. */
        let lastCoding = null;
        /** What reads codec 1 is loaded while the first join is under way. */
        const loadCodec1 = () => import("./codec1.js");

        /** What the server has refused: `code` is a word of lobby.md §4.1, a number of websocket.md §5, or missing. */
        export class RefusedError extends Error {
          constructor(message, code) {
            super(message);
            this.code = code;
          }
        }

        /**
         * A seat in a lobby, or a place to watch it from (lobby.md §6). Set any of these functions before `join`:
         * - `onState(state, text)`: "connecting", "queued" for a match, "playing", "lost" until the next try, "over"; and why.
         * - `onSnapshot(state)`: each new state, in quantised values; see `World` and `Interpolator`.
         * - `onEvent(name, data)`: everything else that the server says, `joined` among it.
         */
        export class LobbyClient {
          #link = null;
          #timer;
          #comeback;
          #questions = new Map();
          #lastQuestion = 0;
          #isSeated = false;
          #isQueued = false;
          #wasHeard = false;
          #awaitsKeyframe = false;
          #hasSaid = false;
          #endText = "";
          #sequence = 0;
          #answers = 0;
          #askedAt = 0;
          #codec;
          #coding = lastCoding;
          #before = null;
          #waiting = null;

          /**
           * @param {string} server "http://…" or "https://…"
           * @param {string} lobby an id, `~quick`, `~new` or `~match`
           * @param {object} request the REQUEST of lobby.md §2: name, game, options, lobby, password, filter, match …; with a
           *   `token` it takes up a seat from before, with `watch` it takes none; `codec: 0` leaves codec 1 out
           * @param {{transports?: Function[], now?: () => number}} options the transports to try, in their order; the clock
           */
          constructor(server, lobby, request = {}, { transports = [webSocket, polling], now } = {}) {
            const { token = null, codec = 1, ...rest } = request;
            [this.server, this.lobby, this.request, this.token] = [server, lobby, rest, token];
            this.#codec = codec;
            this.now = now ?? (() => performance.now());
            this.onState = this.onSnapshot = this.onEvent = () => {};
            /** The answer to the last join, the schema, the newest state; the lobby's clock and the pace of inputs. */
            this.joined = this.schema = this.state = this.clock = this.pacer = null;
            this.traffic = { bytesIn: 0, bytesOut: 0, snapshots: 0, keyframes: 0 };
            /** Whether it is over for good, and the close code of the last connection that was lost (websocket.md §5). */
            [this.isOver, this.code] = [false, null];
            this.#comeback = new Comeback(transports, () => this.join());
          }

          /** The name of the transport that is used, or tried. */
          get transport() {
            return this.#comeback.transport.name;
          }

          /** Whether this is a spectator, `joined.delay` seconds behind the players. */
          get isWatching() {
            return Boolean(this.joined?.watching);
          }

          /** Milliseconds without a word from the server. */
          get silence() {
            return this.#link ? this.now() - this.heardAt : 0;
          }

          /** When the next try is, in the time of `Date.now()`, or null; and how often all transports have failed in a row. */
          get nextTry() {
            return { at: this.#comeback.nextAt, rounds: this.#comeback.rounds };
          }

          /** Connects and takes the seat. */
          join() {
            if (this.isOver || this.#link) return;
            this.onState("connecting", "");
            const request = { ...this.request };
            if (this.token) {
              request.token = this.token;
              if (this.schema) request.schema = this.schema.hash;
              if (this.state) request.tick = this.state.tick;
            }
            if (this.#codec) {
              request.codec = this.#codec;
              if (this.#coding) request.tables = this.#coding.hash;
              else loadCodec1().catch(() => {});
            }
            this.#isSeated = this.#isQueued = this.#wasHeard = this.#awaitsKeyframe = false;
            [this.#endText, this.heardAt] = ["", this.now()];
            // What an older connection still says is nobody's.
            let link = null;
            const heard = (hook) => (...data) => {
              if (this.#link !== link) return;
              this.heardAt = this.now();
              if (!this.#wasHeard) this.#comeback.heard();
              this.#wasHeard = true;
              hook(...data);
            };
            link = this.#link = this.#comeback.transport(this.server, this.lobby, request, {
              event: heard((name, data) => this.#told(name, data)),
              answer: heard((id, error, data) => this.#answered(id, error, data)),
              snapshot: heard((message) => this.#apply(message)),
              closed: (code, text) => this.#link === link && this.#closed(code, text),
              traffic: this.traffic,
            });
            this.#timer = setInterval(() => this.#lookAround(), 500);
          }

          /** Gives the seat up and ends the connection for good. */
          leave() {
            this.#link?.emit("leave");
            this.#end("left");
          }

          /** Ends the connection, but the seat is kept for the game's grace time. */
          suspend() {
            this.#end("suspended");
          }

          /** Drops the connection as a bad line would. */
          cut() {
            if (this.#link) this.#closed(1006, "");
          }

          /** Tries again now, where it waits to. */
          retry() {
            this.#comeback.now();
          }

          /** Asks the lobby for something (lobby.md §4.1), and promises the answer, or a RefusedError. */
          ask(event, data) {
            if (!this.#isSeated) return Promise.reject(new RefusedError("not connected"));
            return new Promise((done, failed) => {
              this.#lastQuestion += 1;
              this.#questions.set(this.#lastQuestion, { done, failed });
              this.#link.emit(event, data, this.#lastQuestion);
            });
          }

          /**
           * Sends an input, an object with a number or boolean for each field; a missing field is 0.
           * @param {{tick?: number, seen?: number}} options the tick that it is for (the next when left out), and the tick that
           *   the player sees, by which a game judges a shot (the newest when left out)
           */
          input(values, { tick, seen } = {}) {
            if (!this.#isSeated || !this.state || this.isWatching) return;
            const row = this.schema.inputRow(values);
            const shown = Math.min(Math.max(Math.floor(seen ?? this.state.tick), 0), this.state.tick);
            this.#sequence += 1;
            this.#hasSaid = true;
            const now = this.now();
            if (now - this.#askedAt < (this.#answers < FIRST_ANSWERS ? ANSWER_MS.first : ANSWER_MS.then)) {
              const at = tick ?? this.state.tick + 1;
              return this.#link.send(encodeInputs(shown, [[at, this.#sequence, row]], this.schema));
            }
            // Now and then one goes as JSON, which is answered: that tells the time.
            this.#askedAt = now;
            const input = Object.fromEntries(this.schema.input.map((field, index) => [field.name, field.read(row[index])]));
            this.ask("input", { input, sequence: this.#sequence, tick, seen: shown }).then((answer) => {
              this.#answers += 1;
              this.clock.answered(now, this.now(), answer);
              this.pacer.answered(answer.early);
            }, () => {});
          }

          #told(name, data) {
            if (name === "joined") this.#joined(data);
            // A game's ticks count from its own beginning, which is now.
            if (name === "phase" && data.phase === "running" && !this.isWatching) this.#beginClock(0);
            if (name === "queued") [this.#isQueued] = [true, this.onState("queued", "")];
            if (ENDS.includes(name)) this.#endText = data?.reason ? `${name}: ${data.reason}` : "";
            this.onEvent(name, data);
          }

          #joined(data) {
            if (!data.resumed || data.schemaHash !== this.schema?.hash) this.state = this.#before = null;
            if (data.schemaHash !== this.schema?.hash) this.schema = Schema.parse(data.schema);
            // A seat in a lobby that was new, or that the server has chosen, is taken up again by that lobby's id.
            [this.joined, this.token, this.lobby] = [data, data.token ?? null, data.lobby];
            [this.#isSeated, this.#isQueued, this.#sequence] = [true, false, 0];
            this.#beginClock(data.tick);
            this.#comeback.seated();
            if (data.codec && data.tablesHash !== this.#coding?.hash) this.#learn(data);
            this.onState("playing", "");
          }

          /** Snapshots wait for what reads them, and its tables. Where there is none, codec 0 is asked for. */
          async #learn({ tables, tablesHash }) {
            const waiting = this.#waiting = [];
            let coding = null;
            try {
              const { CodingTables } = await loadCodec1();
              coding = new CodingTables(tables ? fromBase64(tables) : null, this.schema, tablesHash);
            } catch {
              this.#codec = 0;
            }
            // The connection may have been lost since.
            if (this.#waiting !== waiting) return;
            if (!coding) return this.cut();
            this.#coding = lastCoding = coding;
            this.#waiting = null;
            for (const message of waiting) this.#apply(message);
          }

          #beginClock(tick) {
            [this.#answers, this.#askedAt] = [0, 0];
            this.clock = new LobbyClock(this.joined.tickRate, tick, this.now());
            this.pacer = new InputPacer(this.clock);
          }

          #answered(id, error, data) {
            const question = this.#questions.get(id);
            this.#questions.delete(id);
            if (error) question?.failed(new RefusedError(error.message, error.code));
            else question?.done(data);
          }

          #apply(message) {
            if (!this.#isSeated || this.#awaitsKeyframe && isDelta(message)) return;
            if (this.#waiting) return this.#waiting.push(message);
            const isNext = isDelta(message);
            const from = this.state?.tick;
            try {
              const coding = this.joined.codec ? this.#coding : null;
              const state = applySnapshot(message, this.state, this.schema, coding, this.#before);
              [this.#before, this.state] = [isNext ? this.state : null, state];
            } catch (error) {
              if (!(error instanceof SnapshotError)) throw error;
              if (error.code === "unknownKind") return;
              this.#awaitsKeyframe = true;
              this.#link.send(encodeKeyframeRequest(error.code === "stateHashMismatch" ? 1 : 2));
              return;
            }
            this.#awaitsKeyframe = false;
            this.traffic.snapshots += 1;
            if (!isNext) this.traffic.keyframes += 1;
            // One that skips others was held back (game-messages.md §3).
            if (isNext && !this.isWatching && this.state.tick - from > Math.ceil(this.joined.tickRate / this.joined.snapshotRate)) {
              this.#link.send(encodeAck(this.state.tick));
            }
            this.onSnapshot(this.state);
          }

          /** Twice a second: acknowledges, asks a silent server for a sign of life, and gives it up when there is none. */
          #lookAround() {
            if (this.#isQueued) return;
            if (this.silence > SILENCE_MS.lost) return this.#closed(1006, "");
            if (!this.#isSeated) return;
            if (!this.#hasSaid && !this.isWatching) this.#link.send(encodeAck(this.state?.tick ?? 0));
            this.#hasSaid = false;
            // A page cannot see the server's pings, and a game may have nothing to say for long.
            if (this.silence > SILENCE_MS.ask && this.#questions.size === 0) this.ask("players").catch(() => {});
          }

          #closed(code, text) {
            this.code = code;
            this.#drop();
            if (isStale(code) && this.token) [this.token, this.state] = [null, null];
            else if (finalText(code) !== undefined || isStale(code)) {
              return this.#end(this.#endText || text || finalText(code) || "refused");
            }
            this.#comeback.lost(this.#wasHeard);
            this.onState("lost", text || "connection lost");
          }

          #end(text) {
            if (this.isOver) return;
            this.isOver = true;
            this.#comeback.stop();
            if (this.#link) this.#drop();
            this.onState("over", text);
          }

          #drop() {
            clearInterval(this.#timer);
            const [link, questions] = [this.#link, [...this.#questions.values()]];
            [this.#link, this.#isSeated, this.#waiting] = [null, false, null];
            this.#questions.clear();
            link.close();
            for (const { failed } of questions) failed(new RefusedError("the connection was lost"));
          }
        }

        """##,
        type: "text/javascript")
}
