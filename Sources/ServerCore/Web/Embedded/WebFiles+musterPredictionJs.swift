extension WebFiles {
    /// protocol/javascript/prediction.js, as `scripts/embed` found it.
    static let musterPredictionJs = WebFile(
        ##"""
        // One's own player, ahead of the server by what is under way: moved by one's own inputs at once, and put right by the
        // snapshots that answer them.

        /** How long a correction is visible: after so many milliseconds a third of it is left. */
        const SMOOTHING_MS = 100;
        /** Ticks that are kept for the server to confirm. */
        const HISTORY = 128;

        /**
         * @template Body, Input
         */
        export class Predictor {
          #history = [];
          #inputs = new Map();
          #offset = null;
          #now = 0;

          /**
           * @param {(body: Body, input: Input) => Body} step the game's rule for one tick; leaves its arguments as they are
           * @param {{fields: string[], tolerance: number, snap: number}} options `fields` are those that are compared and
           *   smoothed, `tolerance` what quantising may make of them, `snap` the error from which on they jump
           */
          constructor(step, { fields, tolerance, snap }) {
            Object.assign(this, { step, fields, tolerance, snap });
            /** How far off the last prediction was that had to be put right, and how many were. */
            this.error = 0;
            this.corrections = 0;
          }

          /** The newest predicted body; null before the first snapshot. */
          get body() {
            return this.#history.at(-1)?.body ?? null;
          }

          /** The newest predicted tick. */
          get tick() {
            return this.#history.at(-1)?.tick ?? 0;
          }

          /** Goes on to a tick with the input that is sent for it. */
          advance(tick, input) {
            if (!this.body || tick <= this.tick) return;
            this.#inputs.set(tick, input);
            this.#run(tick);
            this.#history = this.#history.slice(-HISTORY);
          }

          #run(target) {
            let { tick, body } = this.#history.at(-1);
            if (target - tick > HISTORY) return this.#history.push({ tick: target, body });
            while (tick < target) {
              tick += 1;
              // Where no input was sent the last one holds.
              const input = this.#inputs.get(tick) ?? this.#inputs.get(tick - 1);
              if (input !== undefined) this.#inputs.set(tick, input);
              body = input === undefined ? body : this.step(body, input);
              this.#history.push({ tick, body });
            }
          }

          /** The server has shown the body at a tick. What was right stays; else all since is predicted again. */
          confirm(tick, shown) {
            const target = Math.max(this.tick, tick);
            const known = this.#history.find((entry) => entry.tick === tick);
            this.#history = this.#history.filter((entry) => entry.tick >= tick);
            for (const old of this.#inputs.keys()) if (old < tick) this.#inputs.delete(old);
            const off = known ? this.#distance(known.body, shown) : 0;
            if (known && off <= this.tolerance) return;
            const before = known && this.body;
            this.#history = [{ tick, body: shown }];
            this.#run(target);
            if (known) [this.error, this.corrections] = [off, this.corrections + 1];
            const moved = before ? this.#distance(before, this.body) : Infinity;
            if (moved > this.snap) this.#offset = null;
            else this.#offset = this.fields.map((field, at) => (this.#offset?.[at] ?? 0) + before[field] - this.body[field]);
          }

          /** Forgets everything, until the next `confirm`: the body is not the player's to move. */
          stop() {
            [this.#history, this.#offset] = [[], null];
            this.#inputs.clear();
          }

          #distance(a, b) {
            return Math.hypot(...this.fields.map((field) => a[field] - b[field]));
          }

          /** The body to show at a tick with a fraction: between the last two, and with what is left of the last correction. */
          sample(tick, now) {
            if (!this.body) return null;
            const fade = Math.exp((this.#now - now) / SMOOTHING_MS);
            this.#now = now;
            this.#offset = this.#offset?.map((part) => part * fade) ?? null;
            const to = this.#history.at(-1);
            const from = this.#history.at(-2) ?? to;
            const part = Math.min(Math.max(tick - to.tick, 0), 1);
            const shown = { ...to.body };
            const jumps = this.#distance(from.body, to.body) > this.snap;
            this.fields.forEach((field, at) => {
              const start = jumps ? to.body[field] : from.body[field];
              shown[field] = start + (to.body[field] - start) * part + (this.#offset?.[at] ?? 0);
            });
            return shown;
          }
        }

        """##,
        type: "text/javascript")
}
