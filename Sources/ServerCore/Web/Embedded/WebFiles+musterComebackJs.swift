extension WebFiles {
    /// protocol/javascript/comeback.js, as `scripts/embed` found it.
    static let musterComebackJs = WebFile(
        ##"""
        // Whether, when and over what a lost connection is tried again.

        const BACKOFF_MS = { first: 250, most: 8000 };

        /** Close codes after which another try is of no use (protocol/spec/websocket.md §5), and what to tell the player. */
        const FINAL = new Map([
          [1000, "left"], [4000, "the lobby was closed"], [4002, "the server does not understand this page"], [4003, "kicked"],
          [4006, "playing from another connection"], [4007, "the lobby is full"], [4008, "too much at once"],
          [4010, "no such lobby or game"], [4011, "the lobby takes no new players"], [4012, "the password is another"],
          [4016, "banned"], [4017, "you have a seat there already"], [4018, "nobody was found in time to play with"],
          [4019, "the game is another version: load the page anew"],
        ]);
        /** After these the seat is another's or nobody's: it may be joined anew, without the token. */
        const STALE = new Set([4001, 4014, 4015]);

        /** What a player is told about a close code from which there is no way back; undefined for others. */
        export const finalText = (code) => FINAL.get(code);
        export const isStale = (code) => STALE.has(code);

        /** The tries of one client: each transport in turn, then a pause that grows, then from the one that last worked. */
        export class Comeback {
          #timer = null;
          #pauses = 0;
          #tried = 1;
          #at = 0;
          #online = () => this.now();

          constructor(transports, retry) {
            [this.transports, this.retry] = [transports, retry];
            /** How many times in a row every transport was tried and none was answered. */
            this.rounds = 0;
            /** When the next try is, in the time of `Date.now()`; null while none is due. */
            this.nextAt = null;
            globalThis.addEventListener?.("online", this.#online);
          }

          get transport() {
            return this.transports[this.#at];
          }

          /** The server was heard over the present transport. */
          heard() {
            [this.rounds, this.#tried] = [0, 1];
          }

          /** A seat was taken: the next pause is a short one. */
          seated() {
            this.heard();
            this.#pauses = 0;
          }

          /** The connection is lost, `wasHeard` or not: has the next try made. */
          lost(wasHeard) {
            if (!wasHeard) {
              this.#at = (this.#at + 1) % this.transports.length;
              this.#tried += 1;
              if (this.#tried <= this.transports.length) return this.#after(0);
              this.rounds += 1;
            }
            this.#tried = 1;
            // Jitter, so that all who lost the same server do not come back in the same moment.
            const pause = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** this.#pauses) * (0.5 + Math.random() / 2);
            this.#pauses += 1;
            this.#after(pause);
          }

          /** Makes the try that is due at once. */
          now() {
            if (this.nextAt !== null) this.#go();
          }

          #after(pause) {
            this.nextAt = Date.now() + pause;
            this.#timer = setTimeout(() => this.#go(), pause);
          }

          #go() {
            clearTimeout(this.#timer);
            this.nextAt = null;
            this.retry();
          }

          stop() {
            clearTimeout(this.#timer);
            this.nextAt = null;
            globalThis.removeEventListener?.("online", this.#online);
          }
        }

        """##,
        type: "text/javascript")
}
