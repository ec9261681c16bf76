extension WebFiles {
    /// protocol/javascript/interpolation.js, as `scripts/embed` found it.
    static let musterInterpolationJs = WebFile(
        ##"""
        // What is shown between snapshots: others are where they were a moment ago, moved evenly from snapshot to snapshot.

        import { BlendedWorld } from "./world.js";

        /** Arrivals that tell how unevenly snapshots come. */
        const ARRIVALS = 60;
        /** States that are kept: a second's and more. */
        const STATES = 64;
        /** How much faster or slower than the lobby the display may go. */
        const SLEW = 0.05;
        const JUMP_MS = 250;

        /** Keeps the last states and gives the world at the display's moment. */
        export class Interpolator {
          #states = [];
          #offsets = [];
          #at = null;
          #now = 0;

          /** `extrapolationMs` is how long things move on when no snapshot comes; see BlendedWorld for `isJump`. */
          constructor(schema, { tickRate, snapshotRate, extrapolationMs = 100, isJump }) {
            [this.schema, this.isJump, this.tickLength] = [schema, isJump, 1000 / tickRate];
            this.number = (tick) => Math.floor(tick * snapshotRate / tickRate);
            // Where the one rate does not divide the other, the longest that there is between two snapshots.
            this.interval = Math.ceil(tickRate / snapshotRate) * this.tickLength;
            this.extrapolation = extrapolationMs / this.tickLength;
            /** How far behind the newest snapshot the display is, and how unevenly snapshots come, in milliseconds. */
            this.delay = 1.5 * this.interval;
            this.jitter = 0;
          }

          /** The newest state; null before the first. */
          get newest() {
            return this.#states.at(-1) ?? null;
          }

          /** A snapshot has come. */
          push(state, now) {
            // A rematch counts its ticks anew.
            if (state.tick <= this.newest?.tick) [this.#states, this.#offsets, this.#at] = [[], [], null];
            this.#states = [...this.#states.slice(1 - STATES), state];
            const offset = now - state.tick * this.tickLength;
            // After a pause of the lobby, or of the line, the arrivals before it tell nothing.
            if (offset - this.offset > JUMP_MS) this.#offsets = [];
            this.#offsets = [...this.#offsets.slice(1 - ARRIVALS), offset];
            const sorted = [...this.#offsets].sort((a, b) => a - b);
            // The quickest are the lobby's clock; what nine of ten keep within is waited for.
            this.jitter = sorted[Math.floor((sorted.length - 1) * 0.9)] - sorted[0];
            this.delay = this.interval + Math.max(1.25 * this.jitter, this.interval / 2);
            this.offset = sorted[0];
          }

          /** The world to show now; null before the first snapshot. Called once a frame. */
          sample(now) {
            if (!this.newest) return null;
            const wanted = (now - this.offset - this.delay) / this.tickLength;
            const passed = (now - this.#now) / this.tickLength;
            this.#now = now;
            const correction = this.#at === null ? Infinity : wanted - this.#at - passed;
            if (Math.abs(correction) * this.tickLength > JUMP_MS) this.#at = wanted;
            else this.#at += passed + Math.min(Math.max(correction, -SLEW * passed), SLEW * passed);
            return this.worldAt(Math.min(this.#at, this.newest.tick + this.extrapolation));
          }

          /** The world at a tick, with a fraction, as far as the states reach; types of `every N` snapshots as they were N - 1 earlier. */
          worldAt(tick) {
            return this.#between(this.#states, tick, (type) => {
              const place = this.schema.places.get(type);
              const every = this.schema.types[place]?.every;
              if (!(every > 1)) return null;
              const taken = (state) => Math.floor((this.number(state.tick) + place) / every);
              const states = this.#states.filter((state, at, all) => !at || taken(state) > taken(all[at - 1]));
              return this.#between(states, tick - (every - 1) * this.interval / this.tickLength);
            });
          }

          #between(states, tick, slower) {
            let later = states.findIndex((state) => state.tick > tick);
            if (later < 0) later = states.length - 1;
            const [from, to] = [states[Math.max(later - 1, 0)], states[later]];
            const part = to.tick > from.tick ? (tick - from.tick) / (to.tick - from.tick) : 1;
            return new BlendedWorld(this.schema, from, to, Math.max(part, 0), this.isJump, slower);
          }
        }

        """##,
        type: "text/javascript")
}
